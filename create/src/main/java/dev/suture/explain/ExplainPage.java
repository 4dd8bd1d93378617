package dev.suture.explain;

import dev.suture.Refusal;
import dev.suture.explain.ExplainedFunction.Decision;
import dev.suture.explain.ExplainedPatch.ExplainedPiece;
import dev.suture.explain.ExplainedPatch.Place;
import dev.suture.explain.ExplainedPatch.Thing;
import dev.suture.explain.Row.Mark;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * An explanation as one page of HTML that needs nothing else: no script, no other file, no network. It is well-formed XML,
 * too.
 */
public final class ExplainPage {
    private static final int CONTEXT_ROWS = 6;

    private final String title;
    private final Review review;
    private final ExplainedPatch patch;
    private final Markup page = new Markup();

    private ExplainPage(String title, Review review, ExplainedPatch patch) {
        this.title = title;
        this.review = review;
        this.patch = patch;
    }

    /**
     * {@return the page}
     *
     * @param title what it is about
     * @param review what else is known
     * @param patch the explanation
     */
    public static String of(String title, Review review, ExplainedPatch patch) {
        return new ExplainPage(title, review, patch).write();
    }

    private String write() {
        page.begin("html", "xmlns", "http://www.w3.org/1999/xhtml", "lang", "en")
                .newLine();
        page.begin("head");
        page.empty("meta", "charset", "utf-8");
        page.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
        page.empty(
                "meta",
                "http-equiv",
                "Content-Security-Policy",
                "content",
                "default-src 'none'; style-src 'unsafe-inline'");
        page.element("title", title);
        page.element("style", PageStyle.CSS);
        page.end().newLine().begin("body").newLine();
        page.element("h1", title).newLine();
        verdict();
        refusals();
        sentences("Warnings", review.warnings());
        sentences("When it takes effect", review.effects());
        sourcePatch();
        table();
        page.element("h2", "Instructions").newLine();
        legend();
        for (int i = 0; i < patch.functions().size(); i++) {
            function(i, patch.functions().get(i));
        }
        folded("What comes along", this::pieces, !patch.pieces().isEmpty());
        folded("What refers to what", this::picture, !patch.references().isEmpty());
        folded(
                "What is left out",
                this::leftOut,
                !patch.leftOut().isEmpty() || !patch.sameThough().isEmpty());
        folded(
                "What the compiler numbered anew",
                this::renumbered,
                !patch.renumbered().isEmpty());
        folded("Where it is from", this::summary, true);
        page.end().newLine().end().newLine();
        return "<!DOCTYPE html>\n" + page.finish();
    }

    private void verdict() {
        long replaced = count(Decision.REPLACED);
        boolean live = patch.refusals().isEmpty();
        String functions = "%d function%s replaced, %d new, %d other thing%s come%s along"
                .formatted(
                        replaced,
                        replaced == 1 ? "" : "s",
                        count(Decision.NEW),
                        patch.pieces().size(),
                        patch.pieces().size() == 1 ? "" : "s",
                        patch.pieces().size() == 1 ? "s" : "");
        int reasons = patch.refusals().size();
        String text = live
                ? "It can go live: " + functions
                : "It cannot go live: %d reason%s".formatted(reasons, reasons == 1 ? "" : "s");
        page.element("p", text + ".", "class", live ? "verdict good" : "verdict bad")
                .newLine();
    }

    private void sentences(String heading, List<String> sentences) {
        if (!sentences.isEmpty()) {
            page.element("h2", heading).newLine().begin("ul");
            sentences.forEach(sentence -> page.element("li", sentence));
            page.end().newLine();
        }
    }

    private void sourcePatch() {
        if (!review.hunks().isEmpty()) {
            page.element("h2", "The patch").newLine();
            DrawPatch.draw(review.hunks(), patch.functions(), page);
        }
    }

    private void folded(String heading, Runnable contents, boolean isAny) {
        if (isAny) {
            page.begin("details", "class", "part")
                    .begin("summary")
                    .element("h2", heading)
                    .end()
                    .newLine();
            contents.run();
            page.end().newLine();
        }
    }

    private void summary() {
        page.begin("ul", "class", "summary");
        review.facts().forEach(fact -> page.element("li", fact));
        page.element(
                "li",
                "Functions and variables that changed and are left out: %d. Functions that are not the same in the file and do the same: %d."
                        .formatted(
                                count(Decision.LEFT_OUT) + patch.leftOut().size(),
                                patch.sameThough().size()));
        if (!patch.knowsSource()) {
            page.element("li", "The objects have no debug information, so source lines are not shown.");
        }
        page.end().newLine();
    }

