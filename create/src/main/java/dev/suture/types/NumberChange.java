package dev.suture.types;

/**
 * A number with a name that is another with the patch.
 *
 * @param original as its source or debug information has it
 * @param patched likewise
 * @param of the enum it belongs to, or the file that defines the macro
 */
public record NumberChange(String name, String original, String patched, Kind kind, String of) {
    /** What gives the number its name. */
    public enum Kind {
        ENUMERATOR,
        MACRO
    }
}
