package dev.suture.certify;

import java.util.List;
import java.util.Optional;

/**
 * Whether a tree's objects are what the running program was linked from.
 *
 * @param proven whether all of them are
 * @param functions how many functions were looked at
 * @param variables how many variables and constants with a name
 * @param different how many of them are not in the program as in their object
 * @param first the first that is not; empty if all are
 * @param notLinked objects of libraries that the linker took nothing from
 */
public record Baseline(
        boolean proven,
        int functions,
        int variables,
        int different,
        Optional<Difference> first,
        List<String> notLinked) {
    public Baseline {
        notLinked = List.copyOf(notLinked);
    }

    /** Why something differs. */
    public enum Cause {
        /** The program was not made by the compiler that made the object. */
        OTHER_COMPILER("other compiler"),
        /** The program was configured differently. */
        OTHER_CONFIG("other config"),
        /** The compiler was called with other flags. */
        OTHER_FLAGS("other flags"),
        /** The compiler, its flags and the configuration are the same, as far as files tell. */
        OTHER_SOURCE("other source");

        private final String text;

        Cause(String text) {
            this.text = text;
        }

        /** {@return the cause in words} */
        public String text() {
            return text;
        }
    }

    /**
     * A function or variable that differs.
     *
     * @param object the object file, as the tree's build knows it
     * @param name of the function or variable
     * @param what how it differs
     * @param cause in one or two words, such as {@code other compiler}
     * @param evidence what tells the cause
     */
    public record Difference(String object, String name, String what, String cause, String evidence) {}
}
