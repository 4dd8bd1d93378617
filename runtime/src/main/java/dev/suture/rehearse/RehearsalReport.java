package dev.suture.rehearse;

import java.util.List;
import java.util.Optional;

/**
 * What a rehearsal showed. All of it is fit to be written as JSON.
 *
 * @param verdict the worst verdict on any payload
 * @param reason why, if not {@link Verdict#PASSED}
 * @param hypervisor what was booted
 * @param bootMillis from the start of the machine to dom0's first sign of life, in milliseconds; empty if it never came
 * @param payloads one for each payload asked for, in that order
 * @param consoleLog the file with everything that Xen and dom0 printed
 */
public record RehearsalReport(
        Verdict verdict,
        Optional<String> reason,
        Hypervisor hypervisor,
        Optional<Long> bootMillis,
        List<PayloadReport> payloads,
        String consoleLog) {
    public RehearsalReport {
        payloads = List.copyOf(payloads);
    }

    /**
     * The hypervisor that was booted, in its own words.
     *
     * @param image the file it was booted from
     * @param version such as {@code 4.17.5}; empty if it did not say
     * @param buildId lower-case hexadecimal; empty if it did not say
     */
    public record Hypervisor(String image, Optional<String> version, Optional<String> buildId) {}

    /**
     * What became of one payload.
     *
     * @param name the name it was uploaded under
     * @param file the payload file
     * @param reason why the verdict is not {@link Verdict#PASSED}, in Xen's own words where it had any
     * @param remedy what to do about the reason, where that is known
     * @param steps the steps taken, in order
     * @param observed what the commands to look with printed
     */
    public record PayloadReport(
            String name,
            String file,
            Verdict verdict,
            Optional<String> reason,
            Optional<String> remedy,
            List<Step> steps,
            Observed observed) {
        public PayloadReport {
            steps = List.copyOf(steps);
        }
    }

    /**
     * One call of Xen's client.
     *
     * @param action {@code upload}, {@code apply}, {@code list}, {@code revert} or {@code unload}
     * @param ok whether it did what it should
     * @param exitCode of the client; empty if the step never ended
     * @param attempts how often it was tried; more than 1 if Xen was busy or could not halt all CPUs in time
     * @param millis how long it took with all attempts, in milliseconds, under emulation
     * @param output what the client printed at the last attempt
     * @param xenLog what Xen printed meanwhile
     */
    public record Step(
            String action,
            boolean ok,
            Optional<Integer> exitCode,
            int attempts,
            long millis,
            String output,
            List<String> xenLog) {
        public Step {
            xenLog = List.copyOf(xenLog);
        }
    }

    /**
     * What dom0 saw of one payload; each list has one entry for each command, or none if it did not come to that.
     *
     * @param before before it was uploaded
     * @param applied while it was applied
     * @param reverted after it was reverted
     */
    public record Observed(List<Observation> before, List<Observation> applied, List<Observation> reverted) {
        public Observed {
            before = List.copyOf(before);
            applied = List.copyOf(applied);
            reverted = List.copyOf(reverted);
        }
    }

    /**
     * What one command printed in dom0.
     *
     * @param command the command, run by a shell
     * @param exitCode its exit code; 143 if it did not end within 30 s
     * @param output its standard output and standard error, cut at 64 KiB
     */
    public record Observation(String command, int exitCode, String output) {}
}
