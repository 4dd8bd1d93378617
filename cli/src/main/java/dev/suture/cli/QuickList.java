package dev.suture.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * {@code suture list} in the form in which it is mostly called, {@code list --on TARGET... [--json]}, without picocli: to
 * read the annotations of even one command takes longer than to look at a process.
 *
 * <p>It takes only what picocli would read in the same way, letter for letter. All else, and whatever fails, goes the
 * long way: a list changes nothing, so it can be asked for twice.
 */
final class QuickList {
    /** Nothing that picocli would take for an option, a file of arguments, a variable or a quotation. */
    private static final Pattern TARGET = Pattern.compile("[a-z]+:[A-Za-z0-9/_][A-Za-z0-9/._+-]*");

    private QuickList() {}

    /** What was asked for. */
    record Question(List<String> targets, boolean isJson) {}

    /** {@return the question that the words are, if they are of this form} */
    static Optional<Question> question(String[] words) {
        if (words.length < 3 || !words[0].equals("list")) {
            return Optional.empty();
        }
        List<String> targets = new ArrayList<>();
        boolean isJson = false;
        int at = 1;
        while (at < words.length) {
            if (words[at].equals("--json") && !isJson) {
                isJson = true;
                at++;
            } else if (words[at].equals("--on")
                    && at + 1 < words.length
                    && TARGET.matcher(words[at + 1]).matches()) {
                targets.add(words[at + 1]);
                at += 2;
            } else {
                return Optional.empty();
            }
        }
        return targets.isEmpty() ? Optional.empty() : Optional.of(new Question(List.copyOf(targets), isJson));
    }

    /** {@return how the command ended, if it was of this form and nothing failed; else nothing was printed} */
    static Optional<ExitCode> run(String[] words, PrintWriter out, PrintWriter err) {
        Optional<Question> question = question(words);
        if (question.isEmpty()) {
            return Optional.empty();
        }
        Answer answer;
        try {
            answer = ListCommand.answer(ProcessOptions.targets(question.get().targets()));
        } catch (RuntimeException | OutOfMemoryError _) {
            // What it was is found again on the long way, and told there.
            return Optional.empty();
        }
        SutureCommand.print(answer, question.get().isJson(), out, err);
        return Optional.of(answer.exitCode());
    }
}
