package dev.suture.rehearse;

import dev.suture.rehearse.RehearsalReport.Observation;
import dev.suture.rehearse.RehearsalReport.Observed;
import dev.suture.rehearse.RehearsalReport.PayloadReport;
import dev.suture.rehearse.RehearsalReport.Step;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Follows the rehearsal on the console, line by line, and knows at any time which step of which payload is under way.
 * In: the lines of the console with the time they came. Out: the report on each payload.
 *
 * @see "init.sh, beside this class: what the markers mean"
 */
final class Transcript {
    private static final long NANOS_PER_MILLI = 1_000_000;
    // A hypervisor that dies may print without end; all of it is in the console log.
    private static final int XEN_LINES_KEPT = 200;

    private final List<PayloadFile> payloads;
    private final List<String> commands;
    private final List<List<Step>> steps = new ArrayList<>();
    private final List<List<List<Observation>>> seen = new ArrayList<>();
    private Optional<Begun> underWay = Optional.empty();
    private int current;
    private Optional<String> lastAction = Optional.empty();
    private int markers;
    private boolean ready;
    private boolean done;
    private Optional<String> broken = Optional.empty();
    private Optional<String> version = Optional.empty();
    private Optional<String> buildId = Optional.empty();

    private record Begun(String action, long sinceNanos, List<String> xenLog) {}

    /** The moments at which dom0 looks around, in order. */
    private enum Moment {
        BEFORE,
        APPLIED,
        REVERTED
    }

