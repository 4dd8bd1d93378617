package dev.suture.explain;

import dev.suture.diff.Comparison;
import dev.suture.diff.Destinations;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.diff.Select;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.InPayload;
import dev.suture.diff.Selection.InTarget;
import dev.suture.diff.Selection.Named;
import dev.suture.diff.Selection.PieceId;
import dev.suture.diff.Selection.Why;
import dev.suture.explain.ExplainedPatch.Place;
import dev.suture.explain.ExplainedPatch.ReferenceLine;
import dev.suture.explain.ExplainedPatch.Thing;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds by which references each thing came into the payload, and what refers to what. */
final class Chains {
    private final Selection selection;
    private final Map<PieceId, Chosen> chosen;
    private final Destinations destinations;
    private final Map<PieceId, PieceId> broughtBy = new HashMap<>();

    Chains(Selection selection) {
        this.selection = selection;
        chosen = selection.byId();
        destinations = Select.destinations(selection);
        follow();
    }

    /** From what changed, everything is reached over as few references as possible. */
    private void follow() {
        ArrayDeque<PieceId> open = new ArrayDeque<>();
        for (Chosen root : selection.chosen()) {
            if (isRoot(root)) {
                open.add(root.id());
            }
        }
        while (!open.isEmpty()) {
            PieceId user = open.remove();
            for (PieceId used : used(user)) {
                Chosen piece = chosen.get(used);
                if (piece != null && !isRoot(piece) && broughtBy.putIfAbsent(used, user) == null) {
                    open.add(used);
                }
            }
        }
    }

    private static boolean isRoot(Chosen piece) {
        return piece.why() == Why.REPLACED || piece.why() == Why.HOOK;
    }

    private List<PieceId> used(PieceId user) {
        Comparison comparison = selection.objects().get(user.object());
        Piece piece = chosen.get(user).piece();
        List<PieceId> used = new ArrayList<>();
        for (Reference reference : comparison.patched().references(piece)) {
            if (destinations.of(user.object(), piece, reference) instanceof InPayload payload) {
                used.add(payload.id());
            }
        }
        comparison.patched().attachments(piece).forEach(entry -> used.add(new PieceId(user.object(), entry.index())));
        return used;
    }

    /** {@return what refers to what, from something that changed to this; empty if this changed itself} */
    List<String> chain(PieceId id) {
        if (!broughtBy.containsKey(id)) {
            return List.of();
        }
        List<String> chain = new ArrayList<>();
        for (PieceId at = id; at != null; at = broughtBy.get(at)) {
            chain.addFirst(name(at));
        }
        return chain;
    }

    private String name(PieceId id) {
        Comparison comparison = selection.objects().get(id.object());
        return NameTargets.text(comparison.patched(), chosen.get(id).piece(), 0);
    }

    /** {@return what refers to what; what has no name is counted to the function that uses it} */
    List<ReferenceLine> references() {
        Map<List<Thing>, Integer> counts = new LinkedHashMap<>();
        for (Chosen user : selection.chosen()) {
            Thing from = thing(owner(user.id()));
            Comparison comparison = selection.objects().get(user.id().object());
            for (Reference reference : comparison.patched().references(user.piece())) {
                to(user, from, reference)
                        .filter(to -> !to.id().equals(from.id()))
                        .ifPresent(to -> counts.merge(List.of(from, to), 1, Integer::sum));
            }
        }
        return counts.entrySet().stream()
                .map(entry -> new ReferenceLine(
                        entry.getKey().getFirst(), entry.getKey().getLast(), entry.getValue()))
                .toList();
    }

    private Optional<Thing> to(Chosen user, Thing from, Reference reference) {
        return switch (destinations.of(user.id().object(), user.piece(), reference)) {
            case InPayload payload ->
                Optional.ofNullable(chosen.get(payload.id())).map(used -> inPayload(from, used));
            case InTarget target ->
                Optional.of(new Thing(
                        "target %d.%d"
                                .formatted(target.object(), target.original().index()),
                        target.original().name(),
                        Place.TARGET));
            case Named named -> Optional.of(new Thing("symbol " + named.symbol(), named.symbol(), Place.TARGET));
            case Selection.Empty _, Selection.Fixed _ -> Optional.empty();
        };
    }

    private Thing inPayload(Thing from, Chosen used) {
        return switch (used.piece().kind()) {
            case STRING, CONSTANT, NAMELESS_DATA ->
                new Thing("constants of " + from.id(), "strings and constants of " + from.name(), Place.PAYLOAD);
            case FUNCTION, ASSEMBLY, DATA, FRAGMENT, SPECIAL_ENTRY -> thing(owner(used.id()));
        };
    }

    /** {@return what a reader thinks of as the thing that a nameless piece is part of} */
    private PieceId owner(PieceId id) {
        PieceId at = id;
        while (broughtBy.containsKey(at) && !chosen.get(at).piece().isNamed()) {
            at = broughtBy.get(at);
        }
        return at;
    }

    private Thing thing(PieceId id) {
        Chosen piece = chosen.get(id);
        Place place = switch (piece.why()) {
            case REPLACED -> Place.REPLACED;
            case HOOK -> Place.HOOK;
            case NEW, COPY, ENTRY -> Place.PAYLOAD;
        };
        return new Thing("payload %d.%d".formatted(id.object(), id.piece()), name(id), place);
    }
}
