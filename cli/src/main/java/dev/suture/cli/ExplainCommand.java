package dev.suture.cli;

import dev.suture.LivePatchException;
import dev.suture.Progress;
import dev.suture.create.AskObjdump;
import dev.suture.create.WriteOutput;
import dev.suture.diff.Compare;
import dev.suture.diff.Comparison;
import dev.suture.diff.Correlate;
import dev.suture.diff.LineNumbers;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Select;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.SplitObject;
import dev.suture.elf.ElfFile;
import dev.suture.explain.Explain;
import dev.suture.explain.ExplainPage;
import dev.suture.explain.ExplainText;
import dev.suture.explain.ExplainedPatch;
import dev.suture.explain.PatchLines;
import dev.suture.explain.Review;
import dev.suture.payload.XenRelease;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code suture explain}: why each function of an object would go into a payload, or not. */
@Command(
        name = "explain",
        description = {
            "Say for each function that differs between two builds of one object why it would go into a payload: the first"
                    + " instruction that differs, on both sides, with the source line it was made from; or, for what comes"
                    + " along, what refers to it. Say for each function that is not the same in the file and is left out why"
                    + " that is safe, and for what the compiler numbered anew how it was recognised.",
            "",
            "The objects should be made with -ffunction-sections, -fdata-sections and -g."
        },
        footer = {
            "  suture explain original/mm.o patched/mm.o",
            "  suture explain original/mm.o patched/mm.o get_page_type",
            "  suture explain a.o b.o --json",
            "  suture explain a.o b.o --html why.html"
        })
final class ExplainCommand extends SutureCommand {
    @Parameters(index = "0", paramLabel = "ORIGINAL.o", description = "The object as it is.")
    private Path original;

    @Parameters(index = "1", paramLabel = "PATCHED.o", description = "The object as it becomes.")
    private Path patched;

    @Parameters(
            index = "2",
            arity = "0..1",
            paramLabel = "SYMBOL",
            description = "Only this function or variable, and all of its instructions.")
    private String symbol;

    @Option(
            names = "--xen",
            paramLabel = "RELEASE",
            description = "The release of Xen whose tables the objects have (default: 4.17).")
    private String release = "4.17";

    @Option(
            names = "--html",
            paramLabel = "FILE",
            description =
                    "Also write the explanation, with both listings of each function side by side, as one page of HTML"
                            + " that needs nothing else.")
    private Path html;

    @Override
    Answer answer(Progress progress) {
        SpecialSections tables = SpecialSections.xenX86(XenRelease.of(release).minor());
        String name = PayloadFiles.lastName(patched);
        ObjectPieces before = SplitObject.split(name, ElfFile.read(original), tables);
        ObjectPieces after = SplitObject.split(name, ElfFile.read(patched), tables);
        checkSymbol(after);
        Comparison comparison = Compare.compare(Correlate.correlate(before, after), LineNumbers.UNMOVED);
        ExplainedPatch explained = Explain.explain(
                Select.select(List.of(comparison)),
                PatchLines.UNKNOWN,
                new AskObjdump(),
                piece -> symbol == null || piece.equals(symbol));
        if (html != null) {
            write(ExplainPage.of(
                    "Why %s would be patched as it is".formatted(name),
                    Review.of(List.of("Original: %s".formatted(original), "Patched: %s".formatted(patched))),
                    explained));
        }
        return Answer.done(explained, text(explained));
    }

    private void write(String page) {
        WriteOutput.write(html, page.getBytes(StandardCharsets.UTF_8));
    }

    private void checkSymbol(ObjectPieces after) {
        Optional<String> wanted = Optional.ofNullable(symbol);
        if (wanted.isPresent() && after.named(wanted.get()).isEmpty()) {
            throw new LivePatchException(
                    "%s: no function or variable has the name %s".formatted(patched, wanted.get()));
        }
    }

    private String text(ExplainedPatch explained) {
        String text = ExplainText.of(explained, symbol != null);
        if (!text.isEmpty()) {
            return text;
        }
        return symbol == null
                ? "Nothing differs."
                : "%s is the same in both objects, or differs in nothing that a payload is about.".formatted(symbol);
    }
}