    Transcript(List<PayloadFile> payloads, List<String> commands) {
        this.payloads = payloads;
        this.commands = commands;
        for (int i = 0; i < payloads.size(); i++) {
            steps.add(new ArrayList<>());
            seen.add(List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>()));
        }
    }

    /**
     * Takes the next line.
     *
     * @param nanos when it came, on the clock of {@link System#nanoTime}
     */
    void accept(ConsoleLine line, long nanos) {
        switch (line) {
            case ConsoleLine.FromXen xen -> fromXen(xen.text());
            case ConsoleLine.FromDom0 _ -> {}
            case ConsoleLine.Marker marker -> marker(marker.words(), nanos);
            case ConsoleLine.Damaged damaged -> throw new GarbledConsoleException(damaged.text(), null);
        }
    }

    /** {@return whether dom0 is up and begins with the payloads} */
    boolean ready() {
        return ready;
    }

    /** {@return whether dom0 has come to the end of its list} */
    boolean done() {
        return done;
    }

    /** {@return how many markers have come: it grows as dom0 gets on} */
    int markers() {
        return markers;
    }

    /** {@return what went wrong before dom0 could begin} */
    Optional<String> broken() {
        return broken;
    }

    /** {@return the version the hypervisor gave} */
    Optional<String> version() {
        return version;
    }

    /** {@return the build id the hypervisor gave, lower-case hexadecimal} */
    Optional<String> buildId() {
        return buildId;
    }

    /** {@return whether the client is at work} */
    boolean stepIsUnderWay() {
        return underWay.isPresent();
    }

    /** {@return what is being done or was done last, for a person} */
    String stage() {
        if (!ready) {
            return "boot";
        }
        String name = payloads.get(current).name();
        return underWay.map(begun -> begun.action() + " " + name)
                .or(() -> lastAction.map(action -> "after " + action + " of " + name))
                .orElse("before " + name);
    }

    /** {@return how many payloads come before the one whose turn it is} */
    int before() {
        return current;
    }

    /**
     * {@return the reports, when no more lines come}
     *
     * @param ending {@link Verdict#PASSED} if dom0 came to the end of its list, else what befell it
     * @param reason why the ending is what it is, if it is bad
     */
    List<PayloadReport> reports(Verdict ending, String reason) {
        boolean lost = ending != Verdict.PASSED;
        if (lost) {
            underWay.ifPresent(begun -> steps.get(current)
                    .add(new Step(
                            begun.action(),
                            false,
                            Optional.empty(),
                            1,
                            millisSince(begun, System.nanoTime()),
                            "",
                            begun.xenLog())));
        }
        List<PayloadReport> reports = new ArrayList<>();
        for (int i = 0; i < payloads.size(); i++) {
            boolean struck = lost && ready && i == current;
            reports.add(struck ? report(i, ending, reason, Optional.empty()) : judged(i, lost));
        }
        return reports;
    }

    private PayloadReport judged(int index, boolean lost) {
        List<Step> taken = steps.get(index);
        Optional<Step> wrong = taken.stream().filter(step -> !step.ok()).findFirst();
        if (wrong.isPresent()) {
            Step step = wrong.get();
            String reason = reason(payloads.get(index), step);
            boolean changedNothing =
                    step.action().equals("upload") || step.action().equals("apply");
            Verdict verdict = reason.contains("Timed out on semaphore")
                    ? Verdict.TIMED_OUT
                    : changedNothing ? Verdict.REFUSED : Verdict.FAILED;
            String attempts = step.attempts() > 1 ? " (%d attempts)".formatted(step.attempts()) : "";
            String what = step.action() + ": " + reason + attempts;
            return report(index, verdict, what, XenWords.remedy(what));
        }
        if (!taken.isEmpty() && taken.getLast().action().equals("unload")) {
            return report(index, Verdict.PASSED, "", Optional.empty());
        }
        String reason;
        if (taken.isEmpty()) {
            reason = lost
                    ? "the machine was lost before its turn came"
                    : "a payload before it could not be put in or taken out";
        } else {
            reason =
                    lost ? "the machine was lost before it was taken out" : "a payload above it could not be taken out";
        }
        return report(index, Verdict.NOT_REHEARSED, reason, Optional.empty());
    }

    // Xen refuses a file that is too big without a word about it.
    private static String reason(PayloadFile payload, Step step) {
        String reason = XenWords.reason(step.xenLog(), step.output());
        int sizeBytes = payload.bytes().length;
        return step.action().equals("upload") && step.xenLog().isEmpty() && sizeBytes > XenWords.MOST_BYTES
                ? "the payload has %d bytes, and Xen takes at most %d (%s)"
                        .formatted(sizeBytes, XenWords.MOST_BYTES, reason)
                : reason;
    }

    private PayloadReport report(int index, Verdict verdict, String reason, Optional<String> remedy) {
        PayloadFile payload = payloads.get(index);
        List<List<Observation>> observations = seen.get(index);
        return new PayloadReport(
                payload.name(),
                payload.file().toString(),
                verdict,
                verdict == Verdict.PASSED ? Optional.empty() : Optional.of(reason),
                remedy,
                steps.get(index),
                new Observed(observations.get(0), observations.get(1), observations.get(2)));
    }

    private void fromXen(String text) {
        if (!ready) {
            version = version.or(() -> XenWords.version(text));
            buildId = buildId.or(() -> XenWords.buildId(text));
        }
        underWay.map(Begun::xenLog).filter(log -> log.size() < XEN_LINES_KEPT).ifPresent(log -> log.add(text));
    }

    private void marker(List<String> words, long nanos) {
        markers++;
        try {
            switch (words.getFirst()) {
                case "ready" -> ready = true;
                case "broken" -> broken = Optional.of(decoded(words.get(1)));
                case "begin" -> {
                    turnTo(Integer.parseInt(words.get(1)));
                    underWay = Optional.of(new Begun(words.get(2), nanos, new ArrayList<>()));
                }
                case "end" -> end(words, nanos);
                case "saw" -> saw(words);
                case "done" -> done = true;
                default -> throw new IllegalStateException("a marker that init.sh does not write: " + words);
            }
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            throw new GarbledConsoleException(words.toString(), e);
        }
    }

    private void turnTo(int payload) {
        if (payload != current) {
            lastAction = Optional.empty();
        }
        current = payload;
    }

    private void end(List<String> words, long nanos) {
        Begun begun = underWay.orElseThrow(() -> new IllegalArgumentException("an end without a beginning"));
        int exitCode = Integer.parseInt(words.get(3));
        String output = decoded(words.get(5));
        boolean ok = exitCode == 0
                && (!begun.action().equals("list")
                        || listsAsApplied(output, payloads.get(current).name()));
        steps.get(current)
                .add(new Step(
                        begun.action(),
                        ok,
                        Optional.of(exitCode),
                        Integer.parseInt(words.get(4)),
                        millisSince(begun, nanos),
                        output,
                        begun.xenLog()));
        underWay = Optional.empty();
        lastAction = Optional.of(begun.action());
    }

    private void saw(List<String> words) {
        turnTo(Integer.parseInt(words.get(1)));
        Moment moment = Moment.valueOf(words.get(2).toUpperCase(Locale.ROOT));
        String command = commands.get(Integer.parseInt(words.get(3)));
        seen.get(current)
                .get(moment.ordinal())
                .add(new Observation(command, Integer.parseInt(words.get(4)), decoded(words.get(5))));
    }

    // The client's list has columns: name | state | metadata.
    private static boolean listsAsApplied(String list, String name) {
        return list.lines()
                .map(line -> line.split("\\|"))
                .anyMatch(columns -> columns.length >= 2
                        && columns[0].strip().equals(name)
                        && columns[1].strip().equals("APPLIED"));
    }

    // The sign in front makes a word of an output that is empty.
    private static String decoded(String word) {
        return new String(Base64.getDecoder().decode(word.substring(1)), StandardCharsets.UTF_8);
    }

    private static long millisSince(Begun begun, long nanos) {
        return (nanos - begun.sinceNanos()) / NANOS_PER_MILLI;
    }
}
