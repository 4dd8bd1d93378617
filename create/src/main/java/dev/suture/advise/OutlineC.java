package dev.suture.advise;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What stands at the outermost level of a C source, with the lines it takes: functions, variables, types, macros.
 *
 * <p>It reads tokens and does not preprocess, which is enough to say in what a line lies:
 * <pre>
 *   10 static unsigned int __read_mostly limit = 5;      DATA limit, 10 to 10
 *   11
 *   12 int f(void)                                       FUNCTION f, 12 to 15
 *   13 {
 *   14     return limit;
 *   15 }
 * </pre>
 * What it takes for something else than a compiler would is not used to decide whether a patch can go live.
 */
final class OutlineC {
    /** What an item is. */
    enum Kind {
        FUNCTION("function"),
        DATA("variable"),
        TYPE("type"),
        DECLARATION("declaration"),
        MACRO("macro"),
        MACRO_CALL("macro call"),
        DIRECTIVE("directive");

        private final String word;

        Kind(String word) {
            this.word = word;
        }

        String word() {
            return word;
        }
    }

    /**
     * Something at the outermost level.
     *
     * @param kind what it is
     * @param name what it declares; of a directive the directive's own name
     * @param firstLine from 1
     * @param lastLine included
     * @param tokens of it
     */
    record Item(Kind kind, String name, int firstLine, int lastLine, List<Token> tokens) {
        Item {
            tokens = List.copyOf(tokens);
        }

        boolean has(int line) {
            return firstLine <= line && line <= lastLine;
        }

        boolean mentions(String word) {
            return tokens.stream().anyMatch(token -> token.is(word));
        }
    }

    private final List<Item> items = new ArrayList<>();
    private final Set<Integer> linesWithCode = new HashSet<>();

    private OutlineC() {}

    static OutlineC of(List<String> lines) {
        OutlineC outline = new OutlineC();
        TokensC tokens = TokensC.of(lines);
        tokens.code().forEach(token -> outline.linesWithCode.add(token.line()));
        for (TokensC.Directive directive : tokens.directives()) {
            outline.directive(directive);
        }
        outline.cut(tokens);
        return outline;
    }

    /** {@return all items: directives first, then the rest in order} */
    List<Item> items() {
        return items;
    }

    /** {@return the innermost thing a line lies in; a macro or include inside of a function is that itself} */
    Optional<Item> at(int line) {
        return items.stream().filter(item -> item.has(line)).findFirst();
    }

    /** {@return the item of that name and kind} */
    Optional<Item> find(Kind kind, String name) {
        return items.stream()
                .filter(item -> item.kind() == kind && item.name().equals(name))
                .findFirst();
    }

    /** {@return whether there is anything but space and comments in a line} */
    boolean hasCode(int line) {
        return linesWithCode.contains(line);
    }

    private void directive(TokensC.Directive directive) {
        for (int line = directive.firstLine(); line <= directive.lastLine(); line++) {
            linesWithCode.add(line);
        }
        boolean defines =
                directive.name().equals("define") && !directive.tokens().isEmpty();
        items.add(new Item(
                defines ? Kind.MACRO : Kind.DIRECTIVE,
                defines ? directive.tokens().getFirst().text() : directive.name(),
                directive.firstLine(),
                directive.lastLine(),
                directive.tokens()));
    }

    private record Group(int depthBefore, boolean[] firstBranchOver, int[] depthAfterFirst) {}

    private void cut(TokensC tokens) {
        List<TokensC.Directive> directives = tokens.directives();
        Deque<Group> groups = new ArrayDeque<>();
        List<Token> current = new ArrayList<>();
        int nextDirective = 0;
        int depth = 0;
        for (Token token : tokens.code()) {
            while (nextDirective < directives.size()
                    && directives.get(nextDirective).firstLine() < token.line()) {
                depth = conditional(directives.get(nextDirective++), groups, depth);
            }
            if (depth == 0 && isWholeMacroCall(current) && startsAnew(current, token)) {
                add(current);
            }
            current.add(token);
            if (token.is("{") || token.is("(") || token.is("[")) {
                depth++;
            } else if (token.is("}") || token.is(")") || token.is("]")) {
                depth = Math.max(0, depth - 1);
                if (depth == 0 && token.is("}") && isFunction(current)) {
                    add(current);
                }
            } else if (token.is(";") && depth == 0) {
                add(current);
            }
        }
        if (!current.isEmpty()) {
            add(current);
        }
    }

    private static int conditional(TokensC.Directive directive, Deque<Group> groups, int depth) {
        if (directive.name().startsWith("if")) {
            groups.push(new Group(depth, new boolean[1], new int[1]));
        } else if (directive.name().startsWith("el") && !groups.isEmpty()) {
            Group group = groups.peek();
            if (!group.firstBranchOver()[0]) {
                group.firstBranchOver()[0] = true;
                group.depthAfterFirst()[0] = depth;
            }
            return group.depthBefore();
        } else if (directive.name().equals("endif") && !groups.isEmpty()) {
            Group group = groups.pop();
            return group.firstBranchOver()[0] ? group.depthAfterFirst()[0] : depth;
        }
        return depth;
    }

    /** {@return whether it is {@code NAME(...)} so far, as a macro that needs no semicolon} */
    private static boolean isWholeMacroCall(List<Token> tokens) {
        return tokens.size() > 2
                && tokens.getFirst().isName()
                && tokens.get(1).is("(")
                && tokens.getLast().is(")");
    }

