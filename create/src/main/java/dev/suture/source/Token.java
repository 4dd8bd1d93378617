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

    /** {@return 1 for a bracket that opens, -1 for one that closes, else 0} */
    int bracket() {
        if (kind == Kind.TEXT || text.length() != 1) {
            return 0;
        }
        return switch (text.charAt(0)) {
            case '(', '[', '{' -> 1;
            case ')', ']', '}' -> -1;
            default -> 0;
        };
    }

    boolean isWord() {
        return kind == Kind.WORD;
    }
}
