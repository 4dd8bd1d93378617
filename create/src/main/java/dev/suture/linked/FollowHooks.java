package dev.suture.linked;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.diff.SectionRole;
import dev.suture.payload.PayloadSections;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Finds what the hooks of a patch lead to that run before the new code does. */
final class FollowHooks {
    private static final List<String> BEFORE = List.of("load", "preapply", "apply");

    private FollowHooks() {}

    /** {@return the pieces of the patched objects that code of these hooks, and what it leads to, refers to} */
    static Set<Part> reached(Side patched) {
        ArrayDeque<Part> open = new ArrayDeque<>();
        for (ObjectPieces object : patched.objects()) {
            for (Piece piece : object.pieces()) {
                boolean isHook = piece.role() == SectionRole.HOOKS
                        && BEFORE.stream()
                                .anyMatch(kind -> piece.section().name().equals(PayloadSections.HOOKS + kind));
                if (isHook) {
                    open.add(new Part(object, piece));
                }
            }
        }
        Set<Part> reached = new HashSet<>();
        while (!open.isEmpty()) {
            Part part = open.remove();
            if (reached.add(part)) {
                part.object()
                        .references(part.piece())
                        .forEach(reference -> open.addAll(targets(patched, part, reference)));
            }
        }
        return reached;
    }

    private static List<Part> targets(Side patched, Part from, Reference reference) {
        return switch (reference.target()) {
            case Reference.InPiece target ->
                List.of(new Part(from.object(), from.object().pieces().get(target.pieceIndex())));
            case Reference.Elsewhere target -> patched.linked(Part.plain(target.symbol()));
            case Reference.Constant _, Reference.Nothing _ -> List.of();
        };
    }
}
