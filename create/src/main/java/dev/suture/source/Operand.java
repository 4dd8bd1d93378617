package dev.suture.source;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The part of an expression that a number belongs to: {@code (1 << FLAG | OTHER)} around {@code FLAG}.
 *
 * @param tokens the code around it
 * @param from its first token
 * @param to its last token
 */
record Operand(List<Token> tokens, int from, int to) {
    private static final Set<String> ASSIGNMENTS = Set.of("=", "|=", "^=", "+=", "-=", "&=", "<<=", ">>=");

    /**
     * An argument of a call.
     *
     * @param callee the word before the parentheses
     * @param index which argument, from 0
     * @param opening the place of the opening parenthesis
     */
    record Argument(String callee, int index, int opening) {
        List<Token> tokens(List<Token> all) {
            return all.subList(opening, Math.min(all.size(), ConstantUses.closing(all, opening) + 1));
        }
    }

    /** Widens from the name to all that is reckoned from it before something is done with it. */
    static Operand around(List<Token> tokens, int name) {
        Operand operand = new Operand(tokens, name, name);
        while (true) {
            Operand wider = operand.wider();
            if (wider.equals(operand)) {
                return operand;
            }
            operand = wider;
        }
    }

    private Operand wider() {
        Token left = at(from - 1);
        Token right = at(to + 1);
        if (left.is("(") && right.is(")") && !isCall(from - 1)) {
            return new Operand(tokens, from - 1, to + 1);
        }
        if (left.is("~") || isUnary(from - 1)) {
            return new Operand(tokens, from - 1, to);
        }
        if (left.is(")") && isCast(from - 1)) {
            return new Operand(tokens, opening(from - 1), to);
        }
        if (left.is("|") || left.is("+") || left.is("<<")) {
            int start = operandBefore(from - 2);
            if (start >= 0) {
                return new Operand(tokens, start, to);
            }
        }
        if (right.is("|") || right.is("+") || right.is("<<")) {
            int end = operandBehind(to + 2);
            if (end < tokens.size()) {
                return new Operand(tokens, from, end);
            }
        }
        return this;
    }

    private static final Token NOTHING = new Token(Token.Kind.PUNCTUATION, ";");

    private Token at(int index) {
        return index < 0 || index >= tokens.size() ? NOTHING : tokens.get(index);
    }

    private boolean isUnary(int index) {
        return at(index).is("-") && !isValue(at(index - 1));
    }

    private static boolean isValue(Token token) {
        return token.kind() == Token.Kind.NUMBER
                || token.isWord() && !ConstantUses.isKeyword(token)
                || token.is(")")
                || token.is("]");
    }

    private boolean isCall(int opening) {
        Token before = at(opening - 1);
        return before.isWord() || before.is(")") || before.is("]");
    }

    /** {@code (uint32_t)}: words and stars in parentheses behind something that is no value. */
    private boolean isCast(int closing) {
        int opening = opening(closing);
        if (opening < 0 || closing - opening < 2 || isCall(opening)) {
            return false;
        }
        return tokens.subList(opening + 1, closing).stream().allMatch(token -> token.isWord() || token.is("*"));
    }

    private int opening(int closing) {
        int depth = 0;
        for (int index = closing; index >= 0; index--) {
            if (at(index).is(")") || at(index).is("]")) {
                depth++;
            } else if (at(index).is("(") || at(index).is("[")) {
                depth--;
                if (depth == 0) {
                    return index;
                }
            }
        }
        return -1;
    }

    /** {@return where the value begins that ends at a place; -1 if none does} */
    private int operandBefore(int end) {
        int index = end;
        if (!isValue(at(index))) {
            return -1;
        }
        while (index >= 0) {
            if (at(index).is(")") || at(index).is("]")) {
                index = opening(index);
            }
            Token before = at(index - 1);
            boolean goesOn = before.is("->")
                    || before.is(".")
                    || (at(index).is("(") || at(index).is("[")) && isValue(before);
            if (!goesOn) {
                return index;
            }
            index -= before.is("->") || before.is(".") ? 2 : 1;
        }
        return index;
    }

