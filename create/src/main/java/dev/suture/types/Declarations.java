package dev.suture.types;

import dev.suture.dwarf.SourceLine;

/** Knows which declarations of types a patch adds to its files, and which it removes from them. */
public interface Declarations {
    /**
     * {@return whether the patch declares a type that was not there; true if that cannot be told}
     *
     * @param type as source has it, such as {@code struct client}
     * @param declared where, as debug information of the patched object has it
     */
    boolean isAdded(String type, SourceLine declared);

    /**
     * {@return whether a type that was there is declared no more; true if that cannot be told}
     *
     * @param type as source has it, such as {@code struct session}
     * @param declared where, as debug information of the original has it
     */
    boolean isRemoved(String type, SourceLine declared);
}
