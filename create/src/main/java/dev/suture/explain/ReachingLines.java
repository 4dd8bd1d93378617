package dev.suture.explain;

import dev.suture.dwarf.SourceLine;
import dev.suture.explain.CodeLine.InlinedAt;
import dev.suture.explain.PatchLines.Kept;
import dev.suture.explain.PatchLines.PatchLine;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds the lines of a patch that the differing instructions of a function are made from.
 *
 * <p>Numbers in the patched object's debug information are not unique: if a patch adds a function of ten lines at line 90,
 * these are lines 90 to 99, and so are the next ten, which keep their numbers. What tells them apart is where the function
 * begins that the instruction is in, and whether the original had code of the same line in it, too. In doubt a line is not
 * named, unless it stands inside of the function: between its declaration and its last line that has code and is kept.
 */
final class ReachingLines {
    private final PatchLines patch;
    private final Set<PatchLine> found = new LinkedHashSet<>();
    /** The numbers that lines of the original function have in the patched object. */
    private final Set<SourceLine> keptLines = new HashSet<>();

    private final int start;
    /** The last line of the patched file that is known to be the function's. */
    private int end;

    private final String file;

    private ReachingLines(PatchLines patch, int start, String file) {
        this.patch = patch;
        this.start = start;
        this.file = file;
    }

    /**
     * {@return the lines, those of one file together; empty if the patch is not known or reaches it another way}
     *
     * @param original where the function was declared; unknown for a new one
     * @param patched where it is declared, in the patched object's numbers
     */
    static List<PatchLine> find(PatchLines patch, SourceLine original, SourceLine patched, List<Listing> listings) {
        if (!patch.isKnown()) {
            return List.of();
        }
        ReachingLines reaching = new ReachingLines(patch, start(patch, original, patched), original.file());
        listings.forEach(reaching::keep);
        listings.forEach(reaching::collect);
        listings.stream()
                .map(Listing::rows)
                .filter(rows -> rows.stream().anyMatch(Row::differs))
                .findAny()
                .ifPresent(_ -> reaching.found.addAll(patch.within(original.file(), reaching.start, reaching.end)));
        return reaching.found.stream()
                .sorted(Comparator.comparing(PatchLine::file)
                        .thenComparingInt(PatchLine::line)
                        .thenComparing(PatchLine::added))
                .toList();
    }

    /** {@return the line of the patched file at which the function begins; 0 if that is not known} */
    private static int start(PatchLines patch, SourceLine original, SourceLine patched) {
        Optional<Kept> kept = patch.kept(original.file(), original.line());
        if (kept.isPresent()) {
            return kept.get().patchedLine();
        }
        List<PatchLine> added = patch.added(patched.file(), patched.line());
        return added.isEmpty() ? 0 : added.getFirst().line();
    }

    private void keep(Listing listing) {
        for (Row row : listing.rows()) {
            row.original().ifPresent(code -> extend(places(code).getLast()));
            row.original()
                    .ifPresent(code -> places(code)
                            .forEach(place -> patch.kept(place.file(), place.line())
                                    .ifPresent(
                                            kept -> keptLines.add(new SourceLine(place.file(), kept.compiledLine())))));
        }
    }

    private void extend(SourceLine inFunction) {
        if (inFunction.file().equals(file)) {
            patch.kept(file, inFunction.line()).ifPresent(kept -> end = Math.max(end, kept.patchedLine()));
        }
    }

    private void collect(Listing listing) {
        for (Row row : listing.rows()) {
            if (row.differs()) {
                row.original()
                        .ifPresent(code -> places(code)
                                .forEach(place -> patch.removed(place.file(), place.line())
                                        .ifPresent(found::add)));
                row.patched().ifPresent(this::collectAdded);
            }
        }
    }

    private void collectAdded(CodeLine code) {
        List<SourceLine> places = places(code);
        for (SourceLine place : places) {
            if (keptLines.contains(place)) {
                continue;
            }
            List<PatchLine> candidates = patch.added(place.file(), place.line());
            boolean inFunctionItself = place.equals(places.getLast());
            if (inFunctionItself) {
                candidates.stream()
                        .filter(line -> line.line() >= start)
                        .findFirst()
                        .ifPresent(found::add);
            } else if (candidates.size() == 1) {
                found.add(candidates.getFirst());
            }
        }
    }

    /** {@return the line, then the calls that were inlined around it; the last one is in the function itself} */
    private static List<SourceLine> places(CodeLine code) {
        List<SourceLine> places = new ArrayList<>(List.of(code.source()));
        code.inlined().stream().map(InlinedAt::call).forEach(places::add);
        return places;
    }
}
