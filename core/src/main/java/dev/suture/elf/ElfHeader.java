package dev.suture.elf;

/**
 * The ELF header less what only says how large the tables are.
 *
 * @param type {@code e_type}, such as {@link Elf#ET_REL}
 * @param machine {@code e_machine}, such as {@link Elf#EM_X86_64}
 * @param flags {@code e_flags}
 * @param osAbi {@code e_ident[EI_OSABI]}
 * @param abiVersion {@code e_ident[EI_ABIVERSION]}
 * @param entryAddress {@code e_entry}
 * @param programHeaderOffset file offset of the program headers, in bytes; 0 if there are none
 * @param sectionHeaderOffset file offset of the section headers, in bytes; 0 if there are none
 * @param sectionNamesIndex section index of the section names; 0 if there are none
 */
public record ElfHeader(
        int type,
        int machine,
        int flags,
        int osAbi,
        int abiVersion,
        long entryAddress,
        long programHeaderOffset,
        long sectionHeaderOffset,
        int sectionNamesIndex) {}
