package dev.suture.source;

import dev.suture.source.Token.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds places in memory that a patch gives another meaning, as far as a source shows it: one changed function puts
 * something else there than before, and another changed function reads it in another way.
 *
 * <pre>
 *   o-&gt;timeout = 5;      becomes  o-&gt;timeout = 5000;      in make()
 *   wait(o-&gt;timeout * 1000);      wait(o-&gt;timeout);       in check()
 * </pre>
 *
 * <p>No layout and no type tells that. It need not be wrong, either: many fixes limit what is stored, and check it where it
 * is read. So this is for a warning. A place is the member of an object, or a variable that lives as long as the program; a
 * member of a variable of the function's own is none.
 */
public final class ChangedStores {
    private static final Set<String> ASSIGNMENTS =
            Set.of("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "++", "--");

    private final Bodies original;
    private final Bodies patched;
    private final Set<String> memory;

    /**
     * What was found.
     *
     * @param place the member or variable
     * @param writer who puts something else there
     * @param store the new code that does
     * @param reader who reads it otherwise
     * @param read the new code that does
     */
    public record Found(String place, String writer, String store, String reader, String read) {}

    /** What a function does with each place: code that writes it, and code that reads it. */
    private record Uses(Map<String, Set<String>> stores, Map<String, Set<String>> reads) {}

    private ChangedStores(List<String> originals, List<String> patcheds, Set<String> memory) {
        original = Bodies.of(originals);
        patched = Bodies.of(patcheds);
        this.memory = memory;
    }

    /**
     * {@return what was found, one for each place}
     *
     * @param originals the sources that a patch touches, without it
     * @param patcheds the same with it
     * @param memory names of variables that live as long as the program
     */
    public static List<Found> find(List<String> originals, List<String> patcheds, Set<String> memory) {
        return new ChangedStores(originals, patcheds, memory).find();
    }

    private List<Found> find() {
        Map<String, Map<String, String>> writers = new LinkedHashMap<>();
        Map<String, Map<String, String>> readers = new LinkedHashMap<>();
        for (String function : original.changed(patched)) {
            Uses before = uses(original, function);
            Uses after = uses(patched, function);
            difference(before.stores(), after.stores())
                    .forEach((place, code) -> writers.computeIfAbsent(place, _ -> new LinkedHashMap<>())
                            .put(function, code));
            difference(before.reads(), after.reads())
                    .forEach((place, code) -> readers.computeIfAbsent(place, _ -> new LinkedHashMap<>())
                            .put(function, code));
        }
        List<Found> found = new ArrayList<>();
        writers.forEach((place, stores) -> stores.forEach((writer, store) -> readers.getOrDefault(place, Map.of())
                .forEach((reader, read) -> {
                    boolean isFirst =
                            found.stream().noneMatch(one -> one.place().equals(place));
                    if (isFirst && !reader.equals(writer)) {
                        found.add(new Found(place, writer, store, reader, read));
                    }
                })));
        return found;
    }

    /** {@return the places of which the patched code is another, with the first of it that is new, or else that is gone} */
    private static Map<String, String> difference(Map<String, Set<String>> before, Map<String, Set<String>> after) {
        Map<String, String> found = new LinkedHashMap<>();
        Set<String> places = new LinkedHashSet<>(after.keySet());
        places.addAll(before.keySet());
        for (String place : places) {
            Set<String> now = new LinkedHashSet<>(after.getOrDefault(place, Set.of()));
            Set<String> gone = new LinkedHashSet<>(before.getOrDefault(place, Set.of()));
            now.removeAll(before.getOrDefault(place, Set.of()));
            gone.removeAll(after.getOrDefault(place, Set.of()));
            if (!now.isEmpty() || !gone.isEmpty()) {
                found.put(
                        place,
                        now.isEmpty()
                                ? gone.iterator().next() + ", which is gone"
                                : now.iterator().next());
            }
        }
        return found;
    }

    private Uses uses(Bodies bodies, String function) {
        Uses uses = new Uses(new HashMap<>(), new HashMap<>());
        for (List<Token> statement : bodies.statements(function)) {
            Set<Integer> targets = new LinkedHashSet<>();
            for (int at = 0; at < statement.size(); at++) {
                if (ASSIGNMENTS.contains(statement.get(at).text())
                        && statement.get(at).kind() == Kind.PUNCTUATION) {
                    int target = target(statement, at);
                    if (target >= 0) {
                        add(uses.stores(), statement.get(target).text(), code(statement, at));
                        // What is indexed may be a pointer, which is read for that.
                        boolean isIndexed = target + 1 < statement.size()
                                && statement.get(target + 1).is("[");
                        if (statement.get(at).is("=") && !isIndexed) {
                            targets.add(target);
                        }
                    }
                }
            }
            for (int at = 0; at < statement.size(); at++) {
                if (!targets.contains(at) && isPlace(statement, at)) {
                    add(uses.reads(), statement.get(at).text(), ConstantUses.text(statement));
                }
            }
        }
        return uses;
    }

    private static void add(Map<String, Set<String>> uses, String place, String code) {
        uses.computeIfAbsent(place, _ -> new LinkedHashSet<>()).add(code);
    }

    /** {@return where the name of what an assignment writes is; less than 0 if that is no place} */
    private int target(List<Token> statement, int assignment) {
        int at = assignment - 1;
        int depth = 0;
        int inside = -1;
        while (at >= 0) {
            Token token = statement.get(at);
            depth += token.is(")") || token.is("]") ? 1 : 0;
            depth -= token.is("(") || token.is("[") ? 1 : 0;
            if (depth < 0 || depth == 0 && (token.is(",") || token.is("=") || token.is("&&") || token.is("||"))) {
                return inside;
            }
            if (isPlace(statement, at)) {
                if (depth == 0) {
                    return at;
                }
                inside = inside < 0 ? at : inside;
            } else if (depth == 0 && token.isWord()) {
                // `*p = x` and `(*p)[i] = x` write where a pointer leads, `p = x` does not.
                return at > 0 && statement.get(at - 1).is("*") ? inside : -1;
            }
            at--;
        }
        return inside;
    }

    private static String code(List<Token> statement, int assignment) {
        int from = assignment;
        int to = assignment;
        while (from > 0
                && !statement.get(from - 1).is(",")
                && !statement.get(from - 1).is("=")) {
            from--;
        }
        int depth = 0;
        while (to + 1 < statement.size()
                && depth >= 0
                && !(depth == 0 && statement.get(to + 1).is(","))) {
            to++;
            depth += statement.get(to).is("(") ? 1 : statement.get(to).is(")") ? -1 : 0;
        }
        return ConstantUses.text(statement.subList(from, to + 1));
    }

    private boolean isPlace(List<Token> statement, int at) {
        Token token = statement.get(at);
        if (!token.isWord() || ConstantUses.isKeyword(token)) {
            return false;
        }
        Token before = at == 0 ? null : statement.get(at - 1);
        boolean isCall = at + 1 < statement.size() && statement.get(at + 1).is("(");
        if (before != null && before.is("->")) {
            return !isCall;
        }
        if (before != null && before.is(".")) {
            return at > 1 && !isCall && isReached(statement, at - 2);
        }
        boolean isDeclared = before != null && before.isWord() && !ConstantUses.isKeyword(before);
        return memory.contains(token.text()) && !isDeclared && !isCall;
    }

    /** {@return whether what is in front of a dot lives longer than the function} */
    private boolean isReached(List<Token> statement, int at) {
        Token token = statement.get(at);
        return token.is("]") || token.is(")") || isPlace(statement, at);
    }
}
