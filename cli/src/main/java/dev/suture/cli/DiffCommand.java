package dev.suture.cli;

import dev.suture.LivePatchException;
import dev.suture.PlainFile;
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
import dev.suture.elf.ElfFormatException;
import dev.suture.explain.ExplainText;
import dev.suture.payload.XenRelease;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code suture diff}: what really differs between two builds of one object. */
@Command(
        name = "diff",
        description = {
            "Compare two builds of one object, made with -ffunction-sections and -fdata-sections, and say of each function"
                    + " and variable whether it does the same, and if not, what differs first. Of two directories, compare"
                    + " all objects that have the same path in both.",
            "",
            "What compilers number anew with each change of the source (static locals, strings, clones) is matched by what"
                    + " it is and who uses it. Nothing is said of what is the same."
        },
        footer = {
            "  suture diff original/mm.o patched/mm.o",
            "  suture diff a.o b.o --json",
            "  suture diff original/ patched/"
        })
final class DiffCommand extends SutureCommand {
    @Parameters(index = "0", paramLabel = "ORIGINAL.o", description = "The object as it is, or a directory.")
    private Path original;

    @Parameters(index = "1", paramLabel = "PATCHED.o", description = "The object as it becomes, or a directory.")
    private Path patched;

    @Option(
            names = "--xen",
            paramLabel = "RELEASE",
            description = "The release of Xen whose tables the objects have (default: 4.17).")
    private String release = "4.17";

    /** One verdict. */
    record SymbolVerdict(
            String name, Piece.Kind kind, String section, Status status, MatchedBy matchedBy, String what) {}

    private static final String NO_SOURCE =
            "Some of the changed functions may differ only because the compiler inlined otherwise. Objects alone do not tell;"
                    + " `suture build` asks the compiler, and leaves those out.";

    /** What would go into a payload. */
    record Taken(String name, Piece.Kind kind, Selection.Why why, String reason) {}

    /**
     * The whole answer.
     *
     * @param note what a reader should know of the verdicts; empty if there is nothing
     */
    record Report(
            String original,
            String patched,
            int same,
            String note,
            List<SymbolVerdict> symbols,
            List<String> removed,
            List<Taken> selected,
            List<Selection.LeftOut> leftOut,
            List<Refusal> refusals) {}

    /** The answer for two directories: the objects that differ. */
    record TreeReport(
            String original,
            String patched,
            int objects,
            int unreadable,
            List<Report> differing,
            List<String> onlyOriginal,
            List<String> onlyPatched) {}

    @Override
    Answer answer(Progress progress) {
        SpecialSections tables = SpecialSections.xenX86(XenRelease.of(release).minor());
        if (Files.isDirectory(original) && Files.isDirectory(patched)) {
            TreeReport report = trees(tables, progress);
            return Answer.done(report, text(report));
        }
        Report report = report(original, patched, tables);
        return Answer.done(report, text(report));
    }

    private static Report report(Path original, Path patched, SpecialSections tables) {
        ElfFile before = ElfFile.read(original);
        ElfFile after = ElfFile.read(patched);
        String name = PayloadFiles.lastName(patched);
        Comparison comparison = Compare.compare(
                Correlate.correlate(SplitObject.split(name, before, tables), SplitObject.split(name, after, tables)),
                LineNumbers.UNMOVED);
        return report(original, patched, comparison, Select.select(List.of(comparison)));
    }

    private TreeReport trees(SpecialSections tables, Progress progress) {
        Set<String> before = objectsBelow(original);
        Set<String> after = objectsBelow(patched);
        List<String> both = before.stream().filter(after::contains).toList();
        progress.stage("compare %d objects".formatted(both.size()));
        AtomicInteger unreadable = new AtomicInteger();
        List<Report> differing = both.parallelStream()
                .map(object -> differing(object, tables, unreadable))
                .flatMap(Optional::stream)
                .toList();
        return new TreeReport(
                original.toString(),
                patched.toString(),
                both.size(),
                unreadable.get(),
                differing,
                before.stream().filter(object -> !after.contains(object)).toList(),
                after.stream().filter(object -> !before.contains(object)).toList());
    }

