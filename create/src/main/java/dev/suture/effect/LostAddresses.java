package dev.suture.effect;

import dev.suture.Refusal;
import dev.suture.diff.Comparison;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Piece.Kind;
import dev.suture.diff.Reference;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Finds functions whose address code handed out before and does not hand out any more: timers, handlers and hooks that
 * were registered with it keep it.
 *
 * <p>A function that keeps its name is replaced at its place, and all who have its address follow. One that gets another
 * name is, for those, the old one for ever: {@code set_timer(&t, on_tick)} becomes {@code set_timer(&t, on_tick2)}, and
 * each timer that was set before goes on calling {@code on_tick}.
 */
final class LostAddresses {
    private final List<Comparison> objects;
    private final Predicate<String> isOfProgram;
    private final Predicate<String> callsAtOnce;

    /** Who hands out which functions. The functions are keys: a name for a global one, else with its object. */
    private record Taken(Map<String, Set<String>> byTaker, Map<String, String> names) {
        Set<String> takers(String function) {
            Set<String> takers = new TreeSet<>();
            byTaker.forEach((taker, functions) -> {
                if (functions.contains(function)) {
                    takers.add(taker);
                }
            });
            return takers;
        }
    }

    /**
     * @param isOfProgram whether the running program has a global function of that name
     * @param callsAtOnce whether a function, by name, only calls what it is given and keeps nothing
     */
    LostAddresses(List<Comparison> objects, Predicate<String> isOfProgram, Predicate<String> callsAtOnce) {
        this.objects = objects;
        this.isOfProgram = isOfProgram;
        this.callsAtOnce = callsAtOnce;
    }

    List<Refusal> refusals() {
        List<Refusal> refusals = new ArrayList<>();
        Taken before = new Taken(new TreeMap<>(), new LinkedHashMap<>());
        Taken after = new Taken(new TreeMap<>(), new LinkedHashMap<>());
        Map<String, String> objectOf = new LinkedHashMap<>();
        for (Comparison comparison : objects) {
            collect(comparison, comparison.original(), false, before, objectOf);
            collect(comparison, comparison.patched(), true, after, objectOf);
        }
        before.byTaker().forEach((taker, functions) -> {
            Set<String> now = after.byTaker().getOrDefault(taker, Set.of());
            for (String function : functions) {
                Set<String> newTakers = new LinkedHashSet<>(after.takers(function));
                newTakers.removeAll(before.takers(function));
                if (!now.contains(function) && newTakers.isEmpty()) {
                    List<String> instead = now.stream()
                            .filter(other -> !functions.contains(other))
                            .map(other -> after.names().get(other))
                            .toList();
                    refusals.add(EffectRefusals.lost(
                            objectOf.get(taker),
                            before.names().get(function),
                            taker.substring(taker.indexOf('#') + 1),
                            instead));
                }
            }
        });
        return refusals;
    }

    private void collect(
            Comparison comparison, ObjectPieces object, boolean isPatched, Taken taken, Map<String, String> objectOf) {
        for (Piece piece : object.pieces()) {
            if (piece.kind() == Kind.FUNCTION) {
                String taker = key(comparison, piece, isPatched);
                objectOf.put(taker, comparison.name());
                Set<String> functions = new LinkedHashSet<>();
                collect(comparison, object, piece, isPatched, functions, taken.names(), new LinkedHashSet<>());
                if (!functions.isEmpty()) {
                    taken.byTaker()
                            .computeIfAbsent(taker, _ -> new LinkedHashSet<>())
                            .addAll(functions);
                }
            }
        }
    }

    /** What a fragment hands out counts as its function's. */
    private void collect(
            Comparison comparison,
            ObjectPieces object,
            Piece piece,
            boolean isPatched,
            Set<String> functions,
            Map<String, String> names,
            Set<Piece> seen) {
        if (!seen.add(piece)) {
            return;
        }
        ObjectCode code = new ObjectCode(object, piece);
        for (Reference reference : object.references(piece)) {
            switch (reference.target()) {
                case Reference.InPiece target -> {
                    Piece used = object.pieces().get(target.pieceIndex());
                    if (used.kind() == Kind.FRAGMENT) {
                        collect(comparison, object, used, isPatched, functions, names, seen);
                    } else if (used.kind() == Kind.FUNCTION && target.delta() == 0 && !isHarmless(code, reference)) {
                        String key = key(comparison, used, isPatched);
                        functions.add(key);
                        names.put(key, used.name());
                    }
                }
                case Reference.Elsewhere target -> {
                    String name = target.symbol().name();
                    if (isOfProgram.test(name) && !isHarmless(code, reference)) {
                        functions.add(name);
                        names.put(name, name);
                    }
                }
                case Reference.Constant _, Reference.Nothing _ -> {}
            }
        }
    }

    private boolean isHarmless(ObjectCode code, Reference reference) {
        return code.isBranch(reference)
                || code.callBehind(reference).filter(callsAtOnce).isPresent();
    }

    /** Twins have one key: that of the original. */
    private static String key(Comparison comparison, Piece piece, boolean isPatched) {
        Piece known = isPatched ? comparison.correlation().twinOfPatched(piece).orElse(piece) : piece;
        return known.isGlobal() ? known.name() : comparison.name() + "#" + known.name();
    }
}
