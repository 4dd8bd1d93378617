package dev.suture.advise;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds the lines of a source that a configuration leaves out: those in branches of {@code #ifdef CONFIG_X} and the like
 * whose condition is one symbol of the configuration. What other conditions leave out is not known here.
 */
final class LeftOutLines {
    /** What is known of the branch that is open: the reason for which it is left out, and of the next one. */
    private record Branch(Optional<String> leftOut, Optional<String> otherLeftOut) {}

    private LeftOutLines() {}

    /**
     * {@return for each line that is left out the condition, such as {@code CONFIG_XSM is not set}}
     *
     * @param config the symbols that are set, with {@code CONFIG_}
     */
    static Map<Integer, String> of(List<String> lines, Map<String, String> config) {
        Map<Integer, String> found = new HashMap<>();
        Deque<Branch> open = new ArrayDeque<>();
        int done = 0;
        for (TokensC.Directive directive : TokensC.of(lines).directives()) {
            mark(found, open, done + 1, directive.firstLine() - 1);
            done = directive.lastLine();
            if (directive.name().startsWith("if")) {
                open.push(branch(directive, config));
            } else if (directive.name().equals("else") && !open.isEmpty()) {
                Branch branch = open.pop();
                open.push(new Branch(branch.otherLeftOut(), Optional.empty()));
            } else if (directive.name().equals("elif") && !open.isEmpty()) {
                open.pop();
                open.push(new Branch(Optional.empty(), Optional.empty()));
            } else if (directive.name().equals("endif") && !open.isEmpty()) {
                open.pop();
            } else {
                mark(found, open, directive.firstLine(), directive.lastLine());
            }
        }
        return found;
    }

    private static void mark(Map<Integer, String> found, Deque<Branch> open, int first, int last) {
        Optional<String> why =
                open.stream().map(Branch::leftOut).flatMap(Optional::stream).findFirst();
        for (int line = first; line <= last && why.isPresent(); line++) {
            found.put(line, why.get());
        }
    }

    private static Branch branch(TokensC.Directive directive, Map<String, String> config) {
        List<String> words = directive.tokens().stream().map(Token::text).toList();
        boolean negated = directive.name().equals("ifndef")
                || !words.isEmpty() && words.getFirst().equals("!");
        List<String> names =
                words.stream().filter(word -> word.startsWith("CONFIG_")).toList();
        boolean plain = directive.name().equals("ifdef") && words.size() == 1
                || directive.name().equals("ifndef") && words.size() == 1
                || directive.name().equals("if")
                        && words.stream()
                                .allMatch(word -> word.matches("!|\\(|\\)|defined|IS_ENABLED") || names.contains(word));
        if (names.size() != 1 || !plain) {
            return new Branch(Optional.empty(), Optional.empty());
        }
        boolean isSet = config.containsKey(names.getFirst());
        String why = "%s is %s".formatted(names.getFirst(), isSet ? "set" : "not set");
        return isSet == negated
                ? new Branch(Optional.of(why), Optional.empty())
                : new Branch(Optional.empty(), Optional.of(why));
    }
}
