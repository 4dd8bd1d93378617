package dev.suture.cli;

/**
 * Texts from outside as a terminal may show them: names of files and processes, an author's words. What would move its
 * cursor, colour it or turn the direction of reading is written as its number.
 */
final class Printable {
    private Printable() {}

    /** {@return several lines, each as {@link #line}} */
    static String text(String text) {
        return replace(text, true);
    }

    /** {@return a text that takes one line} */
    static String line(String text) {
        return replace(text, false);
    }

    private static String replace(String text, boolean mayBreak) {
        if (text.codePoints().noneMatch(c -> isHarmful(c, mayBreak))) {
            return text;
        }
        StringBuilder shown = new StringBuilder();
        text.codePoints().forEach(c -> {
            if (isHarmful(c, mayBreak)) {
                shown.append(c < 0x100 ? "\\x%02x".formatted(c) : "\\u{%x}".formatted(c));
            } else {
                shown.appendCodePoint(c);
            }
        });
        return shown.toString();
    }

    private static boolean isHarmful(int c, boolean mayBreak) {
        return switch (Character.getType(c)) {
            case Character.CONTROL -> c != '\t' && !(mayBreak && c == '\n');
            case Character.FORMAT, Character.SURROGATE, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
            default -> false;
        };
    }
}
