package dev.suture.elf;

/**
 * One entry of a relocation section with addends.
 *
 * @param sectionOffset where it is applied: in a relocatable file an offset in the section it changes, in others an
 *     address
 * @param type a relocation kind of the file's machine, such as 2 for {@code R_X86_64_PC32}
 * @param symbolIndex in the symbol table that the relocation section links to
 * @param addend a signed constant
 */
public record Relocation(long sectionOffset, int type, int symbolIndex, long addend) {}
