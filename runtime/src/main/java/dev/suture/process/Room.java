package dev.suture.process;

/**
 * What Suture has of its own in a process for who works there for it: instructions and, beside them, what leads a borrowed
 * thread back, in the unused end of a page of code; and a stack, beside the ledger. So nothing is ever written to a stack
 * of the program, of which nobody can tell where it ends.
 *
 * @param stub the first address of {@link FindStub}'s bytes
 * @param ledger has the stack, as soon as it is made
 */
record Room(long stub, LedgerMemory ledger) {
    static final int OWNER_AT = 0x88;
    static final int MASK_AT = 0x90;
    static final int REGISTERS_AT = 0x98;
    static final int REGISTERS = 18;
    static final int NAME_AT = REGISTERS_AT + REGISTERS * 8;
    static final int BYTES = NAME_AT + 8;

    /**
     * {@return where the number of the thread is that is borrowed, as {@link Session#ownNumber} gives it; 0 is there while
     * none is}
     */
    long owner() {
        return stub + OWNER_AT;
    }

    /** {@return where the text is that ledgers are called by} */
    long name() {
        return stub + NAME_AT;
    }

    /** {@return the address behind the stack} */
    long stackEnd() {
        return ledger.stackEnd();
    }

    /** {@return where there is room for a path, at the far end of the stack} */
    long scratch() {
        return ledger.stackEnd() - LedgerMemory.STACK_BYTES;
    }

    boolean holds(long address) {
        boolean isInStack = ledger.exists() && address > scratch() && address <= stackEnd();
        return isInStack || address >= stub && address < stub + BYTES;
    }
}
