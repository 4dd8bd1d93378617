package dev.suture.state;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Piece.Kind;
import dev.suture.diff.Reference;
import dev.suture.diff.SectionRole;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.LeftOut;
import dev.suture.image.Image;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The code of all patched objects that runs once the payload is there, and who leads to whom among it. */
final class Functions {
    /** The hooks that run before the first call of the new code. */
    private static final Set<String> BEFORE =
            Set.of(".livepatch.hooks.load", ".livepatch.hooks.preapply", ".livepatch.hooks.apply");

    /** A piece of code. Two are the same if they are of the same place. */
    record Node(int object, int piece) {}

    private final Selection selection;
    private final Function<String, Optional<Set<String>>> callers;
    private final Set<String> names = new HashSet<>();
    private final Map<String, Node> globals = new HashMap<>();
    private final Map<Node, Set<Node>> usersOf = new HashMap<>();
    private final Map<Node, Flow> flows = new HashMap<>();
    private final Set<Node> all = new LinkedHashSet<>();

    /** @param callers see {@link SetEarlier#find} */
    Functions(Selection selection, Function<String, Optional<Set<String>>> callers) {
        this.selection = selection;
        this.callers = callers;
        for (int object = 0; object < selection.objects().size(); object++) {
            ObjectPieces patched = selection.objects().get(object).patched();
            for (Piece piece : patched.pieces()) {
                if (piece.isCode() && piece.role() != SectionRole.INIT && !isOver(object, piece)) {
                    Node node = new Node(object, piece.index());
                    all.add(node);
                    names.add(targetName(node));
                    if (piece.kind() == Kind.FUNCTION && piece.isGlobal()) {
                        globals.putIfAbsent(piece.name(), node);
                    }
                }
            }
        }
        for (Node node : all) {
            for (Reference reference : object(node).references(piece(node))) {
                target(node, reference)
                        .ifPresent(target -> usersOf.computeIfAbsent(target, _ -> new LinkedHashSet<>())
                                .add(node));
            }
        }
    }

    /** What is left out because it ran when everything started is judged there. */
    private boolean isOver(int object, Piece piece) {
        String name = selection.objects().get(object).name();
        return piece.isNamed()
                && selection.leftOut().stream()
                        .anyMatch(left -> left.cause() == LeftOut.Cause.AT_START
                                && left.object().equals(name)
                                && left.symbol().equals(piece.name()));
    }

    ObjectPieces object(Node node) {
        return selection.objects().get(node.object()).patched();
    }

    Piece piece(Node node) {
        return object(node).pieces().get(node.piece());
    }

    Set<Node> all() {
        return all;
    }

    Flow flow(Node node) {
        return flows.computeIfAbsent(node, missing -> new Flow(object(missing), piece(missing)));
    }

    /** {@return the code of the patched objects that a reference leads to, be it to its beginning or not} */
    Optional<Node> target(Node from, Reference reference) {
        Optional<Node> found = switch (reference.target()) {
            case Reference.InPiece target -> Optional.of(new Node(from.object(), target.pieceIndex()));
            case Reference.Elsewhere target ->
                Optional.ofNullable(globals.get(target.symbol().name()));
            case Reference.Constant _, Reference.Nothing _ -> Optional.empty();
        };
        return found.filter(all::contains);
    }

    /** {@return some code and all of the patched objects that leads to it} */
    Set<Node> withAllUsers(Set<Node> some) {
        Set<Node> found = new LinkedHashSet<>(some);
        ArrayDeque<Node> open = new ArrayDeque<>(some);
        while (!open.isEmpty()) {
            for (Node user : usersOf.getOrDefault(open.remove(), Set.of())) {
                if (found.add(user)) {
                    open.add(user);
                }
            }
        }
        return found;
    }

    /** {@return whether something that is not looked at may start it: another object, or who has its address} */
    boolean isRoot(Node node) {
        return isStartedElsewhere(node)
                || usersOf.getOrDefault(node, Set.of()).stream().anyMatch(user -> takesAddress(user, node));
    }

