package dev.suture.source;

import dev.suture.source.Token.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Finds what C sources do with a named number: whether memory gets it, and whether memory is asked for it.
 *
 * <p>The number of a flag may not change while there are objects that have the flag set; a limit may. What sets them apart
 * is not the name but the use:
 *
 * <pre>
 *   p-&gt;flags |= 1 &lt;&lt; FLAG;      memory gets it
 *   set_bit(FLAG, &amp;p-&gt;flags);     it does, too, if the second parameter of set_bit() gets the first one
 *   if (p-&gt;state == RUNNING)      memory is asked for it
 *   if (n &gt; LIMIT)                a comparison that holds for many numbers asks for none of them
 *   snprintf(text, LENGTH, "");   nobody here knows what snprintf() does
 * </pre>
 *
 * <p>Sources are read before the preprocessor, which would put the number in the name's place; what macros consist of is
 * read as code of its own. Nothing is known of types: that {@code p->flags} is memory and {@code n} is not is told by how
 * they are written, and by the names of variables that a caller knows to live as long as the program.
 */
public final class ConstantUses {
    private static final int MAXIMUM_CALLS = 5;

    /** What is done with a number. */
    public enum Use {
        /** Memory that outlives the call gets it, or a bit that it numbers. */
        KEPT,
        /** Memory is asked whether it holds it, or that bit. */
        ASKED,
        /** It is passed on to where nobody here can follow. */
        PASSED_ON
    }

    /** A use, and the line of code it is in. */
    public record Found(Use use, String code) {}

    /** Code between two braces or semicolons, or of a macro. */
    private record Code(List<Token> tokens) {}

    /** A macro, or the body of a function, which is a part of the code it was cut from. */
    private record Definition(List<String> parameters, List<Token> body, boolean isMacro) {}

    private final Set<String> memory;
    private final Map<String, List<Definition>> definitions = new HashMap<>();
    private final Map<String, String> values = new LinkedHashMap<>();
    private final List<Code> codes = new ArrayList<>();
    private boolean isComplete = true;

    /**
     * @param texts the sources, headers included
     * @param memory names of variables that live as long as the program
     */
    public ConstantUses(List<String> texts, Set<String> memory) {
        this.memory = Set.copyOf(memory);
        texts.forEach(this::read);
    }

    /** {@return whether all sources could be taken apart} */
    public boolean isComplete() {
        return isComplete;
    }

    /** {@return the macros that stand for a number, with what they stand for; several definitions of one are joined} */
    public static Map<String, String> numbers(String text) {
        ConstantUses uses = new ConstantUses(List.of(text), Set.of());
        return uses.values;
    }

    private void read(String text) {
        Optional<List<Token>> tokens = Tokenise.of(PlainText.of(text));
        if (tokens.isEmpty()) {
            isComplete = false;
            return;
        }
        List<Token> code = new ArrayList<>();
        for (Token token : tokens.get()) {
            if (token.kind() == Kind.DIRECTIVE) {
                directive(token.text());
            } else {
                code.add(token);
            }
        }
        codes.add(new Code(code));
        functions(code);
    }

    private void directive(String line) {
        String rest = line.substring(1).strip();
        if (!rest.startsWith("define")) {
            return;
        }
        rest = rest.substring("define".length());
        Optional<List<Token>> tokens = Tokenise.of(rest.strip());
        if (tokens.isEmpty() || tokens.get().isEmpty()) {
            return;
        }
        List<Token> all = tokens.get();
        String name = all.getFirst().text();
        boolean hasParameters = rest.strip().startsWith(name + "(");
        if (!hasParameters) {
            List<Token> body = all.subList(1, all.size());
            define(name, new Definition(List.of(), body, true));
            if (isNumber(body)) {
                values.merge(name, text(body), (one, other) -> one + " or " + other);
            }
            return;
        }
        int end = closing(all, 1);
        List<String> parameters = new ArrayList<>();
        for (Token token : all.subList(2, Math.max(2, end))) {
            if (token.isWord() || token.is("...")) {
                parameters.add(token.text());
            }
        }
        define(name, new Definition(parameters, all.subList(Math.min(end + 1, all.size()), all.size()), true));
    }

    private void define(String name, Definition definition) {
        definitions.computeIfAbsent(name, same -> new ArrayList<>(1)).add(definition);
    }