    private long count(Decision decision) {
        return patch.functions().stream()
                .filter(function -> function.decision() == decision)
                .count();
    }

    private void refusals() {
        if (patch.refusals().isEmpty()) {
            return;
        }
        page.element("h2", "Why it cannot go live").newLine().begin("ul");
        for (Refusal refusal : patch.refusals()) {
            page.begin("li", "class", "bad").element("pre", refusal.text()).end();
        }
        page.end().newLine();
    }

    private void table() {
        page.element("h2", "Functions").newLine();
        tableHead("Function", "Object", "Decision", "Bytes", "Reason", "Lines of the patch, or what needs it");
        for (int i = 0; i < patch.functions().size(); i++) {
            ExplainedFunction function = patch.functions().get(i);
            page.begin("tr");
            page.begin("td").element("a", function.name(), "href", "#f" + i).end();
            page.element("td", function.object());
            page.element("td", ExplainText.decision(function.decision()), "class", style(function.decision()));
            page.element("td", ExplainText.sizes(function));
            page.element("td", function.reason());
            page.element("td", why(function));
            page.end().newLine();
        }
        page.end().end().end().newLine();
    }

    private String why(ExplainedFunction function) {
        String chain = String.join(" → ", function.chain());
        Optional<String> lines = ExplainText.patchLines(patch, function);
        return chain.isEmpty() || lines.isEmpty() ? chain + lines.orElse("") : chain + "; " + lines.get();
    }

    private void tableHead(String... columns) {
        page.begin("div", "class", "wide").begin("table").begin("thead").begin("tr");
        Stream.of(columns).forEach(column -> page.element("th", column));
        page.end().end().newLine().begin("tbody").newLine();
    }

    private void picture() {
        page.element(
                "p",
                "References to a replaced function go to its place in the target, and from there to the new one: those are"
                        + " in the right column. Strings and constants without a name are drawn together. Point at a line or"
                        + " a box to read its full name.");
        List<Thing> things = patch.references().stream()
                .flatMap(reference -> Stream.of(reference.from(), reference.to()))
                .filter(thing -> thing.place() != Place.TARGET)
                .toList();
        page.begin("div", "class", "wide");
        DrawReferences.draw(things, patch.references(), page);
        page.end().newLine();
    }

    private void pieces() {
        tableHead("Name", "Contents", "Object", "Kind", "Bytes", "Reason", "Needed by");
        for (ExplainedPiece piece : patch.pieces()) {
            page.begin("tr");
            page.element("td", piece.name());
            page.begin("td").element("code", piece.contents()).end();
            page.element("td", piece.object());
            page.element(
                    "td", piece.kind().name().toLowerCase(java.util.Locale.ROOT).replace('_', ' '));
            page.element("td", Long.toString(piece.sizeBytes()));
            page.element("td", ExplainText.words(piece.why()) + ": " + piece.reason());
            page.element("td", String.join(" → ", piece.chain()));
            page.end().newLine();
        }
        page.end().end().end().newLine();
    }

    private void leftOut() {
        tableHead("Name", "Object", "Why that is safe");
        patch.leftOut().forEach(left -> row(left.symbol(), left.object(), left.why()));
        patch.sameThough()
                .forEach(same ->
                        row(same.name(), same.object(), "It does the same: " + String.join("; ", same.what()) + "."));
        page.end().end().end().newLine();
    }

    private void renumbered() {
        tableHead("Before", "After", "Object", "Recognised by");
        patch.renumbered()
                .forEach(one ->
                        row(one.originalName(), one.patchedName(), one.object(), ExplainText.words(one.matchedBy())));
        page.end().end().end().newLine();
    }

    private void row(String... cells) {
        page.begin("tr");
        Stream.of(cells).forEach(cell -> page.element("td", cell));
        page.end().newLine();
    }

    private static String style(Decision decision) {
        return switch (decision) {
            case REPLACED -> "replaced";
            case NEW -> "payload";
            case LEFT_OUT -> "target";
        };
    }

