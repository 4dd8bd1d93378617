package dev.suture.linked;

/** What a field of a linked program leads to, without what is added to it. */
sealed interface Node {
    /** An address of the program itself. */
    record At(long address) implements Node {}

    /** What the dynamic linker finds under a name, in the program itself or elsewhere; the version may be empty. */
    record Dynamic(String name, String version) implements Node {}

    /** What the function at an address of the program chooses when the program starts. */
    record Chosen(long resolver) implements Node {}

    /** A number, or an address at which the program has nothing. */
    record Number(long value) implements Node {}

    /** A thread-local variable at an offset in the program's block. */
    record ThreadLocal(long offset) implements Node {}

    /** Nobody can say. */
    record Unknown(String why) implements Node {}
}
