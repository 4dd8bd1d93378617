package dev.suture.advise;

import java.util.ArrayList;
import java.util.List;

/**
 * Cuts C source into tokens, without its comments. Directives are told apart from code: {@code #define X y} is no part of
 * the function around it. Of an {@code #if} with several branches the code counts of all, as which of them is compiled is
 * not known here; but braces count only of the first, so that
 * <pre>
 *   #ifdef A
 *   int f(int a) {
 *   #else
 *   int f(void) {
 *   #endif
 *   }
 * </pre>
 * is balanced.
 */
final class TokensC {
    /**
     * A directive of the preprocessor.
     *
     * @param name such as {@code define}
     * @param tokens behind the name
     * @param firstLine from 1
     * @param lastLine of it, after its continuations
     */
    record Directive(String name, List<Token> tokens, int firstLine, int lastLine) {
        Directive {
            tokens = List.copyOf(tokens);
        }
    }

    private final List<String> lines;
    private final List<Token> code = new ArrayList<>();
    private final List<Directive> directives = new ArrayList<>();
    private boolean inComment;

    private TokensC(List<String> lines) {
        this.lines = lines;
    }

    static TokensC of(List<String> lines) {
        TokensC tokens = new TokensC(lines);
        tokens.run();
        return tokens;
    }

    /** {@return the tokens outside of directives, in order} */
    List<Token> code() {
        return code;
    }

    /** {@return the directives, in order} */
    List<Directive> directives() {
        return directives;
    }

    private void run() {
        for (int index = 0; index < lines.size(); index++) {
            boolean isDirective = !inComment && lines.get(index).stripLeading().startsWith("#");
            if (!isDirective) {
                line(index, code);
                continue;
            }
            List<Token> tokens = new ArrayList<>();
            int first = index;
            line(index, tokens);
            while ((isContinued(lines.get(index)) || inComment) && index + 1 < lines.size()) {
                index++;
                line(index, tokens);
            }
            String name = tokens.size() > 1 ? tokens.get(1).text() : "";
            directives.add(new Directive(
                    name, tokens.subList(Math.min(2, tokens.size()), tokens.size()), first + 1, index + 1));
        }
    }

    private static boolean isContinued(String line) {
        return line.endsWith("\\") || line.endsWith("\\\r");
    }

    private void line(int index, List<Token> into) {
        String line = lines.get(index);
        int at = 0;
        while (at < line.length()) {
            if (inComment) {
                int end = line.indexOf("*/", at);
                inComment = end < 0;
                at = end < 0 ? line.length() : end + 2;
                continue;
            }
            char c = line.charAt(at);
            if (line.startsWith("//", at)) {
                return;
            } else if (line.startsWith("/*", at)) {
                inComment = true;
                at += 2;
            } else if (Character.isWhitespace(c) || c == '\\') {
                at++;
            } else {
                int end = endOfToken(line, at);
                into.add(new Token(c == '"' || c == '\'' ? String.valueOf(c) : line.substring(at, end), index + 1));
                at = end;
            }
        }
    }

    private static int endOfToken(String line, int at) {
        char c = line.charAt(at);
        int end = at + 1;
        if (c == '"' || c == '\'') {
            while (end < line.length() && line.charAt(end) != c) {
                end += line.charAt(end) == '\\' ? 2 : 1;
            }
            return Math.min(end + 1, line.length());
        }
        if (c == '-' && line.startsWith("->", at)) {
            return at + 2;
        }
        if (Character.isLetterOrDigit(c) || c == '_') {
            while (end < line.length() && (Character.isLetterOrDigit(line.charAt(end)) || line.charAt(end) == '_')) {
                end++;
            }
        }
        return end;
    }
}
