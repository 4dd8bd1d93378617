package dev.suture.source;

/** A source without comments, and with lines joined that a backslash continues. */
final class PlainText {
    private PlainText() {}

    /** {@return the text; what a comment without an end covers is gone} */
    static String of(String text) {
        String joined = text.replace("\\\r\n", "").replace("\\\n", "");
        StringBuilder plain = new StringBuilder(joined.length());
        int at = 0;
        while (at < joined.length()) {
            char c = joined.charAt(at);
            if (c == '/' && joined.startsWith("//", at)) {
                int end = joined.indexOf('\n', at);
                at = end < 0 ? joined.length() : end;
            } else if (c == '/' && joined.startsWith("/*", at)) {
                int end = joined.indexOf("*/", at + 2);
                at = end < 0 ? joined.length() : end + 2;
                plain.append(' ');
            } else if (c == '"' || c == '\'') {
                int end = endOfQuoted(joined, at, c);
                plain.append(joined, at, end);
                at = end;
            } else {
                plain.append(c);
                at++;
            }
        }
        return plain.toString();
    }

    private static int endOfQuoted(String text, int start, char quote) {
        int at = start + 1;
        while (at < text.length() && text.charAt(at) != quote && text.charAt(at) != '\n') {
            at += text.charAt(at) == '\\' ? 2 : 1;
        }
        return Math.min(text.length(), at < text.length() && text.charAt(at) == '\n' ? at : at + 1);
    }
}
