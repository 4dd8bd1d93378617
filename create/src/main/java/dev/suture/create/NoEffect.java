package dev.suture.create;

import dev.suture.Refusal;
import dev.suture.build.BuildResult;
import dev.suture.build.ChangedSource;
import dev.suture.build.UnreachedFile;
import dev.suture.build.make.MakeBuildResult;
import dev.suture.diff.Comparison;
import dev.suture.diff.Piece;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.LeftOut.Cause;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Says why a patch changes nothing in the code that runs. */
final class NoEffect {
    private static final int NAMES_SHOWN = 5;

    private NoEffect() {}

    /**
     * How a kind of target is spoken of.
     *
     * @param notBuilt why nothing was compiled, before the files
     * @param lacksCode what follows from that
     * @param atStart when what is needed only once is over
     * @param restart what to do instead
     */
    record Words(String notBuilt, String lacksCode, String atStart, String restart) {
        static final Words HYPERVISOR = new Words(
                "nothing that the patch changes is built in this configuration",
                "This hypervisor does not have the changed code, so it needs no live patch for it.",
                "while the system boots",
                "Install the patched hypervisor for the next boot; what must change now has to be done from a load hook.");

        static final Words PROCESS = new Words(
                "nothing that the patch changes is compiled into this program",
                "This program does not have the changed code, so it needs no live patch for it; name another with --binary.",
                "when the program starts",
                "Install the patched program for the next start; what must change now has to be done from a load hook.");
    }

    /** {@return the reason if no object of a program is reached, and it is not the same for all that} */
    static Optional<Refusal> linkedOtherwise(MakeBuildResult build) {
        return build.linkedOtherwise()
                .filter(what -> build.pairs().isEmpty())
                .map(what -> new Refusal(
                        "",
                        "",
                        "the build makes the program otherwise with the patch (%s), though all that it compiles for it stays"
                                        .formatted(what)
                                + " the same",
                        "What is linked or generated otherwise cannot be changed in a running program: install the patched"
                                + " program for the next start."));
    }

    /** {@return the reason, for a selection of a hypervisor's without any function or hook} */
    static Refusal of(BuildResult build, Selection selection) {
        return of(build, selection, Words.HYPERVISOR);
    }

    /** {@return the reason, for a selection without any function or hook} */
    static Refusal of(BuildResult build, Selection selection, Words words) {
        List<Selection.LeftOut> leftOut = selection.leftOut();
        if (isTakenBack(build)) {
            return new Refusal(
                    "",
                    "",
                    "the patches together change nothing: what some of them do others take back",
                    "There is nothing to apply. Give the patches whose effect is wanted.");
        }
        if (build.pairs().isEmpty()) {
            String files = build.unreached().stream()
                    .map(file -> "%s: %s".formatted(file.path(), file.why()))
                    .collect(Collectors.joining("; "));
            return new Refusal(
                    build.unreached().stream()
                            .map(UnreachedFile::path)
                            .findFirst()
                            .orElse(""),
                    "",
                    "%s (%s)".formatted(words.notBuilt(), files),
                    words.lacksCode());
        }
        boolean boot = leftOut.stream().anyMatch(left -> left.cause() == Cause.AT_START);
        String names = leftOut.stream()
                .map(left -> "`%s`".formatted(left.symbol()))
                .distinct()
                .limit(NAMES_SHOWN)
                .collect(Collectors.joining(", "));
        if (boot) {
            return new Refusal(
                    leftOut.getFirst().object(),
                    leftOut.getFirst().symbol(),
                    "the patch changes only what runs or is used %s (%s); that is over and has no effect "
                                    .formatted(words.atStart(), names)
                            + "at run time",
                    words.restart());
        }
        if (leftOut.stream().anyMatch(left -> left.cause() == Cause.RUNS_RIGHT)) {
            return new Refusal(
                    leftOut.getFirst().object(),
                    leftOut.getFirst().symbol(),
                    "the patch changes no function that runs; the compiler only decided otherwise what to inline (%s)"
                            .formatted(names),
                    "There is nothing to apply. If the patch adds functions, give the patch that calls them as well.");
        }
        if (!leftOut.isEmpty()) {
            return new Refusal(
                    leftOut.getFirst().object(),
                    leftOut.getFirst().symbol(),
                    "the patch changes nothing but line numbers that the code reports (%s)".formatted(names),
                    "There is nothing to apply.");
        }
        List<String> unused = unusedFunctions(selection);
        if (!unused.isEmpty()) {
            String functions =
                    unused.stream().map("`%s`"::formatted).limit(NAMES_SHOWN).collect(Collectors.joining(", "));
            return new Refusal(
                    "",
                    unused.getFirst(),
                    "the patch adds functions which nothing that runs calls (%s), and the compiled code is the same otherwise"
                            .formatted(functions),
                    "There is nothing to apply. Give the patch that calls them as well.");
        }
        List<String> data = unusedData(selection);
        if (!data.isEmpty()) {
            String variables =
                    data.stream().map("`%s`"::formatted).limit(NAMES_SHOWN).collect(Collectors.joining(", "));
            return new Refusal(
                    "",
                    data.getFirst(),
                    "the patch changes data which no code uses (%s), and the compiled code is the same"
                            .formatted(variables),
                    "There is nothing to apply.");
        }
        return new Refusal(
                build.pairs().size() == 1 ? build.pairs().getFirst().name() : "",
                "",
                "the compiled code is the same with and without the patch (%d objects compared): it changes only comments, "
                                .formatted(build.pairs().size())
                        + "moved lines, declarations, or code that compiles to the same",
                "There is nothing to apply.");
    }

    /** {@return whether every file that the patches touch is in the end what it was} */
    private static boolean isTakenBack(BuildResult build) {
        boolean nothingToSay = build.pairs().isEmpty() && build.unreached().isEmpty();
        return (nothingToSay || !build.patchedFiles().isEmpty())
                && build.patchedFiles().stream()
                        .allMatch(file -> file.kind() == ChangedSource.Kind.CHANGED
                                && file.lines().changed().isEmpty());
    }

    /**
     * {@return whether a refusal says that nothing has to be changed} Without effect is also what changes only the start:
     * that would have to be changed, and it is too late.
     */
    static boolean isHarmless(Refusal refusal, BuildResult build, Selection selection) {
        return selection.isEmpty()
                && Stream.of(Words.HYPERVISOR, Words.PROCESS)
                        .anyMatch(words -> refusal.equals(of(build, selection, words))
                                && !refusal.remedy().equals(words.restart()));
    }

    private static List<String> unusedData(Selection selection) {
        return selection.objects().stream()
                .flatMap(object -> object.patched().pieces().stream()
                        .filter(piece -> piece.kind() == Piece.Kind.DATA
                                && (object.status(piece) == Comparison.Status.NEW
                                        || object.status(piece) == Comparison.Status.CHANGED)))
                .map(Piece::name)
                .toList();
    }

    private static List<String> unusedFunctions(Selection selection) {
        return selection.objects().stream()
                .flatMap(object -> object.patched().pieces().stream()
                        .filter(piece ->
                                piece.kind() == Piece.Kind.FUNCTION && object.status(piece) == Comparison.Status.NEW))
                .map(Piece::name)
                .toList();
    }
}
