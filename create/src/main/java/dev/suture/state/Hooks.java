package dev.suture.state;

import dev.suture.diff.Piece;
import dev.suture.diff.Piece.Kind;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.state.Functions.Node;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The code of a payload that runs when it comes or goes. */
final class Hooks {
    /** The hooks that run before the first call of the new code. */
    private static final Set<String> BEFORE =
            Set.of(".livepatch.hooks.load", ".livepatch.hooks.preapply", ".livepatch.hooks.apply");

    private final Functions functions;
    private final Selection selection;
    private final boolean isOfOriginals;

    Hooks(Functions functions, Selection selection, boolean isOfOriginals) {
        this.functions = functions;
        this.selection = selection;
        this.isOfOriginals = isOfOriginals;
    }

    /** {@return the code that a hook leads to which runs before the new code comes, or when it does} */
    Set<Node> before() {
        return functions.reachedFrom(
                with(chosen -> BEFORE.contains(chosen.piece().section().name())));
    }

    /**
     * {@return the code that only hooks lead to; none of it has run before the payload is there}
     *
     * <p>What the running program has by that name, what other data or code leads to, and what another object may call is
     * not among it.
     */
    Set<Node> alone() {
        Set<Node> hooks = all();
        Set<Node> found = functions.reachedFrom(hooks);
        found.retainAll(functions.all());
        found.removeIf(node -> isKnown(node) || isInOtherData(node, hooks));
        Predicate<Node> isUsedByOthers = node -> !found.containsAll(functions.usersOf(node));
        while (found.removeIf(isUsedByOthers)) {
            // Each that goes may have been what another's place was owed to.
        }
        return found;
    }

    /** {@return the data that has the addresses of the hooks} */
    Set<Node> all() {
        return with(_ -> true);
    }

    private Set<Node> with(Predicate<Chosen> which) {
        return selection.chosen().stream()
                .filter(chosen -> !isOfOriginals && chosen.why() == Selection.Why.HOOK && which.test(chosen))
                .map(chosen -> new Node(chosen.id().object(), chosen.piece().index()))
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** Whether the originals have it, too, be it in another object. */
    private boolean isKnown(Node node) {
        Piece piece = functions.piece(node);
        return isOfOriginals
                || selection
                        .objects()
                        .get(node.object())
                        .correlation()
                        .twinOfPatched(piece)
                        .isPresent()
                || piece.isGlobal()
                        && selection.objects().stream()
                                .flatMap(comparison -> comparison.original().pieces().stream())
                                .anyMatch(other ->
                                        other.isGlobal() && other.name().equals(piece.name()));
    }

    private boolean isInOtherData(Node node, Set<Node> hooks) {
        return functions.object(node).pieces().stream()
                .filter(user -> !user.isCode()
                        && user.kind() != Kind.SPECIAL_ENTRY
                        && !hooks.contains(new Node(node.object(), user.index())))
                .anyMatch(user -> functions.refersTo(user, node));
    }
}
