package dev.suture.state;

import dev.suture.diff.Reference;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.isa.Instruction;
import dev.suture.state.Functions.Node;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Finds changed functions that tell the C library in which order things are: what {@code qsort(all, n, size, compare)} left in
 * the old order is searched in the new one, be it by code that never names {@code compare}.
 */
public final class Orders {
    /** Functions that are given one which compares. @see "ISO C 7.22.5; POSIX.1, tsearch and scandir" */
    private static final Set<String> SORTED = Set.of(
            "qsort", "qsort_r", "bsearch", "tsearch", "tfind", "tdelete", "lfind", "lsearch", "scandir", "fts_open");

    private Orders() {}

    /** {@return what is to be said of them, a sentence without a full stop each} */
    public static List<String> warnings(Selection selection, Target running) {
        if (selection.replaced().isEmpty()) {
            return List.of();
        }
        Functions functions = new Functions(selection, running);
        Map<String, Set<String>> found = new TreeMap<>();
        for (Chosen chosen : selection.replaced()) {
            Node node = new Node(chosen.id().object(), chosen.piece().index());
            if (functions.all().contains(node)) {
                for (Node user : functions.usersOf(node)) {
                    note(functions, user, node, found);
                }
            }
        }
        return found.entrySet().stream()
                .map(entry ->
                        "`%s` changed, and it tells the C library in which order things are (%s): what the running system has in the old order is looked for in the new one"
                                .formatted(entry.getKey(), String.join(", ", entry.getValue())))
                .toList();
    }

    private static void note(Functions functions, Node user, Node node, Map<String, Set<String>> found) {
        Flow flow = functions.flow(user);
        for (int step = 0; step < flow.steps().size(); step++) {
            for (Reference reference : flow.in(step)) {
                boolean isGiven = !flow.isBranch(step)
                        && functions.target(user, reference).equals(Optional.of(node));
                if (isGiven) {
                    next(functions, user, flow, step)
                            .ifPresent(name -> found.computeIfAbsent(functions.name(node), _ -> new TreeSet<>())
                                    .add("`%s` by `%s`".formatted(name, functions.name(user))));
                }
            }
        }
    }

    /** {@return the function of those that is called next, on whatever way} */
    private static Optional<String> next(Functions functions, Node user, Flow flow, int step) {
        for (int at = step + 1; at < flow.steps().size(); at++) {
            boolean isCall = flow.steps().get(at).flow() == Instruction.Flow.CALL || flow.isJump(at) && flow.isExit(at);
            if (isCall
                    && functions.callee(user, at) instanceof Callee.Library library
                    && SORTED.contains(library.name())) {
                return Optional.of(library.name());
            }
        }
        return Optional.empty();
    }
}
