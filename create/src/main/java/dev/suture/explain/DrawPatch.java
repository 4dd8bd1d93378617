package dev.suture.explain;

import dev.suture.explain.Review.ShownHunk;
import java.util.List;
import java.util.stream.IntStream;

/** Writes the source patch, each hunk with links to the functions that it changes. */
final class DrawPatch {
    private DrawPatch() {}

    static void draw(List<ShownHunk> hunks, List<ExplainedFunction> functions, Markup page) {
        for (int i = 0; i < hunks.size(); i++) {
            ShownHunk hunk = hunks.get(i);
            page.begin("section", "id", "h" + i, "class", "hunk");
            page.element("h3", "%s, line %d".formatted(hunk.file(), hunk.line()));
            links(hunk, functions, page);
            page.begin("pre", "class", "wide diff");
            hunk.text().forEach(line -> page.element("span", line + "\n", "class", style(line)));
            page.end().end().newLine();
        }
    }

    private static void links(ShownHunk hunk, List<ExplainedFunction> functions, Markup page) {
        List<Integer> reached = IntStream.range(0, functions.size())
                .filter(index -> hunk.reaches(functions.get(index)))
                .boxed()
                .toList();
        page.begin("p");
        if (reached.isEmpty()) {
            page.text("No code below is made from its lines themselves.");
        } else {
            page.text("Changes");
            reached.forEach(
                    index -> page.text(" ").element("a", functions.get(index).name(), "href", "#f" + index));
        }
        page.end();
    }

    /** Adds links from a function to the hunks that change it. */
    static void back(List<ShownHunk> hunks, ExplainedFunction function, Markup page) {
        List<Integer> reaching = IntStream.range(0, hunks.size())
                .filter(index -> hunks.get(index).reaches(function))
                .boxed()
                .toList();
        if (!reaching.isEmpty()) {
            page.begin("p").text("Hunks:");
            reaching.forEach(index -> page.text(" ")
                    .element(
                            "a",
                            "%s:%d"
                                    .formatted(
                                            hunks.get(index).file(),
                                            hunks.get(index).line()),
                            "href",
                            "#h" + index));
            page.end();
        }
    }

    private static String style(String line) {
        return line.startsWith("+") ? "ADDED" : line.startsWith("-") ? "REMOVED" : "kept";
    }
}
