package dev.suture.source;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds changed functions that say where something lies: a hash, or an order.
 *
 * <p>What {@code put()} left at {@code table[hash(key)]} lies where the old {@code hash()} said, and {@code get()} looks
 * for it where the new one says. What {@code qsort(all, n, size, compare)} left in the old order is searched by {@code
 * bsearch(&key, all, n, size, compare)} in the new one.
 */
public final class ReturnedPlaces {
    private final Bodies patched;

    private ReturnedPlaces(Bodies patched) {
        this.patched = patched;
    }

    /**
     * What was found.
     *
     * @param function that changed
     * @param users who rely on it to say the same always
     * @param isOrder whether it is given to others that call it; otherwise what it returns is an index
     */
    public record Found(String function, Set<String> users, boolean isOrder) {}

    /**
     * {@return what was found}
     *
     * @param originals the sources that a patch touches, without it
     * @param patcheds the same with it
     */
    public static List<Found> find(List<String> originals, List<String> patcheds) {
        Bodies patched = Bodies.of(patcheds);
        List<Found> found = new ArrayList<>();
        for (String function : Bodies.of(originals).changed(patched)) {
            new ReturnedPlaces(patched).judge(function, found);
        }
        return found;
    }

    private void judge(String function, List<Found> found) {
        Set<String> writers = new LinkedHashSet<>();
        Set<String> all = new LinkedHashSet<>();
        Map<String, Set<String>> receivers = new LinkedHashMap<>();
        patched.byName().forEach((user, body) -> {
            Set<String> names = new LinkedHashSet<>(Set.of(function));
            for (int at = 0; at + 2 < body.size(); at++) {
                boolean isResult = body.get(at).isWord()
                        && body.get(at + 1).is("=")
                        && body.get(at + 2).is(function);
                if (isResult) {
                    names.add(body.get(at).text());
                }
            }
            for (int at = 1; at < body.size(); at++) {
                Token token = body.get(at);
                boolean isCall = at + 1 < body.size() && body.get(at + 1).is("(");
                if (token.is(function) && !isCall) {
                    receiver(body, at, user, receivers);
                }
                if (token.isWord() && names.contains(token.text()) && (!token.is(function) || isCall)) {
                    index(body, at, user, writers, all);
                }
            }
        });
        if (!writers.isEmpty() && all.size() > 1) {
            found.add(new Found(function, all, false));
        }
        if (receivers.size() > 1 && onlyReturns(function)) {
            Set<String> users = new LinkedHashSet<>();
            receivers.values().forEach(users::addAll);
            found.add(new Found(function, users, true));
        }
    }

    /** {@return whether a function has a result and writes nothing that its callers have} */
    private boolean onlyReturns(String function) {
        boolean hasResult = false;
        for (List<Token> statement : patched.statements(function)) {
            int returns = statement.indexOf(new Token(Token.Kind.WORD, "return"));
            hasResult |= returns >= 0 && returns + 1 < statement.size();
            boolean writes = statement.stream().anyMatch(token -> token.is("="))
                    && statement.stream()
                            .takeWhile(token -> !token.is("="))
                            .anyMatch(token -> token.is("->") || token.is("]"));
            if (writes) {
                return false;
            }
        }
        return hasResult;
    }

    private static void receiver(List<Token> body, int at, String user, Map<String, Set<String>> receivers) {
        int opening = opening(body, at);
        boolean isArgument = opening > 0
                && body.get(opening).is("(")
                && body.get(opening - 1).isWord()
                && !ConstantUses.isKeyword(body.get(opening - 1));
        if (isArgument) {
            receivers
                    .computeIfAbsent(body.get(opening - 1).text(), _ -> new LinkedHashSet<>())
                    .add(user);
        }
    }

    private static void index(List<Token> body, int at, String user, Set<String> writers, Set<String> all) {
        int opening = opening(body, at);
        while (opening > 0
                && body.get(opening).is("(")
                && !body.get(opening - 1).isWord()) {
            opening = opening(body, opening);
        }
        if (opening <= 0 || !body.get(opening).is("[")) {
            return;
        }
        int end = ConstantUses.closing(body, opening);
        all.add(user);
        boolean isWritten = end + 1 < body.size()
                && (body.get(end + 1).is("=")
                        || body.get(end + 1).is(".")
                        || body.get(end + 1).is("->"));
        boolean isTaken = false;
        for (int back = opening - 1; back >= 0 && !ConstantUses.endsStatement(body.get(back)); back--) {
            isTaken |= body.get(back).is("&");
        }
        if (isWritten || isTaken) {
            writers.add(user);
        }
    }

    /** {@return the bracket around a place; less than 0 if there is none} */
    private static int opening(List<Token> body, int place) {
        int depth = 0;
        for (int at = place - 1; at >= 0; at--) {
            Token token = body.get(at);
            depth += token.is(")") || token.is("]") || token.is("}") ? 1 : 0;
            if (token.is("(") || token.is("[") || token.is("{")) {
                if (depth == 0) {
                    return at;
                }
                depth--;
            }
        }
        return -1;
    }
}
