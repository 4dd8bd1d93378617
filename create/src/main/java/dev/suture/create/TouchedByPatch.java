package dev.suture.create;

import dev.suture.build.PatchedFile;
import dev.suture.diff.Comparison;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Selection.Chosen;
import dev.suture.dwarf.LineRow;
import dev.suture.dwarf.LineTable;
import dev.suture.elf.ElfFile;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Tells functions that certainly are made from a line of the patch. Nobody needs to ask the compiler about those; of all
 * others it says nothing.
 */
final class TouchedByPatch {
    private final PatchedLines lines;
    private final Map<ElfFile, LineTable> tables = new HashMap<>();

    TouchedByPatch(List<PatchedFile> files) {
        lines = new PatchedLines(files);
    }

    boolean isTouched(Comparison comparison, Chosen function) {
        return anyRow(
                        comparison.original(),
                        function.original().orElseThrow(),
                        row -> lines.removed(name(row), row.line()).isPresent())
                || anyRow(comparison.patched(), function.piece(), row -> lines.isOnlyAdded(name(row), row.line()));
    }

    private boolean anyRow(ObjectPieces object, Piece function, Predicate<LineRow> wanted) {
        return tables
                .computeIfAbsent(object.elf(), LineTable::read)
                .rows(function.section().index())
                .stream()
                .filter(row -> !row.isEndOfSequence()
                        && row.sectionOffset() >= function.sectionOffset()
                        && row.sectionOffset() < function.endOffset())
                .anyMatch(wanted);
    }

    private static String name(LineRow row) {
        return row.file().startsWith("./") ? row.file().substring(2) : row.file();
    }
}
