package dev.suture.elf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One section header and the bytes it stands for.
 *
 * @param index its place in the section table
 * @param name from the section name table
 * @param type {@code sh_type}, such as {@link Elf#SHT_PROGBITS}
 * @param flags {@code sh_flags}, such as {@link Elf#SHF_ALLOC}
 * @param address {@code sh_addr}
 * @param fileOffset in bytes
 * @param sizeBytes {@code sh_size}: what it takes in memory, also for {@link Elf#SHT_NOBITS}
 * @param link {@code sh_link}, for most types a section index
 * @param info {@code sh_info}, for relocations the index of the section they change
 * @param alignment {@code sh_addralign}, a power of two or 0
 * @param entrySizeBytes {@code sh_entsize}, 0 where entries have no fixed size
 * @param contents read-only; empty for {@link Elf#SHT_NOBITS} and {@link Elf#SHT_NULL}
 */
public record Section(
        int index,
        String name,
        int type,
        long flags,
        long address,
        long fileOffset,
        long sizeBytes,
        int link,
        int info,
        long alignment,
        long entrySizeBytes,
        MemorySegment contents) {

    /** {@return whether all of the given {@code SHF_} flags are set} */
    public boolean has(long flag) {
        return (flags & flag) == flag;
    }

    /** {@return whether the section is part of the running program ({@link Elf#SHF_ALLOC})} */
    public boolean isAllocated() {
        return has(Elf.SHF_ALLOC);
    }

    /** {@return whether the section holds instructions ({@link Elf#SHF_EXECINSTR})} */
    public boolean isCode() {
        return has(Elf.SHF_EXECINSTR);
    }

    /** {@return whether the section takes memory but no bytes of the file ({@link Elf#SHT_NOBITS})} */
    public boolean isNobits() {
        return type == Elf.SHT_NOBITS;
    }

    /** {@return a copy of the contents} */
    public byte[] bytes() {
        return contents.toArray(ValueLayout.JAVA_BYTE);
    }
}
