package dev.suture.create;

import dev.suture.build.LineMap;
import dev.suture.build.ObjectPair;
import dev.suture.build.PatchedFile;
import dev.suture.diff.Compare;
import dev.suture.diff.Comparison;
import dev.suture.diff.Correlate;
import dev.suture.diff.LineNumbers;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.SameBytes;
import dev.suture.diff.SourceLines;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.SplitObject;
import dev.suture.elf.ElfFile;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Compares the object pairs of a build. */
final class DiffObjects {
    private DiffObjects() {}

    /** {@return the comparisons of those pairs that differ in what is part of the program, in the order of the pairs} */
    static List<Comparison> diff(List<ObjectPair> pairs, SpecialSections tables, List<PatchedFile> files) {
        return diff(pairs, tables, lineNumbers(files), new LinesOfPatch(files));
    }

    static List<Comparison> diff(
            List<ObjectPair> pairs, SpecialSections tables, LineNumbers numbers, SourceLines lines) {
        return pairs.parallelStream()
                .map(pair -> diff(pair, tables, numbers, lines))
                .flatMap(Optional::stream)
                .toList();
    }

    private static Optional<Comparison> diff(
            ObjectPair pair, SpecialSections tables, LineNumbers numbers, SourceLines lines) {
        Optional<ElfFile> before = pair.original().map(ElfFile::read);
        Optional<ElfFile> after = pair.patched().map(ElfFile::read);
        if (before.isPresent() && after.isPresent() && SameBytes.inProgram(before.get(), after.get())) {
            return Optional.empty();
        }
        ElfFile any = after.or(() -> before).orElseThrow();
        ObjectPieces original = split(pair, before, any, tables);
        ObjectPieces patched = split(pair, after, any, tables);
        return Optional.of(Compare.compare(Correlate.correlate(original, patched, lines), numbers));
    }

    private static ObjectPieces split(ObjectPair pair, Optional<ElfFile> elf, ElfFile any, SpecialSections tables) {
        return elf.map(file -> SplitObject.split(pair.name(), file, tables))
                .orElseGet(() -> ObjectPieces.nothing(pair.name(), any));
    }

    /** {@return what the patched files say about lines that kept their text but not their number} */
    private static LineNumbers lineNumbers(List<PatchedFile> files) {
        List<LineMap> maps = files.stream().map(PatchedFile::lines).toList();
        return (original, patched) -> original != patched
                && original == (int) original
                && maps.stream().anyMatch(map -> {
                    OptionalInt compiled = map.compiledLine((int) original);
                    return compiled.isPresent() && compiled.getAsInt() == patched;
                });
    }
}
