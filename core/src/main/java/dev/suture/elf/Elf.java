package dev.suture.elf;

/**
 * Numbers of the ELF standard, spelled as it spells them.
 *
 * @see "System V ABI, Chapter 4 and 5; GNU extensions as in binutils include/elf/common.h"
 */
public final class Elf {
    public static final int ET_REL = 1;
    public static final int ET_EXEC = 2;
    public static final int ET_DYN = 3;
    public static final int ET_CORE = 4;

    public static final int EM_X86_64 = 62;
    public static final int EM_AARCH64 = 183;

    public static final int SHT_NULL = 0;
    public static final int SHT_PROGBITS = 1;
    public static final int SHT_SYMTAB = 2;
    public static final int SHT_STRTAB = 3;
    public static final int SHT_RELA = 4;
    public static final int SHT_NOTE = 7;
    public static final int SHT_NOBITS = 8;
    public static final int SHT_REL = 9;
    public static final int SHT_DYNSYM = 11;
    public static final int SHT_GROUP = 17;
    public static final int SHT_SYMTAB_SHNDX = 18;

    public static final long SHF_WRITE = 0x1;
    public static final long SHF_ALLOC = 0x2;
    public static final long SHF_EXECINSTR = 0x4;
    public static final long SHF_MERGE = 0x10;
    public static final long SHF_STRINGS = 0x20;
    public static final long SHF_INFO_LINK = 0x40;
    public static final long SHF_GROUP = 0x200;
    public static final long SHF_TLS = 0x400;
    public static final long SHF_COMPRESSED = 0x800;

    public static final int SHN_UNDEF = 0;
    public static final int SHN_LORESERVE = 0xff00;
    public static final int SHN_ABS = 0xfff1;
    public static final int SHN_COMMON = 0xfff2;
    public static final int SHN_XINDEX = 0xffff;

    public static final int STB_LOCAL = 0;
    public static final int STB_GLOBAL = 1;
    public static final int STB_WEAK = 2;
    public static final int STB_GNU_UNIQUE = 10;

    public static final int STT_NOTYPE = 0;
    public static final int STT_OBJECT = 1;
    public static final int STT_FUNC = 2;
    public static final int STT_SECTION = 3;
    public static final int STT_FILE = 4;
    public static final int STT_COMMON = 5;
    public static final int STT_TLS = 6;
    public static final int STT_GNU_IFUNC = 10;

    public static final int STV_DEFAULT = 0;
    public static final int STV_HIDDEN = 2;

    public static final int GRP_COMDAT = 1;

    public static final int PT_LOAD = 1;
    public static final int PT_NOTE = 4;

    /** Type of the note, named {@code GNU}, whose description is the build id. */
    public static final int NT_GNU_BUILD_ID = 3;

    /** More program headers than fit 16 bits: the number is in {@code sh_info} of section 0. */
    static final int PN_XNUM = 0xffff;

    /** The first four bytes, 7f 'E' 'L' 'F', as a little-endian number. */
    static final int MAGIC = 0x464c457f;

    static final int ELFCLASS32 = 1;
    static final int ELFCLASS64 = 2;
    static final int ELFDATA2LSB = 1;
    static final int ELFDATA2MSB = 2;
    static final int EV_CURRENT = 1;

    static final int HEADER_BYTES = 64;
    static final int SECTION_HEADER_BYTES = 64;
    static final int PROGRAM_HEADER_BYTES = 56;
    static final int SYMBOL_BYTES = 24;
    static final int RELA_BYTES = 24;

    private Elf() {}
}