    /** Names, numbers and what reckons with them. */
    private static boolean isNumber(List<Token> body) {
        return !body.isEmpty()
                && body.stream().allMatch(token -> switch (token.kind()) {
                    case NUMBER, WORD -> true;
                    case TEXT -> token.text().startsWith("'");
                    case PUNCTUATION -> "( ) + - * / % << >> & | ^ ~ ,".contains(token.text());
                    case DIRECTIVE -> false;
                });
    }

    /** Every {@code name(...) {...}} is the body of a function, wherever it stands. */
    private void functions(List<Token> tokens) {
        for (int at = 1; at + 1 < tokens.size(); at++) {
            if (!tokens.get(at).is("(") || !tokens.get(at - 1).isWord()) {
                continue;
            }
            int end = closing(tokens, at);
            if (end + 1 < tokens.size() && tokens.get(end + 1).is("{") && !isKeyword(tokens.get(at - 1))) {
                int last = closing(tokens, end + 1);
                define(
                        tokens.get(at - 1).text(),
                        new Definition(
                                parameters(tokens.subList(at + 1, end)),
                                tokens.subList(end + 2, Math.min(last, tokens.size())),
                                false));
            }
        }
    }

    private static List<String> parameters(List<Token> tokens) {
        List<String> names = new ArrayList<>();
        String last = "";
        int depth = 0;
        for (Token token : tokens) {
            if (token.is("(") || token.is("[")) {
                depth++;
            } else if (token.is(")") || token.is("]")) {
                depth--;
            } else if (token.is(",") && depth == 0) {
                names.add(last);
                last = "";
            } else if (token.isWord() && depth == 0) {
                last = token.text();
            }
        }
        names.add(last);
        return names;
    }

    /** {@return what is done with the number of that name, anywhere} */
    public List<Found> of(String name) {
        Set<String> names = new HashSet<>(Set.of(name));
        boolean grew = true;
        while (grew) {
            grew = false;
            for (String macro : values.keySet()) {
                if (!names.contains(macro) && mentions(definitions.get(macro), names)) {
                    grew |= names.add(macro);
                }
            }
        }
        List<Found> found = new ArrayList<>();
        for (Code code : codes) {
            collect(code.tokens(), names, new HashSet<>(), found);
        }
        definitions.forEach((macro, bodies) -> {
            if (!names.contains(macro)) {
                bodies.stream()
                        .filter(Definition::isMacro)
                        .forEach(body -> collect(body.body(), names, new HashSet<>(), found));
            }
        });
        return found;
    }

    private static boolean mentions(List<Definition> macros, Set<String> names) {
        return macros.stream()
                .anyMatch(macro -> macro.parameters().isEmpty()
                        && macro.body().stream().anyMatch(token -> token.isWord() && names.contains(token.text())));
    }

    private void collect(List<Token> tokens, Set<String> names, Set<String> calls, List<Found> found) {
        for (int at = 0; at < tokens.size(); at++) {
            if (tokens.get(at).isWord() && names.contains(tokens.get(at).text())) {
                judge(tokens, at, calls, found);
            }
        }
    }

    private void judge(List<Token> tokens, int name, Set<String> calls, List<Found> found) {
        Operand operand = Operand.around(tokens, name);
        String code = statement(tokens, name);
        if (operand.isAsked()) {
            found.add(new Found(Use.ASKED, code));
            return;
        }
        if (operand.isCompared()) {
            return;
        }
        Optional<Integer> index = operand.index();
        if (index.isPresent()) {
            found.add(new Found(operand.isWritten(index.get() + 1) ? Use.KEPT : Use.ASKED, code));
            return;
        }
        Optional<Integer> assignment = operand.assignment();
        if (assignment.isPresent()) {
            boolean clears = tokens.get(assignment.get()).is("&=");
            if (clears) {
                found.add(new Found(Use.ASKED, code));
            } else if (isMemory(tokens, assignment.get())) {
                found.add(new Found(Use.KEPT, code));
            } else {
                found.add(new Found(Use.PASSED_ON, code));
            }
            return;
        }
        Optional<Operand.Argument> argument = operand.argument();
        if (argument.isPresent()) {
            passed(tokens, argument.get(), calls, found, code);
        } else if (operand.isReturned()) {
            found.add(new Found(Use.PASSED_ON, code));
        }
    }