    private void legend() {
        page.begin("p").text("Left is before the patch, right is after it. ");
        page.element("span", "changed", "class", "CHANGED").text(" ");
        page.element("span", "removed", "class", "REMOVED").text(" ");
        page.element("span", "added", "class", "ADDED");
        page.text(" Bytes that relocations fill in are zero; what they refer to is named beside them. A branch whose"
                + " distance differs only because of what was added between is not marked. Where a line is in an inlined"
                + " function, pointing at it shows the calls around it.");
        page.end().newLine();
    }

    private void function(int number, ExplainedFunction function) {
        page.begin("section", "id", "f" + number);
        page.element(
                "h3",
                "%s (%s, %s): %s"
                        .formatted(
                                function.name(),
                                function.object(),
                                ExplainText.sizes(function),
                                ExplainText.decision(function.decision())));
        page.element("p", "Why: " + function.reason() + ".");
        if (!function.chain().isEmpty()) {
            page.element("p", "Needed by: " + String.join(" → ", function.chain()) + ".");
        }
        ExplainText.patchLines(patch, function).ifPresent(lines -> page.element("p", "From the patch: " + lines + "."));
        DrawPatch.back(review.hunks(), function, page);
        if (!function.inlinedOtherwise().isEmpty()) {
            page.element("p", "Inlining: " + function.inlinedOtherwise() + ".");
        }
        if (function.decision() != Decision.NEW) {
            page.element("p", ExplainText.counts(function) + ".");
        }
        function.listings().forEach(this::listing);
        page.end().newLine();
    }

    private void listing(Listing listing) {
        page.begin("div", "class", "wide").begin("table", "class", "code").newLine();
        page.element("caption", listing.name()).newLine();
        beginRows();
        boolean[] shown = shown(listing.rows());
        for (int at = 0; at < shown.length; at++) {
            if (shown[at]) {
                row(listing.rows().get(at));
                continue;
            }
            int end = at;
            while (end < shown.length && !shown[end]) {
                end++;
            }
            folded(listing.rows().subList(at, end));
            at = end - 1;
        }
        page.end().end().end().newLine();
    }

    /** The whole chain of inlined calls would need many lines; it shows when the mouse is over it. */
    private static String shortPlace(CodeLine code) {
        boolean known = code.source().line() > 0 && !code.source().file().isEmpty();
        String place = known ? code.source().text() : "";
        return code.inlined().isEmpty()
                ? place
                : place + " in " + code.inlined().getFirst().function();
    }

    private void beginRows() {
        page.begin("colgroup");
        for (int side = 0; side < 2; side++) {
            Stream.of("offset", "bytes", "what", "place").forEach(column -> page.empty("col", "class", column));
        }
        page.end().begin("tbody").newLine();
    }

    /** Long runs of equal instructions are folded, as in a unified diff; there they are all the same. */
    private static boolean[] shown(List<Row> rows) {
        boolean[] shown = new boolean[rows.size()];
        for (int at = 0; at < rows.size(); at++) {
            if (rows.get(at).differs()) {
                for (int near = Math.max(0, at - CONTEXT_ROWS);
                        near <= Math.min(rows.size() - 1, at + CONTEXT_ROWS);
                        near++) {
                    shown[near] = true;
                }
            }
        }
        return shown;
    }

    private void folded(List<Row> rows) {
        page.begin("tr").begin("td", "colspan", "8", "class", "folded");
        page.begin("details").element("summary", "%d instructions that are the same".formatted(rows.size()));
        page.begin("table", "class", "code");
        beginRows();
        rows.forEach(this::row);
        page.end().end().end().end().end().newLine();
    }

    private void row(Row row) {
        page.begin("tr", "class", row.mark().name());
        side(row.original(), row.patched(), row.mark());
        side(row.patched(), row.original(), row.mark());
        page.end().newLine();
    }

    private void side(Optional<CodeLine> side, Optional<CodeLine> other, Mark mark) {
        if (side.isEmpty()) {
            page.begin("td", "colspan", "4", "class", "none").end();
            return;
        }
        CodeLine code = side.get();
        boolean compared = mark == Mark.CHANGED && other.isPresent();
        boolean otherBytes = compared && !code.bytes().equals(other.get().bytes());
        boolean otherText = compared && !Objects.equals(ExplainText.what(code), ExplainText.what(other.get()));
        page.element("td", "+0x%x".formatted(code.offset()), "class", "offset");
        page.element("td", code.bytes(), "class", otherBytes ? "bytes differs" : "bytes");
        page.element("td", ExplainText.what(code), "class", otherText ? "what differs" : "what");
        page.element("td", shortPlace(code), "class", "place", "title", code.place());
    }
}