    /** A tree also holds objects for other machines, such as boot code of 32 bits: those are counted. */
    private Optional<Report> differing(String object, SpecialSections tables, AtomicInteger unreadable) {
        try {
            Report report = report(original.resolve(object), patched.resolve(object), tables);
            boolean same = report.symbols().isEmpty()
                    && report.removed().isEmpty()
                    && report.refusals().isEmpty();
            return same ? Optional.empty() : Optional.of(report);
        } catch (ElfFormatException e) {
            unreadable.incrementAndGet();
            return Optional.empty();
        }
    }

    /** Joined objects ({@code built_in.o}, {@code prelink.o}) only repeat what is in others. */
    private static Set<String> objectsBelow(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> file.toString().endsWith(".o") && Files.isRegularFile(file))
                    .map(file -> directory.relativize(file).toString())
                    .filter(file -> !file.endsWith("built_in.o") && !file.endsWith("prelink.o"))
                    .collect(Collectors.toCollection(TreeSet::new));
        } catch (IOException e) {
            throw new LivePatchException("%s: cannot be read: %s".formatted(directory, PlainFile.why(e)), e);
        } catch (UncheckedIOException e) {
            throw new LivePatchException("%s: cannot be read: %s".formatted(directory, PlainFile.why(e.getCause())), e);
        }
    }

    private static Report report(Path original, Path patched, Comparison comparison, Selection selection) {
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
                mayBeDrift(verdicts) ? NO_SOURCE : "",
                verdicts,
                comparison.removed().stream().map(Piece::name).toList(),
                selection.chosen().stream()
                        .map(chosen ->
                                new Taken(chosen.piece().name(), chosen.piece().kind(), chosen.why(), chosen.reason()))
                        .toList(),
                selection.leftOut(),
                selection.refusals());
    }

    /** One changed function is the patch's; of several, all but one may be the compiler's. */
    private static boolean mayBeDrift(List<SymbolVerdict> verdicts) {
        return verdicts.stream()
                        .filter(verdict -> verdict.kind() == Piece.Kind.FUNCTION && verdict.status() == Status.CHANGED)
                        .count()
                > 1;
    }

    private static String text(TreeReport report) {
        List<String> lines = new ArrayList<>();
        for (Report differing : report.differing()) {
            lines.add(differing.patched() + ":");
            lines.add(text(differing).indent(2).stripTrailing());
        }
        report.onlyOriginal().forEach(object -> lines.add("%s is only in %s".formatted(object, report.original())));
        report.onlyPatched().forEach(object -> lines.add("%s is only in %s".formatted(object, report.patched())));
        String unreadable = report.unreadable() == 0
                ? ""
                : "; %d are not 64-bit little-endian objects and were left out".formatted(report.unreadable());
        lines.add("%d of %d objects differ%s.".formatted(report.differing().size(), report.objects(), unreadable));
        return String.join("\n", lines);
    }

    private static String text(Report report) {
        List<String> lines = new ArrayList<>();
        for (SymbolVerdict verdict : report.symbols()) {
            String what = verdict.what().isEmpty() ? "" : ": " + verdict.what();
            lines.add("%-8s %s (%s)%s%s"
                    .formatted(
                            inWords(verdict.status()),
                            verdict.name(),
                            verdict.section(),
                            what,
                            matched(verdict.matchedBy())));
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
        if (!report.note().isEmpty()) {
            lines.add(report.note());
        }
        return lines.stream().collect(Collectors.joining("\n"));
    }

    /** {@return how the two versions were found to be the same thing, where that is less certain than by a name} */
    private static String matched(MatchedBy level) {
        return level == null || level == MatchedBy.NAME ? "" : " [matched by %s]".formatted(ExplainText.words(level));
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
