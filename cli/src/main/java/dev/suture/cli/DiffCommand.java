package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.Refusal;
import dev.suture.diff.Compare;
import dev.suture.diff.Comparison;
import dev.suture.diff.Comparison.Status;
import dev.suture.diff.Correlate;
import dev.suture.diff.Correlation.MatchedBy;
import dev.suture.diff.Difference;
import dev.suture.diff.LineNumbers;
import dev.suture.diff.Piece;
import dev.suture.diff.Select;
import dev.suture.diff.Selection;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.SplitObject;
import dev.suture.elf.ElfFile;
import dev.suture.payload.XenRelease;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code suture diff}: what really differs between two builds of one object. */
@Command(
        name = "diff",
        description = {
            "Compare two builds of one object, made with -ffunction-sections and -fdata-sections, and say of each function"
                    + " and variable whether it does the same, and if not, what differs first.",
            "",
            "What compilers number anew with each change of the source (static locals, strings, clones) is matched by what"
                    + " it is and who uses it. Nothing is said of what is the same."
        },
        footer = {"  suture diff original/mm.o patched/mm.o", "  suture diff a.o b.o --json"})
final class DiffCommand extends SutureCommand {
    @Parameters(index = "0", paramLabel = "ORIGINAL.o", description = "The object as it is.")
    private Path original;

    @Parameters(index = "1", paramLabel = "PATCHED.o", description = "The object as it becomes.")
    private Path patched;

    @Option(
            names = "--xen",
            paramLabel = "RELEASE",
            description = "The release of Xen whose tables the objects have (default: 4.17).")
    private String release = "4.17";

    /** One verdict. */
    record SymbolVerdict(
            String name, Piece.Kind kind, String section, Status status, MatchedBy matchedBy, String what) {}

    /** What would go into a payload. */
    record Taken(String name, Piece.Kind kind, Selection.Why why, String reason) {}

    /** The whole answer. */
    record Report(
            String original,
            String patched,
            int same,
            List<SymbolVerdict> symbols,
            List<String> removed,
            List<Taken> selected,
            List<Selection.LeftOut> leftOut,
            List<Refusal> refusals) {}

    @Override
    Answer answer(Progress progress) {
        SpecialSections tables = SpecialSections.xenX86(XenRelease.of(release).minor());
        String name = patched.getFileName().toString();
        Comparison comparison = Compare.compare(
                Correlate.correlate(
                        SplitObject.split(name, ElfFile.read(original), tables),
                        SplitObject.split(name, ElfFile.read(patched), tables)),
                LineNumbers.UNMOVED);
        Selection selection = Select.select(List.of(comparison));
        Report report = report(comparison, selection);
        return Answer.done(report, text(report));
    }

    private Report report(Comparison comparison, Selection selection) {
        List<SymbolVerdict> verdicts = new ArrayList<>();
        int same = 0;
        for (Piece piece : comparison.patched().pieces()) {
            Status status = comparison.status(piece);
            switch (status) {
                case SAME -> same++;
                case UNNAMED -> {}
                case CHANGED, NEW, ONLY_LINE_NUMBERS ->
                    verdicts.add(new SymbolVerdict(
                            piece.name(),
                            piece.kind(),
                            piece.section().name(),
                            status,
                            comparison.correlation().matchedBy(piece).orElse(null),
                            comparison.difference(piece).map(Difference::what).orElse("")));
            }
        }
        return new Report(
                original.toString(),
                patched.toString(),
                same,
                verdicts,
                comparison.removed().stream().map(Piece::name).toList(),
                selection.chosen().stream()
                        .map(chosen ->
                                new Taken(chosen.piece().name(), chosen.piece().kind(), chosen.why(), chosen.reason()))
                        .toList(),
                selection.leftOut(),
                selection.refusals());
    }

    private static String text(Report report) {
        List<String> lines = new ArrayList<>();
        for (SymbolVerdict verdict : report.symbols()) {
            String what = verdict.what().isEmpty() ? "" : ": " + verdict.what();
            lines.add("%-8s %s (%s)%s".formatted(inWords(verdict.status()), verdict.name(), verdict.section(), what));
        }
        report.removed().forEach(name -> lines.add("%-8s %s".formatted("removed", name)));
        for (Taken taken : report.selected()) {
            if (taken.why() == Selection.Why.NEW || taken.why() == Selection.Why.HOOK) {
                lines.add("%-8s %s: %s".formatted("brings", taken.name(), taken.reason()));
            }
        }
        report.leftOut().forEach(left -> lines.add("%-8s %s: %s".formatted("not in", left.symbol(), left.why())));
        report.refusals().forEach(refusal -> lines.add(refusal.text()));
        lines.add("%d functions and variables do the same.".formatted(report.same()));
        return lines.stream().collect(Collectors.joining("\n"));
    }

    private static String inWords(Status status) {
        return switch (status) {
            case CHANGED -> "changed";
            case NEW -> "new";
            case ONLY_LINE_NUMBERS -> "lines";
            case SAME -> "same";
            case UNNAMED -> "unnamed";
        };
    }
}
