package dev.suture.explain;

import dev.suture.dwarf.SourceLine;
import dev.suture.explain.PatchLines.PatchLine;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/** Finds the lines of a patch that the differing instructions of a function are made from. */
final class ReachingLines {
    private ReachingLines() {}

    /** {@return the lines, those of one file together; empty if the patch is not known or reaches it another way} */
    static List<PatchLine> find(PatchLines patch, List<Listing> listings) {
        Set<PatchLine> found = new LinkedHashSet<>();
        for (Listing listing : listings) {
            for (Row row : listing.rows()) {
                if (row.differs()) {
                    row.original()
                            .ifPresent(code -> lines(code, at -> patch.removed(at.file(), at.line()))
                                    .forEach(found::add));
                    row.patched()
                            .ifPresent(code -> lines(code, at -> patch.added(at.file(), at.line()))
                                    .forEach(found::add));
                }
            }
        }
        return found.stream()
                .sorted(Comparator.comparing(PatchLine::file)
                        .thenComparingInt(PatchLine::line)
                        .thenComparing(PatchLine::added))
                .toList();
    }

    /** A call that was inlined counts with the lines of what was put in its place. */
    private static Stream<PatchLine> lines(CodeLine code, Function<SourceLine, Optional<PatchLine>> find) {
        Stream<SourceLine> calls = code.inlined().stream().map(CodeLine.InlinedAt::call);
        return Stream.concat(Stream.of(code.source()), calls).map(find).flatMap(Optional::stream);
    }
}
