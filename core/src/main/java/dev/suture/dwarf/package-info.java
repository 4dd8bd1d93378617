/**
 * What compilers say about a program in DWARF: its types, its functions and its lines.
 *
 * <p>In goes an {@link dev.suture.elf.ElfFile}, relocatable or linked; out come {@link dev.suture.dwarf.Types}, values
 * without any reference to the file, or a {@link dev.suture.dwarf.DwarfFormatException} that says where the bytes are
 * wrong. {@link dev.suture.dwarf.LayoutChanges} compares the types of the original and the patched object.
 *
 * <p>Inside, {@code DebugSections} decompresses and relocates, {@code DebugInfo} finds units and their abbreviations,
 * {@code Entry} decodes one entry at a time. {@code ScanTypes} goes over all entries once and {@code DescribeTypes}
 * follows their references.
 *
 * <p>DWARF 2 to 5, little-endian, in its 32-bit and 64-bit formats. Debug information that is in another file, by
 * {@code -gsplit-dwarf} or {@code dwz}, is an error.
 */
package dev.suture.dwarf;