    private static boolean startsAnew(List<Token> before, Token token) {
        return token.isName()
                && token.line() > before.getLast().line()
                && !token.text().startsWith("__");
    }

    private static boolean isFunction(List<Token> tokens) {
        int body = indexAtDepthZero(tokens, "{");
        return body > 0 && indexAtDepthZero(tokens.subList(0, body), "=") < 0 && lastGroup(tokens, body) > 0;
    }

    private void add(List<Token> tokens) {
        List<Token> own = List.copyOf(tokens);
        tokens.clear();
        if (own.size() == 1) {
            return;
        }
        Item item = classify(own);
        items.add(item);
    }

    private static Item classify(List<Token> tokens) {
        int body = indexAtDepthZero(tokens, "{");
        int equals = indexAtDepthZero(tokens, "=");
        if (body > 0 && (equals < 0 || equals > body)) {
            int group = lastGroup(tokens, body);
            if (group > 0 && tokens.getLast().is("}")) {
                return item(Kind.FUNCTION, tokens.get(group - 1).text(), tokens);
            }
            return type(tokens, body);
        }
        if (equals > 0) {
            return item(Kind.DATA, declared(tokens.subList(0, equals)), tokens);
        }
        int call = indexAtDepthZero(tokens, "(");
        if (call > 0) {
            boolean pointer = tokens.size() > call + 2 && tokens.get(call + 1).is("*");
            if (pointer && tokens.get(call + 2).isName()) {
                return item(Kind.DATA, tokens.get(call + 2).text(), tokens);
            }
            String called = tokens.get(call - 1).text();
            boolean macro = called.equals(called.toUpperCase(java.util.Locale.ROOT)) || call == 1;
            return macro
                    ? item(Kind.MACRO_CALL, lastNameIn(tokens, called), tokens)
                    : item(Kind.DECLARATION, called, tokens);
        }
        boolean declares = tokens.getFirst().is("extern")
                || tokens.getFirst().is("typedef")
                || tokens.size() < 4 && isTag(tokens.getFirst());
        return item(declares ? Kind.DECLARATION : Kind.DATA, declared(tokens), tokens);
    }

    private static Item type(List<Token> tokens, int body) {
        int tag = 0;
        while (tag < body && !isTag(tokens.get(tag))) {
            tag++;
        }
        String name = "";
        for (int at = tag + 1; at < body && name.isEmpty(); at++) {
            String text = tokens.get(at).text();
            name = tokens.get(at).isName() && !text.startsWith("__") ? text : "";
        }
        List<Token> behind = tokens.subList(lastClosing(tokens) + 1, tokens.size());
        if (tokens.getFirst().is("typedef") || name.isEmpty()) {
            String declared = declared(behind);
            boolean data = !tokens.getFirst().is("typedef") && !declared.isEmpty();
            return item(data ? Kind.DATA : Kind.TYPE, name.isEmpty() ? declared : name, tokens);
        }
        return item(Kind.TYPE, name, tokens);
    }

    private static boolean isTag(Token token) {
        return token.is("struct") || token.is("union") || token.is("enum");
    }

    private static Item item(Kind kind, String name, List<Token> tokens) {
        return new Item(kind, name, tokens.getFirst().line(), tokens.getLast().line(), tokens);
    }

    private static int lastClosing(List<Token> tokens) {
        int last = tokens.size() - 1;
        for (int at = 0; at < tokens.size(); at++) {
            last = tokens.get(at).is("}") ? at : last;
        }
        return last;
    }

    private static int indexAtDepthZero(List<Token> tokens, String wanted) {
        int depth = 0;
        for (int at = 0; at < tokens.size(); at++) {
            Token token = tokens.get(at);
            if (depth == 0 && token.is(wanted)) {
                return at;
            }
            depth += token.is("(") || token.is("[") || token.is("{") ? 1 : 0;
            depth -= token.is(")") || token.is("]") || token.is("}") ? 1 : 0;
        }
        return -1;
    }

    /** {@return where the parameters before a body begin; -1 if there are none} */
    private static int lastGroup(List<Token> tokens, int body) {
        int depth = 0;
        int found = -1;
        for (int at = 0; at < body; at++) {
            Token token = tokens.get(at);
            if (token.is("(")) {
                if (depth == 0 && at > 0 && tokens.get(at - 1).isName() && !isAttribute(tokens.get(at - 1))) {
                    found = at;
                }
                depth++;
            } else if (token.is(")")) {
                depth--;
            }
        }
        return found;
    }

    private static boolean isAttribute(Token token) {
        return token.text().startsWith("__attribute")
                || token.is("__section")
                || token.is("__aligned")
                || token.is("__packed");
    }

    /** {@return the name that a declaration declares: the last one outside of brackets that is no attribute} */
    private static String declared(List<Token> tokens) {
        String name = "";
        int depth = 0;
        for (int at = 0; at < tokens.size(); at++) {
            Token token = tokens.get(at);
            if (token.is("[") || token.is("(") || token.is("{")) {
                depth++;
            } else if (token.is("]") || token.is(")") || token.is("}")) {
                depth--;
            } else if (token.is(",") && depth == 0) {
                break;
            } else if (token.isName() && depth == 0 && !token.text().startsWith("__")) {
                name = token.text();
            }
        }
        return name;
    }

    private static String lastNameIn(List<Token> tokens, String otherwise) {
        for (int at = tokens.size() - 1; at > 0; at--) {
            if (tokens.get(at).isName()) {
                return tokens.get(at).text();
            }
        }
        return otherwise;
    }
}
