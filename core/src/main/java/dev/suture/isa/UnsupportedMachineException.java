package dev.suture.isa;

import dev.suture.LivePatchException;
import dev.suture.elf.Elf;

/** An ELF file is for a CPU that Suture does not know. The message gives its machine number and, if common, its name. */
public final class UnsupportedMachineException extends LivePatchException {
    private static final long serialVersionUID = 1L;

    private final int machine;

    /** @param machine {@code e_machine} of the ELF header */
    public UnsupportedMachineException(int machine) {
        super("machine %d%s is not supported; expected %d (x86-64)".formatted(machine, name(machine), Elf.EM_X86_64));
        this.machine = machine;
    }

    /** {@return {@code e_machine} of the ELF header} */
    public int machine() {
        return machine;
    }

    /** Numbers from the ELF gABI's list of {@code e_machine} values. */
    private static String name(int machine) {
        return switch (machine) {
            case 3 -> " (Intel 386)";
            case 21 -> " (PowerPC64)";
            case 22 -> " (S/390)";
            case 40 -> " (Arm, 32 bit)";
            case Elf.EM_AARCH64 -> " (Arm, 64 bit)";
            case 243 -> " (RISC-V)";
            case 258 -> " (LoongArch)";
            default -> "";
        };
    }
}
