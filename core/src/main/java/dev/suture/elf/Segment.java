package dev.suture.elf;

/**
 * One program header.
 *
 * @param type {@code p_type}, such as {@link Elf#PT_LOAD}
 * @param flags {@code p_flags}
 * @param fileOffset in bytes
 * @param address {@code p_vaddr}
 * @param physicalAddress {@code p_paddr}
 * @param fileSizeBytes {@code p_filesz}
 * @param memorySizeBytes {@code p_memsz}
 * @param alignment {@code p_align}
 */
public record Segment(
        int type,
        int flags,
        long fileOffset,
        long address,
        long physicalAddress,
        long fileSizeBytes,
        long memorySizeBytes,
        long alignment) {}
