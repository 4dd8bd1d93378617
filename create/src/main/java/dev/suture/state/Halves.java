package dev.suture.state;

import dev.suture.diff.Piece.Kind;
import dev.suture.diff.Reference;
import dev.suture.state.Functions.Node;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Finds the unlikely halves of functions, which are followed as one with them.
 *
 * <p>A half is of a function if nothing else leads there, and that only by jumps: so all registers and the stack are as the
 * function has them. Data that leads there may be a table of anybody's.
 */
final class Halves {
    private final Functions functions;

    private Halves(Functions functions) {
        this.functions = functions;
    }

    /** {@return the functions that pieces are halves of} */
    static Map<Node, Node> find(Functions functions) {
        Halves halves = new Halves(functions);
        Map<Node, Set<Node>> leading = new LinkedHashMap<>();
        for (Node node : functions.all()) {
            for (Reference reference : functions.object(node).references(functions.piece(node))) {
                functions
                        .target(node, reference)
                        .filter(to -> !to.equals(node) && halves.isFragment(to))
                        .ifPresent(to -> leading.computeIfAbsent(to, _ -> new LinkedHashSet<>())
                                .add(node));
            }
        }
        Map<Node, Node> found = new HashMap<>();
        leading.forEach((half, users) -> {
            Node whole = users.iterator().next();
            if (users.size() == 1 && halves.isHalf(whole, half)) {
                found.put(half, whole);
            }
        });
        return found;
    }

    private boolean isFragment(Node node) {
        return functions.piece(node).kind() == Kind.FRAGMENT;
    }

    private boolean isHalf(Node whole, Node half) {
        if (functions.piece(whole).kind() != Kind.FUNCTION || isInData(half)) {
            return false;
        }
        Flow flow = new Flow(functions.object(whole), List.of(functions.piece(whole)), Set.of());
        for (int step = 0; step < flow.steps().size(); step++) {
            for (Reference reference : flow.in(step)) {
                boolean isMeant = functions.target(whole, reference).equals(Optional.of(half));
                if (isMeant && !flow.isJump(step)) {
                    return false;
                }
            }
        }
        return flow.isComplete();
    }

    private boolean isInData(Node half) {
        return functions.object(half).pieces().stream()
                .filter(user -> !user.isCode() && user.kind() != Kind.SPECIAL_ENTRY)
                .anyMatch(user -> functions.object(half).references(user).stream()
                        .anyMatch(reference -> reference.target() instanceof Reference.InPiece target
                                && target.pieceIndex() == half.piece()));
    }
}
