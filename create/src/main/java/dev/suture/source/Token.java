package dev.suture.source;

/**
 * A token of C after the preprocessor.
 *
 * @param kind what it is
 * @param text as it is written
 */
record Token(Kind kind, String text) {
    /** What a token is. */
    enum Kind {
        /** A name or a keyword. */
        WORD,
        /** A number, in any notation. */
        NUMBER,
        /** A string or character constant, quotes included. */
        TEXT,
        /** An operator or bracket. */
        PUNCTUATION,
        /** A whole line that begins with {@code #} and is more than a line number. */
        DIRECTIVE
    }

    boolean is(String other) {
        return kind != Kind.TEXT && text.equals(other);
    }

    boolean isWord() {
        return kind == Kind.WORD;
    }
}