    private int operandBehind(int start) {
        int index = start;
        while (at(index).is("~")
                || at(index).is("-")
                || at(index).is("*")
                || at(index).is("&")) {
            index++;
        }
        if (at(index).is("(")) {
            index = ConstantUses.closing(tokens, index);
        } else if (!isValue(at(index))) {
            return tokens.size();
        }
        while (at(index + 1).is("->")
                || at(index + 1).is(".")
                || at(index + 1).is("(")
                || at(index + 1).is("[")) {
            index = at(index + 1).is("->") || at(index + 1).is(".")
                    ? index + 2
                    : ConstantUses.closing(tokens, index + 1);
        }
        return index;
    }

    /** {@return whether something is asked whether it is this number, or has these bits} */
    boolean isAsked() {
        Token left = at(from - 1);
        Token right = at(to + 1);
        boolean equal = left.is("==") || left.is("!=") || right.is("==") || right.is("!=");
        boolean bits = left.is("&") && isValue(at(from - 2)) || right.is("&");
        boolean shifted = left.is(">>") && isValue(at(from - 2));
        return equal || bits || shifted || left.is("case");
    }

    /** {@return whether it is compared in a way that holds for many numbers} */
    boolean isCompared() {
        Token left = at(from - 1);
        Token right = at(to + 1);
        return left.is("<")
                || left.is(">")
                || left.is("<=")
                || left.is(">=")
                || right.is("<")
                || right.is(">")
                || right.is("<=")
                || right.is(">=");
    }

    /** {@return the place of the bracket behind it, if it says which element of an array is meant} */
    Optional<Integer> index() {
        boolean isInBrackets = at(from - 1).is("[") && at(to + 1).is("]");
        int array = operandBefore(from - 2);
        if (!isInBrackets || array < 0) {
            return Optional.empty();
        }
        Token before = at(array - 1);
        boolean isDeclared = before.isWord() && !ConstantUses.isKeyword(before)
                || before.is("*") && at(array - 2).isWord() && !ConstantUses.isKeyword(at(array - 2));
        return isDeclared ? Optional.empty() : Optional.of(to + 1);
    }

    /** {@return whether the operator at a place changes what stands before it} */
    boolean isWritten(int place) {
        return ASSIGNMENTS.contains(at(place).text())
                || at(place).is("++")
                || at(place).is("--");
    }

    /** {@return the place of the operator that assigns what it is part of} */
    Optional<Integer> assignment() {
        int depth = 0;
        for (int index = from - 1; index >= 0; index--) {
            Token token = at(index);
            if (token.is(")") || token.is("]")) {
                depth++;
            } else if (token.is("(") || token.is("[")) {
                if (depth == 0 && isCall(index)) {
                    return Optional.empty();
                }
                depth = Math.max(0, depth - 1);
            } else if (ConstantUses.endsStatement(token) || token.is(",") && depth == 0) {
                return Optional.empty();
            } else if (depth == 0 && ASSIGNMENTS.contains(token.text())) {
                return Optional.of(index);
            }
        }
        return Optional.empty();
    }

    /** {@return the call that it is an argument of, or a part of one} */
    Optional<Argument> argument() {
        int depth = 0;
        int index = 0;
        for (int place = from - 1; place >= 0; place--) {
            Token token = at(place);
            if (token.is(")") || token.is("]")) {
                depth++;
            } else if (token.is("(") || token.is("[")) {
                if (depth > 0) {
                    depth--;
                } else if (token.is("(") && at(place - 1).isWord() && !ConstantUses.isKeyword(at(place - 1))) {
                    return Optional.of(new Argument(at(place - 1).text(), index, place));
                } else if (token.is("[")) {
                    return Optional.empty();
                }
            } else if (token.is(",") && depth == 0) {
                index++;
            } else if (ConstantUses.endsStatement(token)) {
                return Optional.empty();
            }
        }
        return Optional.empty();
    }

    /** {@return whether a function returns it, or what is reckoned from it} */
    boolean isReturned() {
        for (int index = from - 1; index >= 0 && !ConstantUses.endsStatement(at(index)); index--) {
            if (at(index).is("return")) {
                return true;
            }
        }
        return false;
    }
}
