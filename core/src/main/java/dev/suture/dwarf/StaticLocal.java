package dev.suture.dwarf;

/**
 * A variable that keeps its value between calls of the function it is declared in. The compiler numbers the symbols of
 * such variables through the whole file, so that {@code count.1} and {@code count.4} can be the same variable in two
 * builds: name and function together say which one it is.
 *
 * @param name as in the source
 * @param function the name of the function it is declared in, wherever that is inlined; empty if the compiler did
 *     not say
 * @param functionLinkageName the function's name for the linker where that is another, as in C++; empty if not
 * @param sectionIndex the section it is in
 * @param sectionOffset of its first byte, in a linked file, too
 * @param symbol the name of the symbol there, such as {@code count.1}; empty if there is none
 * @param declared where; for one that a macro declares, where the macro is used
 * @param column in that line, from 1; 0 if the compiler did not say
 */
public record StaticLocal(
        String name,
        String function,
        String functionLinkageName,
        int sectionIndex,
        long sectionOffset,
        String symbol,
        SourceLine declared,
        long column) {}
