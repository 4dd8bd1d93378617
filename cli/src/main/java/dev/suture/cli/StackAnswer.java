package dev.suture.cli;

import dev.suture.create.CreateReport;
import dev.suture.create.CreateStack;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What the commands that make a stack of payloads answer. */
final class StackAnswer {
    private StackAnswer() {}

    /**
     * {@return the answer for a report}
     *
     * @param target what the payloads are for, in words
     */
    static Answer of(CreateStack.Report report, String target) {
        List<String> text = new ArrayList<>();
        List<String> errors = new ArrayList<>();
        for (CreateReport payload : report.payloads()) {
            Answer answer = CreateAnswer.of(payload, target);
            text.add("%s:%n%s".formatted(payload.name(), answer.text().indent(2).stripTrailing()));
            if (!answer.errors().isEmpty()) {
                errors.add(answer.errors());
            }
        }
        if (!report.withoutEffect().isEmpty()) {
            text.add("no payload of their own, as they change nothing by themselves: " + names(report.withoutEffect()));
        }
        if (!report.isMade()) {
            errors.add(unmade(report));
        }
        boolean done = report.isMade() || report.skips() && !report.made().isEmpty();
        return new Answer(
                done ? ExitCode.DONE : ExitCode.REFUSED, report, String.join("\n", text), String.join("\n", errors));
    }

    private static String unmade(CreateStack.Report report) {
        String refused = report.payloads().stream()
                .filter(payload -> !payload.refusals().isEmpty())
                .map(CreateReport::name)
                .collect(Collectors.joining(", "));
        String made = report.made().stream().map(CreateReport::name).collect(Collectors.joining(", "));
        String verb = refused.contains(", ") ? "are" : "is";
        String head = made.isEmpty()
                ? "No payload of the stack was written, because %s %s refused.".formatted(refused, verb)
                : "Of the stack only %s was written, with a list in the file series, because %s %s refused."
                        .formatted(made, refused, verb);
        String need = report.needRefused().isEmpty()
                ? ""
                : " Left out, too, as they do not apply or compile without that: %s."
                        .formatted(names(report.needRefused()));
        String behind = report.notTried().isEmpty()
                ? ""
                : " Not tried (--skip-refused does): %s.".formatted(names(report.notTried()));
        return head + need + behind;
    }

    private static String names(List<Path> patches) {
        return patches.stream().map(patch -> patch.getFileName().toString()).collect(Collectors.joining(", "));
    }
}
