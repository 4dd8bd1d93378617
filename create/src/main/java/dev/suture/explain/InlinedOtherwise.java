package dev.suture.explain;

import dev.suture.diff.Comparison;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Says of a changed function that calls of it became inlined or were inlined and are calls now.
 *
 * <p>A compiler decides anew what to inline whenever anything in a source changes. A function that nobody touched may then
 * come out as other code that does the same. Whether it is such a one, two objects cannot tell; that it may be, they can.
 */
final class InlinedOtherwise {
    private static final Pattern PART = Pattern.compile("\\.(part|isra|constprop|cold).*$");

    private InlinedOtherwise() {}

    /** {@return what to say, a sentence without a full stop; empty if there is nothing} */
    static String note(Comparison comparison, Piece original, Piece patched, SourcePlaces before, SourcePlaces after) {
        Set<String> inlinedBefore = before.inlinedInto(original);
        Set<String> inlinedAfter = after.inlinedInto(patched);
        Set<String> inlined = new TreeSet<>(inlinedAfter);
        inlined.removeAll(inlinedBefore);
        inlined.retainAll(called(comparison.original(), original));
        Set<String> outlined = new TreeSet<>(inlinedBefore);
        outlined.removeAll(inlinedAfter);
        outlined.retainAll(called(comparison.patched(), patched));
        if (inlined.isEmpty() && outlined.isEmpty()) {
            return "";
        }
        String now = inlined.isEmpty() ? "" : "has %s inlined, which it called before".formatted(names(inlined));
        String noLonger = outlined.isEmpty() ? "" : "calls %s, which it had inlined".formatted(names(outlined));
        return "maybe only the compiler's choice: it now %s%s%s. If the patch touches neither, it need not be replaced; `suture build` finds that out from the source"
                .formatted(now, !now.isEmpty() && !noLonger.isEmpty() ? ", and " : "", noLonger);
    }

    private static String names(Set<String> names) {
        return names.stream().map("`%s`"::formatted).collect(Collectors.joining(", "));
    }

    private static Set<String> called(ObjectPieces object, Piece function) {
        Set<String> names = new TreeSet<>();
        for (Reference reference : object.references(function)) {
            if (reference.target() instanceof Reference.InPiece target) {
                Piece piece = object.pieces().get(target.pieceIndex());
                if (piece.kind() == Piece.Kind.FUNCTION) {
                    names.add(PART.matcher(piece.name()).replaceFirst(""));
                }
            }
        }
        return names;
    }
}
