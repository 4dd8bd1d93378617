package dev.suture.advise;

/**
 * A word, number, string or sign of C source.
 *
 * @param text as in the source; a string or character constant is its opening quote only
 * @param line from 1
 */
record Token(String text, int line) {
    boolean is(String other) {
        return text.equals(other);
    }

    boolean isName() {
        return Character.isJavaIdentifierStart(text.charAt(0));
    }
}