    /** {@return whether something else than the code that leads to it here may start it} */
    boolean isStartedElsewhere(Node node) {
        Piece piece = piece(node);
        boolean isSeen = piece.kind() == Kind.FRAGMENT
                || piece.kind() == Kind.FUNCTION
                        && (!piece.isGlobal()
                                || callers.apply(piece.name())
                                        .filter(names::containsAll)
                                        .isPresent());
        if (!isSeen || usersOf.getOrDefault(node, Set.of()).isEmpty()) {
            return true;
        }
        return object(node).pieces().stream()
                .filter(user -> !user.isCode() && user.kind() != Kind.SPECIAL_ENTRY)
                .anyMatch(user -> refersTo(user, node));
    }

    private boolean refersTo(Piece user, Node node) {
        return object(node).references(user).stream()
                .anyMatch(reference -> reference.target() instanceof Reference.InPiece target
                        && target.pieceIndex() == node.piece()
                        && target.delta() == 0);
    }

    private String targetName(Node node) {
        Piece piece = piece(node);
        return piece.isGlobal() || piece.symbols().isEmpty()
                ? piece.name()
                : Image.targetNameOfLocal(object(node).sourceFile(), piece.name());
    }

    private boolean takesAddress(Node user, Node node) {
        Flow flow = flow(user);
        for (int step = 0; step < flow.steps().size(); step++) {
            for (Reference reference : flow.in(step)) {
                if (!flow.isBranch(step) && target(user, reference).equals(Optional.of(node))) {
                    return true;
                }
            }
        }
        return false;
    }

    /** {@return the code that refers to a variable} */
    Set<Node> usersOf(Variable variable) {
        Set<Node> found = new LinkedHashSet<>();
        for (Node node : all) {
            if (object(node).references(piece(node)).stream()
                    .anyMatch(reference -> variable.isMeantBy(node.object(), reference))) {
                found.add(node);
            }
        }
        return found;
    }

    /** {@return whether code that a hook leads to, which runs before or when the new code comes, refers to a variable} */
    boolean isSetByHook(Variable variable) {
        return reachedFrom(
                        hooks(chosen -> BEFORE.contains(chosen.piece().section().name())))
                .stream()
                .anyMatch(node -> object(node).references(piece(node)).stream()
                        .anyMatch(reference -> variable.isMeantBy(node.object(), reference)));
    }

    /**
     * {@return the code that only hooks lead to; none of it has run before the payload is there}
     *
     * <p>What the running program has by that name, what other data or code leads to, and what another object may call is
     * not among it.
     */
    Set<Node> onlyInHooks() {
        Set<Node> hooks = hooks(_ -> true);
        Set<Node> found = reachedFrom(hooks);
        found.retainAll(all);
        found.removeIf(node -> isKnown(node) || isInOtherData(node, hooks));
        Predicate<Node> isUsedByOthers = node -> !found.containsAll(usersOf.getOrDefault(node, Set.of()));
        while (found.removeIf(isUsedByOthers)) {
            // Each that goes may have been what another's place was owed to.
        }
        return found;
    }

    private Set<Node> hooks(Predicate<Chosen> which) {
        return selection.chosen().stream()
                .filter(chosen -> chosen.why() == Selection.Why.HOOK && which.test(chosen))
                .map(chosen -> new Node(chosen.id().object(), chosen.piece().index()))
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** {@return some code and all of the patched objects that it leads to} */
    Set<Node> reachedFrom(Set<Node> some) {
        Set<Node> seen = new LinkedHashSet<>(some);
        ArrayDeque<Node> open = new ArrayDeque<>(some);
        while (!open.isEmpty()) {
            Node node = open.remove();
            for (Reference reference : object(node).references(piece(node))) {
                target(node, reference).filter(seen::add).ifPresent(open::add);
            }
        }
        return seen;
    }

    /** Whether the originals have it, too, be it in another object. */
    private boolean isKnown(Node node) {
        Piece piece = piece(node);
        return selection
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
        return object(node).pieces().stream()
                .filter(user -> !user.isCode()
                        && user.kind() != Kind.SPECIAL_ENTRY
                        && !hooks.contains(new Node(node.object(), user.index())))
                .anyMatch(user -> refersTo(user, node));
    }

    /** {@return the function that a reader knows a piece of code by} */
    String name(Node node) {
        Piece piece = piece(node);
        if (piece.kind() != Kind.FRAGMENT) {
            return piece.name();
        }
        List<String> owners = new ArrayList<>();
        for (Node user : usersOf.getOrDefault(node, Set.of())) {
            owners.add(piece(user).name());
        }
        return owners.isEmpty() ? piece.name() : owners.getFirst();
    }
}
