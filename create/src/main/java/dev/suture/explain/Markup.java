package dev.suture.explain;

import java.util.ArrayDeque;

/**
 * Writes XML: every attribute and every text is escaped, and every element that is opened is closed. What comes from
 * object files goes through here and nowhere else.
 */
final class Markup {
    private final StringBuilder out = new StringBuilder();
    private final ArrayDeque<String> open = new ArrayDeque<>();
    private boolean inTag;

    /** Adds an element that never has anything in it, such as {@code meta}. */
    Markup empty(String element, String... attributes) {
        startTag(element, attributes);
        out.append(" />");
        return this;
    }

    /** Begins an element; attributes come as names and values in turn. */
    Markup begin(String element, String... attributes) {
        startTag(element, attributes);
        inTag = true;
        open.push(element);
        return this;
    }

    private void startTag(String element, String... attributes) {
        endTag();
        out.append('<').append(element);
        for (int i = 0; i < attributes.length; i += 2) {
            out.append(' ').append(attributes[i]).append("=\"");
            escape(attributes[i + 1]);
            out.append('"');
        }
    }

    /** Ends the element begun last. */
    Markup end() {
        String element = open.pop();
        // Browsers read <script/> or <div/> as if it were not closed.
        endTag();
        out.append("</").append(element).append('>');
        return this;
    }

    /** Adds text to the element begun last. */
    Markup text(String text) {
        endTag();
        escape(text);
        return this;
    }

    /** Adds an element with nothing but text in it. */
    Markup element(String element, String text, String... attributes) {
        return begin(element, attributes).text(text).end();
    }

    Markup newLine() {
        endTag();
        out.append('\n');
        return this;
    }

    private void endTag() {
        if (inTag) {
            out.append('>');
            inTag = false;
        }
    }

    private void escape(String text) {
        text.codePoints().forEach(character -> {
            switch (character) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default -> out.appendCodePoint(isAllowed(character) ? character : 0xfffd);
            }
        });
    }

    /** Characters that XML allows, without those that change the direction of the text around them. */
    private static boolean isAllowed(int character) {
        boolean control =
                character < 0x20 && character != '\n' && character != '\t' || character >= 0x7f && character < 0xa0;
        boolean surrogate = character >= 0xd800 && character < 0xe000;
        boolean direction = character >= 0x202a && character <= 0x202e || character >= 0x2066 && character <= 0x2069;
        return !control && !surrogate && !direction && character != 0xfffe && character != 0xffff;
    }

    /** {@return what was written} */
    String finish() {
        if (!open.isEmpty()) {
            throw new IllegalStateException("still open: " + open);
        }
        return out.toString();
    }
}
