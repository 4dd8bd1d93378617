package dev.suture.explain;

import dev.suture.Refusal;
import dev.suture.diff.Correlation.MatchedBy;
import dev.suture.diff.Selection.Why;
import dev.suture.explain.ExplainedFunction.Decision;
import dev.suture.explain.ExplainedPatch.ExplainedPiece;
import dev.suture.explain.PatchLines.PatchLine;
import dev.suture.explain.Row.Mark;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** An explanation as text for a terminal. */
public final class ExplainText {
    private static final String INDENT = "    ";
    private static final int LINES_SHOWN = 12;
    private static final int BYTES_COLUMN = 30;
    private static final int CODE_COLUMN = 72;

    private ExplainText() {}

    /**
     * {@return the explanation as text, without a final line break}
     *
     * @param listings whether to add the whole listings, not only where they first differ
     */
    public static String of(ExplainedPatch patch, boolean listings) {
        List<String> lines = new ArrayList<>();
        for (ExplainedFunction function : patch.functions()) {
            function(patch, function, lines);
            if (listings) {
                function.listings().forEach(listing -> listing(listing, lines));
            }
        }
        patch.pieces().forEach(piece -> piece(piece, lines));
        patch.leftOut()
                .forEach(
                        left -> lines.add("%s (%s): left out: %s".formatted(left.symbol(), left.object(), left.why())));
        patch.sameThough()
                .forEach(same -> lines.add("%s (%s): left out, as it does the same: %s"
                        .formatted(same.name(), same.object(), String.join("; ", same.what()))));
        patch.renumbered()
                .forEach(one -> lines.add("%s (%s): was %s: matched by %s"
                        .formatted(one.patchedName(), one.object(), one.originalName(), words(one.matchedBy()))));
        patch.refusals().stream().map(Refusal::text).forEach(lines::add);
        if (!patch.functions().isEmpty() && !patch.knowsSource()) {
            lines.add("Source lines are not shown: the objects have no debug information (-g).");
        }
        return String.join("\n", lines);
    }

    private static void function(ExplainedPatch patch, ExplainedFunction function, List<String> lines) {
        lines.add("%s (%s, %s): %s: %s"
                .formatted(
                        function.name(),
                        function.object(),
                        sizes(function),
                        decision(function.decision()),
                        function.reason()));
        boolean renamed =
                !function.originalName().isEmpty() && !function.originalName().equals(function.name());
        if (renamed) {
            lines.add(INDENT
                    + "it was `%s`: matched by %s"
                            .formatted(
                                    function.originalName(),
                                    words(function.matchedBy().orElseThrow())));
        }
        if (!function.chain().isEmpty()) {
            lines.add(INDENT + "needed by: " + String.join(" -> ", function.chain()));
        }
        if (function.decision() != Decision.NEW) {
            differences(function, lines);
        }
        patchLines(patch, function).ifPresent(reach -> lines.add(INDENT + reach));
        if (!function.inlinedOtherwise().isEmpty()) {
            lines.add(INDENT + function.inlinedOtherwise());
        }
    }

    private static void differences(ExplainedFunction function, List<String> lines) {
        Optional<Row> first = function.firstDifference();
        if (first.isEmpty()) {
            lines.add(INDENT + "its instructions are the same");
            return;
        }
        lines.add(INDENT + "first instruction that differs:");
        lines.add(INDENT + "  original "
                + first.get().original().map(ExplainText::code).orElse("(none)"));
        lines.add(INDENT + "  patched  "
                + first.get().patched().map(ExplainText::code).orElse("(none)"));
        lines.add(INDENT + counts(function));
    }

    /** {@return how much of a function is another, in words} */
    static String counts(ExplainedFunction function) {
        return "%d instructions are the same, %d changed, %d removed, %d added"
                .formatted(
                        function.count(Mark.SAME),
                        function.count(Mark.CHANGED),
                        function.count(Mark.REMOVED),
                        function.count(Mark.ADDED));
    }

