package dev.suture.dwarf;

/**
 * A variable that has a place of its own in the file: a global or static one, also if it is declared in a function.
 *
 * @param name as in the source, after macros
 * @param type as in the source, such as {@code unsigned int} or {@code struct vcpu *[4]}
 * @param resolvedType the same without names of typedefs, {@code const} and the like
 * @param sizeBytes of its type; 0 if that is not known
 * @param heldType the struct, union, class or enum that it holds, itself or in an array; empty if none
 * @param isHeldItself whether it is one value of {@code heldType}, and not an array
 * @param sectionIndex the section it is in
 * @param sectionOffset of its first byte
 * @param declared where
 */
public record Variable(
        String name,
        String type,
        String resolvedType,
        long sizeBytes,
        String heldType,
        boolean isHeldItself,
        int sectionIndex,
        long sectionOffset,
        SourceLine declared) {}
