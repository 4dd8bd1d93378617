package dev.suture.isa;

/**
 * A comparison of one number, in a register or in memory, with a constant.
 *
 * @param isAnd whether the flags are those of both combined by and; if not, of the constant subtracted
 * @param register that holds the number, a bit mask as in {@link Operation}; 0 if it is in memory
 * @param sizeBytes how many bytes are compared
 * @param constant with its sign
 */
public record NumberTest(boolean isAnd, int register, int sizeBytes, long constant) {}
