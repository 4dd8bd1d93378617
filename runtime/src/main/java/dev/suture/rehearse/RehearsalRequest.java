package dev.suture.rehearse;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What to rehearse.
 *
 * @param hypervisor the hypervisor to boot
 * @param payloads payload files, in the order to try them
 * @param stacked whether to apply each on top of the ones before and take them off in reverse; otherwise each is taken
 *     off before the next one comes
 * @param observations shell commands to run in dom0 before, while and after each payload is applied
 * @param bootTimeout how long the machine may take to dom0's first sign of life
 * @param stepTimeout how long any one step may take
 * @param consoleLog where to write what Xen and dom0 print; empty for a file of its own in the cache
 * @param cache a folder of Suture's own, see {@link LabParts#cacheFolder}
 */
public record RehearsalRequest(
        HypervisorImage hypervisor,
        List<Path> payloads,
        boolean stacked,
        List<String> observations,
        Duration bootTimeout,
        Duration stepTimeout,
        Optional<Path> consoleLog,
        Path cache) {
    /** How long the boot may take if nobody says otherwise; it needs 5 to 15 s where two CPUs are idle. */
    public static final Duration BOOT_TIMEOUT = Duration.ofSeconds(180);

    /** How long a step may take if nobody says otherwise; it needs less than 1 s. */
    public static final Duration STEP_TIMEOUT = Duration.ofSeconds(60);

    public RehearsalRequest {
        payloads = List.copyOf(payloads);
        observations = List.copyOf(observations);
    }

    /** {@return a request to try payloads one by one, with the usual timeouts and cache} */
    public static RehearsalRequest of(HypervisorImage hypervisor, List<Path> payloads) {
        return new RehearsalRequest(
                hypervisor,
                payloads,
                false,
                List.of(),
                BOOT_TIMEOUT,
                STEP_TIMEOUT,
                Optional.empty(),
                LabParts.cacheFolder());
    }

    /** {@return the same with shell commands to look with} */
    public RehearsalRequest observing(List<String> commands) {
        return new RehearsalRequest(
                hypervisor, payloads, stacked, commands, bootTimeout, stepTimeout, consoleLog, cache);
    }

    /** {@return the same with each payload on top of the ones before} */
    public RehearsalRequest onTopOfOneAnother() {
        return new RehearsalRequest(
                hypervisor, payloads, true, observations, bootTimeout, stepTimeout, consoleLog, cache);
    }
}
