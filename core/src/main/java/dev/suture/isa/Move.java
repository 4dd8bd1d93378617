package dev.suture.isa;

/**
 * A move to a general register.
 *
 * @param to the register, a bit mask as in {@link Operation}
 * @param from the register that it is from; 0 for memory
 * @param sizeBytes how many bytes are moved
 * @param wholeBytes how many bytes of the register hold that number then, with zeros or its sign in front of it
 * @param isSigned whether its sign is
 */
public record Move(int to, int from, int sizeBytes, int wholeBytes, boolean isSigned) {}
