package dev.suture;

import java.util.Objects;

/**
 * A true reason why something cannot go live, and what its author can do about it.
 *
 * @param object where: the object file, source file or payload it is about, as the user knows it; empty if about none
 * @param symbol the function, variable, type or section it is about; empty if about none
 * @param what what was found, in one sentence without a final full stop
 * @param remedy what to do next, in one or more full sentences
 */
public record Refusal(String object, String symbol, String what, String remedy) {
    public Refusal {
        Objects.requireNonNull(object);
        Objects.requireNonNull(symbol);
        Objects.requireNonNull(what);
        Objects.requireNonNull(remedy);
    }

    /** {@return the refusal as a person reads it: {@code where: refused: what}, and the remedy on the next line} */
    public String text() {
        String where = object.isEmpty() ? "" : object + ": ";
        return where + "refused: " + what + "\n        " + remedy;
    }
}