    /** {@return which lines of the patch reach a function; empty if there is nothing to say} */
    static Optional<String> patchLines(ExplainedPatch patch, ExplainedFunction function) {
        if (!patch.knowsPatch() || !patch.knowsSource()) {
            return Optional.empty();
        }
        if (function.patchLines().isEmpty()) {
            return Optional.of("no differing instruction is from a line of the patch itself: the change comes through a"
                    + " macro, a type, a constant or the compiler's choices");
        }
        int more = function.patchLines().size() - LINES_SHOWN;
        return Optional.of("lines of the patch in it: "
                + function.patchLines().stream()
                        .limit(LINES_SHOWN)
                        .map(PatchLine::text)
                        .collect(Collectors.joining(" "))
                + (more > 0 ? " and %d more".formatted(more) : ""));
    }

    /** {@return the sizes of a function in words} */
    static String sizes(ExplainedFunction function) {
        return function.originalName().isEmpty()
                ? "%d bytes".formatted(function.patchedSizeBytes())
                : "%d -> %d bytes".formatted(function.originalSizeBytes(), function.patchedSizeBytes());
    }

    private static void listing(Listing listing, List<String> lines) {
        lines.add(INDENT + listing.name() + ":");
        for (Row row : listing.rows()) {
            switch (row.mark()) {
                case SAME -> lines.add(INDENT + "  " + code(row.patched().orElseThrow()));
                case CHANGED, REMOVED, ADDED -> {
                    row.original().ifPresent(code -> lines.add(INDENT + "- " + code(code)));
                    row.patched().ifPresent(code -> lines.add(INDENT + "+ " + code(code)));
                }
            }
        }
    }

    private static String code(CodeLine code) {
        String text = "+0x%-5x %-30s ".formatted(code.offset(), code.bytes());
        String what = what(code);
        String place = code.place();
        String left = text + what;
        return place.isEmpty()
                ? left.stripTrailing()
                : left + " ".repeat(Math.max(1, CODE_COLUMN - left.length())) + place;
    }

    /** {@return what an instruction does, as far as is known} */
    static String what(CodeLine code) {
        if (code.assembly().isEmpty() || code.effect().isEmpty()) {
            return code.assembly() + code.effect();
        }
        return code.assembly() + "  ; " + code.effect();
    }

    private static void piece(ExplainedPiece piece, List<String> lines) {
        String contents = piece.contents().isEmpty() ? "" : " " + piece.contents();
        lines.add("%s%s (%s, %d bytes): %s: %s"
                .formatted(
                        piece.name(), contents, piece.object(), piece.sizeBytes(), words(piece.why()), piece.reason()));
        if (!piece.chain().isEmpty()) {
            lines.add(INDENT + "needed by: " + String.join(" -> ", piece.chain()));
        }
    }

    /** {@return what becomes of a function, in words} */
    static String decision(Decision decision) {
        return switch (decision) {
            case REPLACED -> "replaced";
            case NEW -> "new";
            case LEFT_OUT -> "left out";
        };
    }

    /** {@return why a piece goes in, in words} */
    static String words(Why why) {
        return switch (why) {
            case REPLACED -> "replaced";
            case NEW -> "new";
            case COPY -> "copied";
            case HOOK -> "hook";
            case ENTRY -> "entry";
        };
    }

    /** {@return how twins were found, in words that go behind "matched by"} */
    public static String words(MatchedBy level) {
        return switch (level) {
            case NAME -> "its name";
            case PLACE -> "where it is declared";
            case USERS -> "the functions that use it";
            case ORDER -> "the functions that use it and its place among those they use";
            case SCOPE -> "the function it is declared in";
            case CONTENTS -> "its contents";
            case NUMBERED_NAME -> "its name, number included";
            case POSITION -> "its place among those left of that name, the least certain way";
        };
    }
}
