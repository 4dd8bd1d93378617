package dev.suture.diff;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Which functions of one object the code of which others leads to, without leaving the object.
 *
 * <p>Every reference from code to code counts as a call. Calls through pointers that data holds do not: about those the
 * compiler knows nothing but the calling convention.
 */
public final class CallsWithin {
    private final ObjectPieces object;
    /** For each piece of code the pieces of code that it refers to. */
    private final List<Set<Integer>> calls = new ArrayList<>();

    public CallsWithin(ObjectPieces object) {
        this.object = object;
        for (Piece piece : object.pieces()) {
            Set<Integer> called = new HashSet<>();
            calls.add(called);
            if (piece.isCode()) {
                collect(piece, called);
                // Replacements of alternatives are code of the function, too.
                object.attachments(piece).forEach(entry -> collect(entry, called));
                called.remove(piece.index());
            }
        }
    }

    private void collect(Piece piece, Set<Integer> called) {
        for (Reference reference : object.references(piece)) {
            if (reference.target() instanceof Reference.InPiece target
                    && object.pieces().get(target.pieceIndex()).isCode()) {
                called.add(target.pieceIndex());
            }
        }
    }

    /** {@return the pieces of code that those of a function lead to, directly or through others; without itself} */
    public Set<Integer> from(int function) {
        Set<Integer> reached = new HashSet<>();
        ArrayDeque<Integer> open = new ArrayDeque<>(List.of(function));
        while (!open.isEmpty()) {
            for (int called : calls.get(open.remove())) {
                if (reached.add(called)) {
                    open.add(called);
                }
            }
        }
        reached.remove(function);
        return reached;
    }

    /** {@return the functions whose code leads to one, directly or through others; without itself} */
    public Set<Integer> to(int function) {
        Set<Integer> leading = new HashSet<>(Set.of(function));
        boolean grows = true;
        while (grows) {
            grows = false;
            for (int caller = 0; caller < calls.size(); caller++) {
                if (!leading.contains(caller) && calls.get(caller).stream().anyMatch(leading::contains)) {
                    leading.add(caller);
                    grows = true;
                }
            }
        }
        leading.remove(function);
        return leading;
    }

    /** {@return whether the code of one piece refers to that of another itself} */
    public boolean isDirect(int caller, int called) {
        return calls.get(caller).contains(called);
    }
}
