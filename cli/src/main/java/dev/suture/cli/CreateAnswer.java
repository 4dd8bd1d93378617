package dev.suture.cli;

import dev.suture.Refusal;
import dev.suture.create.CreateReport;
import dev.suture.create.Unproved;
import dev.suture.diff.Selection.LeftOut;
import dev.suture.effect.FunctionEffect;
import dev.suture.link.LinkResult;
import dev.suture.payload.Explanation;
import java.util.LinkedHashMap;
import java.util.stream.Collectors;

/** What the commands that make a payload answer. */
final class CreateAnswer {
    private CreateAnswer() {}

    /**
     * {@return the answer for a report}
     *
     * @param target what the payload is for, in words
     */
    static Answer of(CreateReport report, String target) {
        boolean made = report.refusals().isEmpty();
        return new Answer(made ? ExitCode.DONE : ExitCode.REFUSED, report, text(report, target), errors(report));
    }

    private static String errors(CreateReport report) {
        return report.refusals().stream().map(Refusal::text).collect(Collectors.joining("\n"));
    }

    private static String text(CreateReport report, String target) {
        StringBuilder text = new StringBuilder();
        for (LinkResult.Function function : report.functions()) {
            text.append("replaces %s (%s, %d -> %d bytes): %s%n"
                    .formatted(
                            function.name(),
                            function.object(),
                            function.oldSize(),
                            function.newSize(),
                            function.reason()));
        }
        for (Explanation.Added added : report.added()) {
            boolean named = added.kind().equals("FUNCTION") || added.kind().equals("DATA");
            if (named) {
                text.append("adds %s (%s, %d bytes, %s): %s%n"
                        .formatted(added.name(), added.object(), added.sizeBytes(), added.section(), added.reason()));
            }
        }
        report.effects().stream()
                .collect(Collectors.groupingBy(FunctionEffect::text, LinkedHashMap::new, Collectors.toList()))
                .forEach((when, functions) -> text.append("takes effect %s: %s%n"
                        .formatted(
                                when,
                                functions.stream().map(FunctionEffect::function).collect(Collectors.joining(", ")))));
        for (LeftOut left : report.leftOut()) {
            text.append("leaves out %s (%s): %s%n".formatted(left.symbol(), left.object(), left.why()));
        }
        for (Unproved unproved : report.unproved()) {
            text.append("unproved %s (%s): %s%n".formatted(unproved.symbol(), unproved.object(), unproved.why()));
        }
        for (String warning : report.warnings()) {
            text.append("warning: %s%n".formatted(warning));
        }
        report.workDirectory().ifPresent(directory -> text.append("objects kept in %s%n".formatted(directory)));
        report.output()
                .ifPresent(file -> text.append("%s: %,d bytes, build id %s%n  for %s%n  on top of %s%n"
                        .formatted(file, report.sizeBytes(), report.buildId(), target, report.depends())));
        long total = report.stages().stream()
                .mapToLong(CreateReport.StageTime::millis)
                .sum();
        String stages = report.stages().stream()
                .filter(stage -> stage.millis() >= 10)
                .map(stage -> "%s %.2f s".formatted(stage.name(), stage.millis() / 1000.0))
                .collect(Collectors.joining(", "));
        return text.append("%d objects compiled, %.2f s (%s)".formatted(report.objectsBuilt(), total / 1000.0, stages))
                .toString();
    }
}
