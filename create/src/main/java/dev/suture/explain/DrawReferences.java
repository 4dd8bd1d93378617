package dev.suture.explain;

import dev.suture.explain.ExplainedPatch.Place;
import dev.suture.explain.ExplainedPatch.ReferenceLine;
import dev.suture.explain.ExplainedPatch.Thing;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Draws what refers to what, as SVG: on the left what is replaced and hooks, in the middle what the payload brings, on the
 * right what stays where the target has it.
 */
final class DrawReferences {
    private static final int COLUMN_WIDTH = 400;
    private static final int BOX_WIDTH = 270;
    private static final int BOX_HEIGHT = 22;
    private static final int ROW_HEIGHT = 30;
    private static final int TOP = 34;
    private static final int NAME_SHOWN = 38;

    private record Box(Thing thing, int column, int x, int y) {}

    private DrawReferences() {}

    static void draw(List<Thing> things, List<ReferenceLine> references, Markup page) {
        Map<String, Box> boxes = boxes(things, references);
        int width = 2 * COLUMN_WIDTH + BOX_WIDTH + 2;
        int height = boxes.values().stream().mapToInt(Box::y).max().orElse(0) + ROW_HEIGHT + BOX_HEIGHT;
        page.begin(
                "svg",
                "xmlns",
                "http://www.w3.org/2000/svg",
                "width",
                Integer.toString(width),
                "height",
                Integer.toString(height),
                "role",
                "img",
                "aria-label",
                "What refers to what");
        heading(page, 0, "replaced in the target");
        heading(page, 1, "new in the payload");
        heading(page, 2, "stays in the target");
        for (ReferenceLine reference : references) {
            Box from = boxes.get(reference.from().id());
            Box to = boxes.get(reference.to().id());
            page.newLine();
            page.begin("path", "class", "edge " + style(to.thing().place()), "d", path(from, to));
            page.element(
                    "title",
                    "%s refers to %s%s"
                            .formatted(
                                    reference.from().name(),
                                    reference.to().name(),
                                    reference.count() > 1 ? ", %d times".formatted(reference.count()) : ""));
            page.end();
        }
        boxes.values().forEach(box -> box(page, box));
        page.end().newLine();
    }

    private static Map<String, Box> boxes(List<Thing> things, List<ReferenceLine> references) {
        Map<String, Thing> all = new LinkedHashMap<>();
        Stream<Thing> ends = references.stream().flatMap(reference -> Stream.of(reference.from(), reference.to()));
        Stream.concat(things.stream(), ends).forEach(thing -> all.putIfAbsent(thing.id(), thing));
        int[] used = new int[3];
        Map<String, Box> boxes = new LinkedHashMap<>();
        for (Thing thing : new ArrayList<>(all.values())) {
            int column = column(thing.place());
            boxes.put(thing.id(), new Box(thing, column, column * COLUMN_WIDTH + 1, TOP + used[column]++ * ROW_HEIGHT));
        }
        return boxes;
    }

    private static int column(Place place) {
        return switch (place) {
            case REPLACED, HOOK -> 0;
            case PAYLOAD -> 1;
            case TARGET -> 2;
        };
    }

    static String style(Place place) {
        return switch (place) {
            case REPLACED -> "replaced";
            case HOOK -> "hook";
            case PAYLOAD -> "payload";
            case TARGET -> "target";
        };
    }

    private static void heading(Markup page, int column, String text) {
        page.newLine();
        page.element("text", text, "class", "heading", "x", Integer.toString(column * COLUMN_WIDTH + 1), "y", "18");
    }

    private static String path(Box from, Box to) {
        int y1 = from.y() + BOX_HEIGHT / 2;
        int y2 = to.y() + BOX_HEIGHT / 2;
        if (from.column() == to.column()) {
            int right = from.x() + BOX_WIDTH;
            return "M%d %d C%d %d %d %d %d %d".formatted(right, y1, right + 60, y1, right + 60, y2, right, y2);
        }
        boolean forward = from.column() < to.column();
        int x1 = forward ? from.x() + BOX_WIDTH : from.x();
        int x2 = forward ? to.x() : to.x() + BOX_WIDTH;
        int bend = (x2 - x1) / 2;
        return "M%d %d C%d %d %d %d %d %d".formatted(x1, y1, x1 + bend, y1, x2 - bend, y2, x2, y2);
    }

    private static void box(Markup page, Box box) {
        String name = box.thing().name();
        String shown = name.length() > NAME_SHOWN ? name.substring(0, NAME_SHOWN - 1) + "…" : name;
        page.newLine();
        page.begin("g");
        page.element("title", name);
        page.begin(
                        "rect",
                        "class",
                        "box " + style(box.thing().place()),
                        "x",
                        Integer.toString(box.x()),
                        "y",
                        Integer.toString(box.y()),
                        "width",
                        Integer.toString(BOX_WIDTH),
                        "height",
                        Integer.toString(BOX_HEIGHT),
                        "rx",
                        "4")
                .end();
        page.element("text", shown, "x", Integer.toString(box.x() + 8), "y", Integer.toString(box.y() + 15));
        page.end();
    }
}
