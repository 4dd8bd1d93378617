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
            String behind = report.notTried().isEmpty() ? "" : " Not tried: %s.".formatted(names(report.notTried()));
            errors.add("No payload of the stack was written, because %s is refused.%s"
                    .formatted(report.payloads().getLast().name(), behind));
        }
        return new Answer(
                report.isMade() ? ExitCode.DONE : ExitCode.REFUSED,
                report,
                String.join("\n", text),
                String.join("\n", errors));
    }

    private static String names(List<Path> patches) {
        return patches.stream().map(patch -> patch.getFileName().toString()).collect(Collectors.joining(", "));
    }
}
