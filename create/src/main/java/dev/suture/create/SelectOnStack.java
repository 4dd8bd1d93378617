package dev.suture.create;

import dev.suture.diff.Comparison;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Select;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.PieceId;
import dev.suture.diff.TargetTraits;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.payload.Stack;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Decides what goes into a payload on top of others, which is made from the source with their patches.
 *
 * <p>What runs is not in every function what that source compiles to: a payload below may have left one out, because only
 * the compiler had changed it ({@link LeaveOutDrift}). That was proved for what was replaced then. An example: {@code f}
 * keeps a value in a register around its call of {@code g}, which leaves that register alone. The first patch makes the
 * compiler inline otherwise, and the {@code f} of its build no longer does so; the running one is left. The second patch
 * changes {@code g}, which now uses the register. In both builds for it {@code f} is the same, and right; what runs is not.
 * So where code of an object is replaced, such functions of that object are replaced as well.
 *
 * <p>For the same reason nothing is left out here: what drifted is told by the source that the target was built from.
 */
final class SelectOnStack {
    private static final String REASON = "a payload below left it as it ran, though its source compiled to other code";

    private SelectOnStack() {}

    /**
     * {@return what goes into a payload}
     *
     * @param below what the payloads below it have made of the source
     */
    static Selection select(List<Comparison> comparisons, TargetTraits traits, Stack below) {
        Selection selection = Select.select(comparisons, traits);
        Set<Integer> reached = selection.chosen().stream()
                .filter(chosen -> chosen.piece().isCode())
                .map(chosen -> chosen.id().object())
                .collect(Collectors.toSet());
        Map<PieceId, String> left = new TreeMap<>();
        for (int object : reached) {
            Comparison comparison = comparisons.get(object);
            for (Piece piece : comparison.patched().pieces()) {
                comparison
                        .correlation()
                        .twinOfPatched(piece)
                        .filter(twin -> isLeft(comparison.original(), twin, below))
                        .ifPresent(twin -> left.put(new PieceId(object, piece.index()), REASON));
            }
        }
        return left.isEmpty() ? selection : Select.select(comparisons, traits, Map.of(), left);
    }

    private static boolean isLeft(ObjectPieces original, Piece piece, Stack below) {
        return piece.kind() == Piece.Kind.FUNCTION
                && piece.symbols().stream()
                        .map(symbol -> name(original, symbol))
                        .anyMatch(below.left()::containsKey);
    }

    private static String name(ObjectPieces object, Symbol symbol) {
        return symbol.isLocal() ? Image.targetNameOfLocal(object.sourceFile(), symbol.name()) : symbol.name();
    }
}
