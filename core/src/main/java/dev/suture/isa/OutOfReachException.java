package dev.suture.isa;

import dev.suture.LivePatchException;

/** A jump cannot lead from where it is to where it should go. */
public final class OutOfReachException extends LivePatchException {
    private static final long serialVersionUID = 1L;

    private final long jumpAddress;
    private final long destinationAddress;

    /**
     * @param jumpAddress address of the jump's first byte in the target
     * @param destinationAddress where it should lead to
     * @param reach how far it can lead, as in "about 2 GiB in both directions"
     */
    public OutOfReachException(long jumpAddress, long destinationAddress, String reach) {
        super("a jump at 0x%x does not reach 0x%x: it reaches %s".formatted(jumpAddress, destinationAddress, reach));
        this.jumpAddress = jumpAddress;
        this.destinationAddress = destinationAddress;
    }

    /** {@return address of the jump's first byte in the target} */
    public long jumpAddress() {
        return jumpAddress;
    }

    /** {@return where it should have led to} */
    public long destinationAddress() {
        return destinationAddress;
    }
}
