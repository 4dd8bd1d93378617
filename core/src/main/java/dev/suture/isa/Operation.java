package dev.suture.isa;

/**
 * What an instruction does with its general registers and its operand in memory. Sets of registers are bit masks: bit
 * {@code n} is the register that the instruction set numbers {@code n}.
 *
 * @param isKnown whether it is one of the instructions that are understood; if not, all else here is empty, and it may do
 *     anything
 * @param memory what it does with its operand in memory; where it has two, as string instructions, with the one it writes
 * @param through registers that the address of that operand is made of
 * @param writes registers that have another value behind it; that of the stack is not counted for pushes and pops
 * @param keeps registers whose value goes on into what is written, register or memory: as it is, or with something added,
 *     as a pointer that goes on within what it points to
 * @param mixes registers whose value what is written is calculated from in another way
 */
public record Operation(boolean isKnown, Memory memory, int through, int writes, int keeps, int mixes) {
    /** One that is not understood. */
    static final Operation UNKNOWN = new Operation(false, Memory.NONE, 0, 0, 0, 0);

    /** What becomes of an operand in memory. */
    public enum Memory {
        /** There is none. */
        NONE,
        /** It is read, and stays. */
        READ,
        /** It is written, and may be read before. */
        WRITTEN,
        /** Only its address is calculated. */
        ADDRESS
    }
}
