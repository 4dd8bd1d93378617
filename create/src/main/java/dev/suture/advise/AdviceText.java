package dev.suture.advise;

import dev.suture.Refusal;
import dev.suture.advise.Advice.FunctionAdvice;
import dev.suture.advise.Advice.Remedy;
import dev.suture.advise.Advice.Subset;
import dev.suture.advise.Advice.TypeAdvice;
import dev.suture.advise.Advice.TypePlace;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Advice as a person reads it. */
public final class AdviceText {
    private static final int WIDTH = 116;
    private static final int PLACES_SHOWN = 40;

    private final Advice advice;
    private final StringBuilder text = new StringBuilder();

    private AdviceText(Advice advice) {
        this.advice = advice;
    }

    /** {@return the advice, without a final line break} */
    public static String of(Advice advice) {
        AdviceText text = new AdviceText(advice);
        text.write();
        return text.text.toString().stripTrailing();
    }

    private void write() {
        advice.hunks().forEach(this::hunk);
        functions();
        advice.types().forEach(this::type);
        advice.remedies().forEach(this::remedy);
        advice.warnings().forEach(warning -> paragraph("", "warning: " + warning + "."));
        advice.liveSubset().ifPresent(this::subset);
        overall();
    }

    private void hunk(HunkAdvice hunk) {
        text.append("%s  hunk %d: %s%s%n"
                .formatted(
                        hunk.place(),
                        hunk.number(),
                        hunk.certain() ? "" : "likely ",
                        hunk.verdict().words()));
        if (!hunk.touches().isEmpty()) {
            paragraph("    ", "in " + String.join(", ", hunk.touches()));
        }
        if (!hunk.reaches().isEmpty()) {
            paragraph("    ", "reaches " + String.join("; ", hunk.reaches()));
        }
        hunk.reasons().forEach(reason -> paragraph("    ", reason));
        if (!hunk.remedies().isEmpty()) {
            paragraph(
                    "    ",
                    "see remedy "
                            + hunk.remedies().stream().map(String::valueOf).collect(Collectors.joining(", ")));
        }
        text.append('\n');
    }

    private void functions() {
        if (advice.functions().isEmpty()) {
            return;
        }
        text.append("Functions\n");
        for (FunctionAdvice function : advice.functions()) {
            paragraph(
                    "  ",
                    "%s (%s): %s, %s"
                            .formatted(function.name(), function.object(), function.decision(), function.reason()));
            if (!function.quiescing().isEmpty()) {
                paragraph("      ", function.quiescing());
            }
            function.notes().forEach(note -> paragraph("      ", note));
        }
        text.append('\n');
    }

    private void type(TypeAdvice type) {
        paragraph("", "Type " + type.change());
        Map<String, List<TypePlace>> byKind = new LinkedHashMap<>();
        type.places()
                .forEach(place -> byKind.computeIfAbsent(place.kind(), kind -> new ArrayList<>())
                        .add(place));
        byKind.forEach((kind, places) -> {
            places.stream()
                    .limit(PLACES_SHOWN)
                    .forEach(place -> text.append("  %-10s %s  %s%n".formatted(kind, place.place(), place.what())));
            if (places.size() > PLACES_SHOWN) {
                text.append("  %-10s and %d more (--json has all)%n".formatted(kind, places.size() - PLACES_SHOWN));
            }
        });
        if (!type.uses().isEmpty()) {
            paragraph("  ", "the patch uses what is new in " + String.join(", ", type.uses()));
        }
        text.append('\n');
    }

    private void remedy(Remedy remedy) {
        text.append("Remedy %d: %s%n".formatted(remedy.number(), remedy.title()));
        paragraph("    ", remedy.text());
        String pasted = remedy.diff().isEmpty() ? remedy.code() : remedy.diff();
        if (!remedy.diff().isEmpty()) {
            paragraph("    ", "As a patch to give behind the others, with one more --patch:");
        }
        if (!pasted.isEmpty()) {
            text.append('\n').append(pasted.stripTrailing()).append('\n');
        }
        text.append('\n');
    }

    private void subset(Subset subset) {
        if (subset.output().isPresent()) {
            paragraph(
                    "",
                    ("Hunks %s can go alone: built, and a payload of them replaces %s. Written to %s. Whether they are of use"
                                    + " without the others is for you to judge.")
                            .formatted(
                                    subset.hunks().stream().map(String::valueOf).collect(Collectors.joining(", ")),
                                    String.join(", ", subset.functions()),
                                    subset.output().get()));
        } else {
            paragraph("", "No part of the patch can go alone: %s.".formatted(subset.why()));
        }
        subset.dropped().forEach(reason -> paragraph("    ", "left out, " + reason));
        text.append('\n');
    }

    private void overall() {
        String counts = advice.hunks().stream()
                .collect(Collectors.groupingBy(HunkAdvice::verdict, java.util.TreeMap::new, Collectors.counting()))
                .entrySet()
                .stream()
                .map(entry -> "%d %s".formatted(entry.getValue(), entry.getKey().words()))
                .collect(Collectors.joining(", "));
        String verdict;
        if (!advice.compiled()) {
            verdict = advice.live()
                    ? "Nothing was found that keeps it from going live; nothing was compiled, so that is not certain."
                    : "It can likely not go live as it is; nothing was compiled, so that is not certain.";
        } else {
            verdict = advice.live() ? "The patch can go live as it is." : "The patch cannot go live as it is.";
        }
        text.append(
                "%s (%d hunks: %s; Xen %s)%n".formatted(verdict, advice.hunks().size(), counts, advice.xen()));
    }

    /** {@return the reasons against a patch, as {@code build xen} prints them} */
    public static String refusals(Advice advice) {
        return advice.refusals().stream().map(Refusal::text).collect(Collectors.joining("\n"));
    }

    /** Breaks lines between words. */
    private void paragraph(String indent, String words) {
        StringBuilder line = new StringBuilder(indent);
        for (String word : words.split(" ")) {
            boolean full = line.length() + word.length() + 1 > WIDTH && line.length() > indent.length();
            if (full) {
                text.append(line.toString().stripTrailing()).append('\n');
                line = new StringBuilder(indent);
            }
            line.append(word).append(' ');
        }
        text.append(line.toString().stripTrailing()).append('\n');
    }
}
