package dev.suture.explain;

import dev.suture.diff.Comparison;
import dev.suture.diff.Comparison.Status;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.explain.ExplainedPatch.SameThough;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Says of functions that do the same what in the file is not the same all the same.
 *
 * <p>A patch that adds a string moves all strings behind it, and one that adds a static variable {@code last.1} makes the
 * next one {@code last.2}: relocations of functions nobody touched then name other places and other symbols.
 */
final class SameNoise {
    /** Where in the addend of a reference to a bug frame's place the line number begins. */
    private static final int LINE_SHIFT = 24;

    private final Comparison comparison;
    private final ObjectPieces original;
    private final ObjectPieces patched;

    private SameNoise(Comparison comparison) {
        this.comparison = comparison;
        original = comparison.original();
        patched = comparison.patched();
    }

    static List<SameThough> find(Comparison comparison) {
        SameNoise noise = new SameNoise(comparison);
        List<SameThough> found = new ArrayList<>();
        for (Piece piece : comparison.patched().pieces()) {
            if (piece.kind() == Piece.Kind.FUNCTION && comparison.status(piece) == Status.SAME) {
                Set<String> what = new LinkedHashSet<>();
                noise.collect(comparison.correlation().twinOfPatched(piece).orElseThrow(), piece, what);
                if (!what.isEmpty()) {
                    found.add(new SameThough(comparison.name(), piece.name(), List.copyOf(what)));
                }
            }
        }
        return found;
    }

    private void collect(Piece before, Piece after, Set<String> what) {
        if (!before.name().equals(after.name())) {
            what.add("it was `%s`".formatted(before.name()));
        }
        if (original.contents(before).mismatch(patched.contents(after)) >= 0) {
            what.add("no-ops that align its loops differ, because it is at another place of its section");
        }
        List<Reference> befores = original.references(before);
        List<Reference> afters = patched.references(after);
        for (int i = 0; i < Math.min(befores.size(), afters.size()); i++) {
            compare(befores.get(i), afters.get(i), what);
        }
        List<Piece> entriesBefore = original.attachments(before);
        List<Piece> entriesAfter = patched.attachments(after);
        for (int i = 0; i < Math.min(entriesBefore.size(), entriesAfter.size()); i++) {
            if (line(original, entriesBefore.get(i)) != line(patched, entriesAfter.get(i))) {
                what.add("line numbers in its entries of %s differ, which only reports show"
                        .formatted(entriesAfter.get(i).section().name()));
            }
        }
    }

    private void compare(Reference was, Reference is, Set<String> what) {
        if (!(was.target() instanceof Reference.InPiece before) || !(is.target() instanceof Reference.InPiece after)) {
            return;
        }
        Piece old = original.pieces().get(before.pieceIndex());
        Piece now = patched.pieces().get(after.pieceIndex());
        if (now.isNamed()) {
            if (!old.name().equals(now.name())) {
                String how = comparison
                        .correlation()
                        .matchedBy(now)
                        .map(ExplainText::words)
                        .orElse("");
                what.add("it refers to `%s`, which was `%s`: matched by %s".formatted(now.name(), old.name(), how));
            }
            return;
        }
        boolean moved = old.sectionOffset() != now.sectionOffset()
                || !old.section().name().equals(now.section().name());
        if (moved) {
            what.add(
                    switch (now.kind()) {
                        case STRING -> "strings that it refers to are at other places and have the same text";
                        case CONSTANT -> "constants that it refers to are at other places and have the same value";
                        case FUNCTION, FRAGMENT, ASSEMBLY, DATA, NAMELESS_DATA, SPECIAL_ENTRY ->
                            "what it refers to in %s is at another place and is the same"
                                    .formatted(now.section().name());
                    });
        }
    }

    /** {@return what stands above the distance in the first field of a bug frame; 0 for all other entries} */
    private static long line(ObjectPieces object, Piece entry) {
        if (!entry.section().name().startsWith(".bug_frames")
                || object.references(entry).isEmpty()) {
            return 0;
        }
        return object.references(entry).getFirst().relocation().addend() >> LINE_SHIFT;
    }
}
