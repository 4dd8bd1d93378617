package dev.suture.dwarf;

import dev.suture.elf.Elf;
import java.util.Arrays;

/**
 * The relocation kinds that assemblers put on debug sections. All of them store symbol plus addend; they differ in how
 * many bytes they store and in what the symbol means.
 *
 * @see "System V ABI, AMD64 supplement, table 4.10; ELF for the Arm 64-bit Architecture, section 5.7"
 */
enum DebugRelocation {
    R_X86_64_NONE(Elf.EM_X86_64, 0, 0),
    R_X86_64_64(Elf.EM_X86_64, 1, 8),
    R_X86_64_32(Elf.EM_X86_64, 10, 4),
    R_X86_64_32S(Elf.EM_X86_64, 11, 4),
    R_X86_64_16(Elf.EM_X86_64, 12, 2),
    R_X86_64_DTPOFF64(Elf.EM_X86_64, 17, 8),
    R_X86_64_DTPOFF32(Elf.EM_X86_64, 21, 4),
    R_AARCH64_NONE(Elf.EM_AARCH64, 0, 0),
    R_AARCH64_NONE_OLD(Elf.EM_AARCH64, 256, 0),
    R_AARCH64_ABS64(Elf.EM_AARCH64, 257, 8),
    R_AARCH64_ABS32(Elf.EM_AARCH64, 258, 4),
    R_AARCH64_ABS16(Elf.EM_AARCH64, 259, 2),
    R_AARCH64_TLS_DTPREL64(Elf.EM_AARCH64, 1029, 8);

    private static final int MAXIMUM_TYPE = 1029;

    private final int machine;
    private final int type;
    private final int sizeBytes;

    DebugRelocation(int machine, int type, int sizeBytes) {
        this.machine = machine;
        this.type = type;
        this.sizeBytes = sizeBytes;
    }

    /** {@return for each relocation kind of a machine, by number, how many bytes it stores; -1 for kinds not in the table} */
    static byte[] sizesBytes(int machine) {
        byte[] sizes = new byte[MAXIMUM_TYPE + 1];
        Arrays.fill(sizes, (byte) -1);
        for (DebugRelocation relocation : values()) {
            if (relocation.machine == machine) {
                sizes[relocation.type] = (byte) relocation.sizeBytes;
            }
        }
        return sizes;
    }
}
