package dev.suture.source;

import dev.suture.source.Token.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Takes C after the preprocessor apart into tokens. Line numbers and white space are gone then: moved code stays the same.
 *
 * @see "C11, 6.4; GCC's manual of the preprocessor, 9 Preprocessor Output"
 */
final class Tokenise {
    /** Longest first. What is not here is one character. */
    private static final List<String> OPERATORS = List.of(
            "...", "<<=", ">>=", "->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "+=", "-=", "*=",
            "/=", "%=", "&=", "|=", "^=", "##");

    /** How many characters behind the end of a token may decide what it is. */
    static final int LOOKS_AHEAD = 3;

    private final String text;
    private final List<Token> tokens = new ArrayList<>();
    private int[] ends = new int[16];
    private int at;

    private Tokenise(String text) {
        this.text = text;
    }

    /** {@return the tokens; empty if a string or comment has no end} */
    static Optional<List<Token>> of(String text) {
        return from(text, 0).map(Placed::tokens);
    }

    /**
     * Tokens with their places.
     *
     * @param tokens in the order of the text
     * @param ends of each, the index of the character behind it
     */
    record Placed(List<Token> tokens, int[] ends) {}

    /**
     * {@return the tokens from some place on; empty if a string or comment has no end}
     *
     * @param start where to begin: 0, or the end of a token that is no directive
     */
    static Optional<Placed> from(String text, int start) {
        Tokenise tokenise = new Tokenise(text);
        tokenise.at = start;
        return tokenise.run(start == 0) ? Optional.of(new Placed(tokenise.tokens, tokenise.ends)) : Optional.empty();
    }

    private void add(Kind kind, String word) {
        if (tokens.size() == ends.length) {
            ends = Arrays.copyOf(ends, 2 * ends.length);
        }
        ends[tokens.size()] = at;
        tokens.add(new Token(kind, word));
    }

    private boolean run(boolean fromLineStart) {
        boolean atLineStart = fromLineStart;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '\n') {
                atLineStart = true;
                at++;
            } else if (Character.isWhitespace(c)) {
                at++;
            } else if (c == '#' && atLineStart) {
                directive();
            } else if (c == '/' && peek(1) == '*') {
                int end = text.indexOf("*/", at + 2);
                if (end < 0) {
                    return false;
                }
                at = end + 2;
            } else if (c == '"' || c == '\'') {
                if (!quoted(c)) {
                    return false;
                }
                atLineStart = false;
            } else {
                atLineStart = false;
                wordNumberOrOperator(c);
            }
        }
        return true;
    }

    private char peek(int ahead) {
        return at + ahead < text.length() ? text.charAt(at + ahead) : 0;
    }

    private void directive() {
        int end = text.indexOf('\n', at);
        String line = text.substring(at, end < 0 ? text.length() : end).strip();
        at += line.length();
        String rest = line.substring(1).stripLeading();
        boolean isLineNumber = rest.startsWith("line ") || !rest.isEmpty() && isDigit(rest.charAt(0));
        if (!isLineNumber) {
            add(Kind.DIRECTIVE, line);
        }
    }

    private boolean quoted(char quote) {
        int start = at;
        at++;
        while (at < text.length() && text.charAt(at) != quote) {
            if (text.charAt(at) == '\n') {
                return false;
            }
            at += text.charAt(at) == '\\' ? 2 : 1;
        }
        if (at >= text.length()) {
            return false;
        }
        at++;
        add(Kind.TEXT, text.substring(start, at));
        return true;
    }

    private void wordNumberOrOperator(char c) {
        int start = at;
        if (isDigit(c) || c == '.' && isDigit(peek(1))) {
            while (at < text.length() && continuesNumber()) {
                at++;
            }
            add(Kind.NUMBER, text.substring(start, at));
        } else if (isWordCharacter(c)) {
            while (at < text.length() && isWordCharacter(text.charAt(at))) {
                at++;
            }
            add(Kind.WORD, text.substring(start, at));
        } else {
            String operator = operator(c);
            at += operator.length();
            add(Kind.PUNCTUATION, operator);
        }
    }

    private String operator(char c) {
        boolean single = "(){}[];,?:~@\\".indexOf(c) >= 0 || isWordCharacter(peek(1)) || peek(1) == ' ';
        for (String operator : single ? List.<String>of() : OPERATORS) {
            if (text.startsWith(operator, at)) {
                return operator;
            }
        }
        return String.valueOf(c);
    }

    /** A sign belongs to a number behind the letter of an exponent: {@code 1e+3} is one token, {@code 0xe+3} is, too. */
    private boolean continuesNumber() {
        char c = text.charAt(at);
        char before = text.charAt(at - 1 < 0 ? 0 : at - 1);
        boolean signOfExponent = (c == '+' || c == '-') && "eEpP".indexOf(before) >= 0;
        return isWordCharacter(c) || c == '.' || signOfExponent;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isWordCharacter(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || c == '_' || c == '$' || c >= 0x80;
    }
}
