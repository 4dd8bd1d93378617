package dev.suture.types;

import dev.suture.dwarf.SourceLine;
import java.util.List;
import java.util.Objects;

/**
 * Something that lives in memory and means something else with the patch.
 *
 * @param kind what it is about
 * @param original the type, or for a variable its name, as the original source has it
 * @param patched what took its place
 * @param differences what is not as it was, each in a few words
 * @param way how it was reached
 * @param declared where the patched one is
 */
public record TypeChange(
        Kind kind, String original, String patched, List<String> differences, String way, SourceLine declared) {
    /** What a change is about. */
    public enum Kind {
        /** A type that both builds know by one name. */
        TYPE,
        /** A type, and another that the same variables and functions use now. */
        REPLACED,
        /** A variable by itself. */
        VARIABLE,
        /** What a local variable of a function points to, which something without a type leads to. */
        UNTYPED
    }

    public TypeChange {
        differences = List.copyOf(differences);
    }

    /** Several ways lead to one change, and a variable is declared in several files: it is one change all the same. */
    @Override
    public boolean equals(Object other) {
        return other instanceof TypeChange change
                && kind == change.kind
                && original.equals(change.original)
                && patched.equals(change.patched)
                && differences.equals(change.differences);
    }

    @Override
    public int hashCode() {
        return Objects.hash(kind, original, patched, differences);
    }
}
