/**
 * An ELF file as immutable values, and back to bytes.
 *
 * <p>In goes a file or a segment of bytes that nobody has checked; out comes an {@link dev.suture.elf.ElfFile}, or an
 * {@link dev.suture.elf.ElfFormatException} that says where the bytes are wrong. {@link dev.suture.elf.ElfFile} checks
 * the header, the section table and the program headers when it reads; symbols, relocations, notes and groups are
 * checked when they are first asked for, so that a comparison of two large objects does not pay for debug information
 * it never looks at. {@link dev.suture.elf.ElfBuilder} makes a new relocatable file, {@link dev.suture.elf.ElfWriter}
 * writes any model back.
 *
 * <p>Little-endian ELF64 only; nothing here assumes one CPU. Relocation kinds are numbers at this level: what they mean
 * is {@code isa}'s to know.
 */
package dev.suture.elf;
