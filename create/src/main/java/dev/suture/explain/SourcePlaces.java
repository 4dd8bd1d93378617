package dev.suture.explain;

import dev.suture.diff.Piece;
import dev.suture.dwarf.Function;
import dev.suture.dwarf.Functions;
import dev.suture.dwarf.InlinedCall;
import dev.suture.dwarf.LineRow;
import dev.suture.dwarf.LineTable;
import dev.suture.dwarf.SourceLine;
import dev.suture.elf.ElfFile;
import dev.suture.explain.CodeLine.InlinedAt;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Which source line the code of one object was made from, and through which inlined functions. */
final class SourcePlaces {
    private final LineTable lines;
    private final Functions functions;
    private final Map<Integer, TreeMap<Long, LineRow>> rowsBySection = new HashMap<>();

    /** Reads the debug information of an object; without any, nothing is known. */
    SourcePlaces(ElfFile elf) {
        lines = LineTable.read(elf);
        functions = Functions.read(elf);
    }

    /** {@return whether anything is known} */
    boolean isKnown() {
        return !lines.rows().isEmpty();
    }

    /** {@return the line of the instruction at an offset of a section} */
    SourceLine line(int sectionIndex, long sectionOffset) {
        var row = rowsBySection.computeIfAbsent(sectionIndex, this::index).floorEntry(sectionOffset);
        if (row == null || row.getValue().isEndOfSequence()) {
            return SourceLine.UNKNOWN;
        }
        return named(new SourceLine(row.getValue().file(), row.getValue().line()));
    }

    /** The last row of an offset counts, but the end of one sequence does not hide the beginning of the next. */
    private TreeMap<Long, LineRow> index(int sectionIndex) {
        TreeMap<Long, LineRow> rows = new TreeMap<>();
        for (LineRow row : lines.rows(sectionIndex)) {
            if (row.isEndOfSequence()) {
                rows.putIfAbsent(row.sectionOffset(), row);
            } else {
                rows.put(row.sectionOffset(), row);
            }
        }
        return rows;
    }

    private static SourceLine named(SourceLine line) {
        return line.file().startsWith("./") ? new SourceLine(line.file().substring(2), line.line()) : line;
    }

    /** {@return where the function is declared that has code at an offset of a section} */
    SourceLine declared(int sectionIndex, long sectionOffset) {
        return functions
                .at(sectionIndex, sectionOffset)
                .map(function -> named(function.declared()))
                .orElse(SourceLine.UNKNOWN);
    }

    /** {@return the names of all functions whose body is in that of a function} */
    Set<String> inlinedInto(Piece function) {
        return functions
                .at(function.section().index(), function.sectionOffset())
                .map(Function::inlinedNames)
                .orElse(Set.of());
    }

    /** {@return the functions inlined at an offset of a section, from the inside out} */
    List<InlinedAt> inlined(int sectionIndex, long sectionOffset) {
        Optional<Function> function = functions.at(sectionIndex, sectionOffset);
        if (function.isEmpty()) {
            return List.of();
        }
        List<InlinedAt> chain = new ArrayList<>();
        List<InlinedCall> calls = function.get().inlined();
        while (!calls.isEmpty()) {
            Optional<InlinedCall> around = calls.stream()
                    .filter(call ->
                            call.ranges().stream().anyMatch(range -> range.contains(sectionIndex, sectionOffset)))
                    .findFirst();
            around.ifPresent(call -> chain.addFirst(new InlinedAt(call.callee(), named(call.call()))));
            calls = around.map(InlinedCall::inlined).orElse(List.of());
        }
        return chain;
    }
}
