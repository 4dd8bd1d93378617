package dev.suture.create;

import dev.suture.Refusal;
import dev.suture.build.UnreachedFile;
import dev.suture.build.xen.XenBuildResult;
import dev.suture.diff.Comparison;
import dev.suture.diff.Piece;
import dev.suture.diff.Selection;
import java.util.List;
import java.util.stream.Collectors;

/** Says why a patch changes nothing in the code that runs. */
final class NoEffect {
    private static final int NAMES_SHOWN = 5;

    private NoEffect() {}

    /** {@return the reason, for a selection without any function or hook} */
    static Refusal of(XenBuildResult build, Selection selection) {
        List<Selection.LeftOut> leftOut = selection.leftOut();
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
                    "nothing that the patch changes is built in this configuration (%s)".formatted(files),
                    "This hypervisor does not have the changed code, so it needs no live patch for it.");
        }
        boolean boot = leftOut.stream().anyMatch(left -> left.why().contains("boots"));
        String names = leftOut.stream()
                .map(left -> "`%s`".formatted(left.symbol()))
                .distinct()
                .limit(NAMES_SHOWN)
                .collect(Collectors.joining(", "));
        if (boot) {
            return new Refusal(
                    leftOut.getFirst().object(),
                    leftOut.getFirst().symbol(),
                    "the patch changes only what runs or is used while the system boots (%s); that is over and has no effect "
                                    .formatted(names)
                            + "at run time",
                    "Install the patched hypervisor for the next boot; what must change now has to be done from a load hook.");
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
        return new Refusal(
                build.pairs().size() == 1 ? build.pairs().getFirst().name() : "",
                "",
                "the compiled code is the same with and without the patch (%d objects compared): it changes only comments, "
                                .formatted(build.pairs().size())
                        + "moved lines, declarations, or code that compiles to the same",
                "There is nothing to apply.");
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
