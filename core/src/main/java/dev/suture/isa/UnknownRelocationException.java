package dev.suture.isa;

import dev.suture.LivePatchException;

/** A relocation type that is not in the table of its CPU. */
public final class UnknownRelocationException extends LivePatchException {
    private static final long serialVersionUID = 1L;

    private final int type;

    /**
     * @param cpu the CPU's name in messages
     * @param type the number in the relocation entry
     */
    public UnknownRelocationException(String cpu, int type) {
        super("%s: relocation type %d is not a known one".formatted(cpu, type));
        this.type = type;
    }

    /** {@return the number in the relocation entry} */
    public int type() {
        return type;
    }
}