    private void passed(
            List<Token> tokens, Operand.Argument argument, Set<String> calls, List<Found> found, String code) {
        String callee = argument.callee();
        if (callee.equals("asm") || callee.equals("__asm__") || callee.equals("volatile") || callee.equals("goto")) {
            boolean writes = argument.tokens(tokens).stream()
                    .anyMatch(token -> token.kind() == Kind.TEXT
                            && (token.text().startsWith("\"+m")
                                    || token.text().startsWith("\"=m")
                                    || token.text().equals("\"memory\"")));
            found.add(new Found(Use.PASSED_ON, code));
            if (writes) {
                found.add(new Found(Use.KEPT, code));
                found.add(new Found(Use.ASKED, code));
            }
            return;
        }
        List<Definition> known = definitions.getOrDefault(callee, List.of());
        boolean isFollowed = false;
        for (Definition definition : known) {
            if (argument.index() < definition.parameters().size()) {
                isFollowed = true;
                String parameter = definition.parameters().get(argument.index());
                String call = callee + "/" + parameter;
                if (calls.size() < MAXIMUM_CALLS && calls.add(call)) {
                    List<Found> inside = new ArrayList<>();
                    collect(definition.body(), Set.of(parameter), calls, inside);
                    inside.forEach(use -> found.add(new Found(use.use(), code)));
                    calls.remove(call);
                }
            }
        }
        if (!isFollowed) {
            found.add(new Found(Use.PASSED_ON, code));
        }
    }

    /** {@return whether what stands left of an assignment outlives the call} */
    private boolean isMemory(List<Token> tokens, int assignment) {
        int words = 0;
        for (int at = assignment - 1; at >= 0; at--) {
            Token token = tokens.get(at);
            if (token.is(";") || token.is("{") || token.is("}") || token.is(",") || token.is(":")) {
                break;
            }
            if (token.is("->") || token.is(".") || token.is("]")) {
                return true;
            }
            if (token.is("*") && (at == 0 || !tokens.get(at - 1).isWord())) {
                return true;
            }
            if (token.isWord()) {
                words++;
                if (memory.contains(token.text()) && words == 1 && !isDeclared(tokens, at)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean isDeclared(List<Token> tokens, int at) {
        return at > 0 && (tokens.get(at - 1).isWord() || tokens.get(at - 1).is("*"));
    }

    private static String statement(List<Token> tokens, int name) {
        int from = name;
        while (from > 0 && !endsStatement(tokens.get(from - 1)) && name - from < 24) {
            from--;
        }
        int to = name;
        while (to + 1 < tokens.size() && !endsStatement(tokens.get(to + 1)) && to - name < 24) {
            to++;
        }
        return text(tokens.subList(from, to + 1));
    }

    static boolean endsStatement(Token token) {
        return token.is(";") || token.is("{") || token.is("}");
    }

    static boolean isKeyword(Token token) {
        return Set.of("if", "while", "for", "switch", "return", "sizeof", "do", "else", "case")
                .contains(token.text());
    }

    /** {@return the place of the bracket that closes the one at a place; the end if there is none} */
    static int closing(List<Token> tokens, int opening) {
        int depth = 0;
        for (int at = opening; at < tokens.size(); at++) {
            Token token = tokens.get(at);
            if (token.is("(") || token.is("[") || token.is("{")) {
                depth++;
            } else if (token.is(")") || token.is("]") || token.is("}")) {
                depth--;
                if (depth == 0) {
                    return at;
                }
            }
        }
        return tokens.size();
    }

    static String text(List<Token> tokens) {
        StringBuilder text = new StringBuilder();
        for (int at = 0; at < tokens.size(); at++) {
            Token token = tokens.get(at);
            boolean joins = at == 0 || joins(at < 2 ? null : tokens.get(at - 2), tokens.get(at - 1), token);
            text.append(joins ? "" : " ").append(token.text());
        }
        return text.toString();
    }

    private static boolean joins(Token beforeThat, Token before, Token token) {
        boolean isUnary = (before.is("&") || before.is("*") || before.is("~") || before.is("!") || before.is("-"))
                && (beforeThat == null
                        || beforeThat.kind() == Kind.PUNCTUATION && !beforeThat.is(")") && !beforeThat.is("]"));
        boolean opens = before.is("(") || before.is("[") || before.is("->") || before.is(".");
        boolean isCall = token.is("(") && before.isWord() && !isKeyword(before);
        return isUnary || opens || isCall || ") ] [ -> . ,".contains(token.text()) && !token.is("(");
    }
}
