package dev.suture.rehearse;

import dev.suture.LivePatchException;
import dev.suture.PlainFile;
import dev.suture.Progress;
import dev.suture.cache.PruneCache;
import dev.suture.rehearse.RehearsalReport.Hypervisor;
import dev.suture.rehearse.RehearsalReport.PayloadReport;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * Tries payloads on a real Xen that is thrown away afterwards.
 *
 * <p>The order of things: read the payloads and the hypervisor, get the parts of a dom0, pack both and a list of what to
 * do into dom0's first files, boot, follow the console until dom0 has come to the end of the list or is lost, report.
 * Nothing is sent to the machine once it runs, so nothing can get out of step.
 */
public final class XenRehearsal {
    /** How large all console logs in the cache together may be. */
    private static final long LARGEST_LOGS_BYTES = 100L << 20;

    private static final Duration LAST_WORDS = Duration.ofSeconds(3);
    private static final int LINES_OF_LAST_WORDS = 100;
    private static final int LINES_SHOWN = 12;
    private static final int MOST_BOOTS = 3;

    private final RehearsalRequest request;
    private final Progress progress;
    private final Path consoleLog;
    private final List<PayloadFile> payloads;
    private final Transcript transcript;
    private final ConsoleLines lines = new ConsoleLines();
    private final Deque<String> lastLines = new ArrayDeque<>();
    private Optional<byte[]> ownClient = Optional.empty();

    private XenRehearsal(RehearsalRequest request, Progress progress) {
        this.request = request;
        this.progress = progress;
        this.payloads = PayloadFile.read(request.payloads());
        this.transcript = new Transcript(payloads, request.observations());
        this.consoleLog = consoleLog(request);
    }

    /**
     * Rehearses.
     *
     * <p>Has to be called on a platform thread: QEMU ends with the thread that started it.
     *
     * @param progress hears of the download, the boot and each step
     * @return what happened, also if the hypervisor died of it or time ran out
     * @throws LivePatchException if a file is not what it should be, a part or tool is missing, or the hypervisor cannot
     *     be booted or knows nothing of live patches
     * @throws InterruptedException if the caller was interrupted; nothing is left running
     */
    public static RehearsalReport run(RehearsalRequest request, Progress progress) throws InterruptedException {
        if (request.payloads().isEmpty()) {
            throw new LivePatchException("no payload to rehearse");
        }
        for (int boots = 1; ; boots++) {
            try {
                return new XenRehearsal(request, progress).run();
            } catch (GarbledConsoleException e) {
                if (boots == MOST_BOOTS) {
                    throw e;
                }
                progress.stage("boot again: the console was garbled");
            }
        }
    }

    private RehearsalReport run() throws InterruptedException {
        byte[] hypervisor = request.hypervisor().bytes();
        OwnClient.require(request.hypervisor(), OwnClient.compiler());
        LabParts parts = LabParts.in(request.cache(), progress);
        try {
            Path folder = Files.createTempDirectory("suture-rehearsal-");
            try {
                Files.write(folder.resolve("xen"), hypervisor);
                Files.createSymbolicLink(
                        folder.resolve("kernel"), parts.kernel().toAbsolutePath());
                ownClient = OwnClient.make(folder);
                pack(parts, folder.resolve("initramfs"));
                return play(folder);
            } finally {
                Folders.delete(folder);
            }
        } catch (IOException e) {
            throw new LivePatchException("cannot prepare the rehearsal: " + PlainFile.why(e), e);
        }
    }

    private void pack(LabParts parts, Path initramfs) throws IOException {
        try (Initramfs files = new Initramfs(initramfs)) {
            files.console();
            files.file("init", firstProgram());
            files.file("bin/busybox", Files.readAllBytes(parts.busybox()));
            files.file("bin/xen-livepatch", Files.readAllBytes(parts.client()));
            if (ownClient.isPresent()) {
                files.file("bin/suture-client", ownClient.get());
            }
            for (Path library : parts.libraries()) {
                String folder = library.getFileName().toString().startsWith("ld-linux") ? "lib64/" : "lib/";
                files.file(folder + library.getFileName(), Files.readAllBytes(library));
            }
            for (int i = 0; i < parts.modules().size(); i++) {
                Path module = parts.modules().get(i);
                files.file("modules/%02d-%s".formatted(i, module.getFileName()), Files.readAllBytes(module));
            }
            StringBuilder list = new StringBuilder();
            for (int i = 0; i < payloads.size(); i++) {
                PayloadFile payload = payloads.get(i);
                list.append(i).append(' ').append(payload.name()).append('\n');
                files.file("suture/" + payload.name() + ".livepatch", payload.bytes());
            }
            files.file("suture/payloads", list.toString().getBytes(StandardCharsets.UTF_8));
            for (int i = 0; i < request.observations().size(); i++) {
                byte[] command = (request.observations().get(i) + "\n").getBytes(StandardCharsets.UTF_8);
                files.file("suture/observe/" + i, command);
            }
            if (request.stacked()) {
                files.file("suture/stack", new byte[0]);
            }
        }
    }

    private RehearsalReport play(Path folder) throws InterruptedException {
        progress.stage("boot");
        long start = System.nanoTime();
        Optional<Duration> bootTime = Optional.empty();
        int markers = 0;
        try (Machine machine = Machine.boot(folder, consoleLog)) {
            long deadline = start + request.bootTimeout().toNanos();
            while (true) {
                Optional<Machine.Heard> heard = machine.listen(Duration.ofNanos(deadline - System.nanoTime()));
                if (heard.isEmpty()) {
                    Duration allowed = bootTime.isEmpty() ? request.bootTimeout() : request.stepTimeout();
                    return report(Verdict.TIMED_OUT, timedOut(allowed), bootTime);
                }
                if (heard.get().line().isEmpty()) {
                    return lost("the machine ended without a word", bootTime);
                }
                String text = take(heard.get());
                if (XenWords.tellsOfDeath(text)) {
                    return lost(lastWords(machine, text), bootTime);
                }
                if (transcript.broken().isPresent()) {
                    throw cannotBegin(transcript.broken().get());
                }
                if (transcript.done()) {
                    return report(Verdict.PASSED, "", bootTime);
                }
                if (transcript.ready()) {
                    if (bootTime.isEmpty()) {
                        bootTime = Optional.of(Duration.ofNanos(heard.get().nanos() - start));
                    }
                    if (transcript.markers() > markers) {
                        markers = transcript.markers();
                        if (transcript.stepIsUnderWay()) {
                            progress.stage(transcript.stage());
                            progress.advance(transcript.before(), payloads.size());
                        }
                        deadline = System.nanoTime() + request.stepTimeout().toNanos();
                    }
                }
            }
        }
    }

    /** {@return what the line says, without who wrote it; empty for our own} */
    private String take(Machine.Heard heard) {
        ConsoleLine line = lines.accept(heard.line().orElseThrow());
        transcript.accept(line, heard.nanos());
        String text = switch (line) {
            case ConsoleLine.FromXen xen -> xen.text();
            case ConsoleLine.FromDom0 dom0 -> dom0.text();
            case ConsoleLine.Marker _, ConsoleLine.Damaged _ -> "";
        };
        if (!text.isBlank()) {
            lastLines.addLast(text);
            if (lastLines.size() > LINES_SHOWN) {
                lastLines.removeFirst();
            }
        }
        return text;
    }

    // A dying hypervisor says why after it says that; then it waits before it would start again, or it raves on.
    private String lastWords(Machine machine, String first) throws InterruptedException {
        List<String> words = new ArrayList<>(List.of(first));
        long deadline = System.nanoTime() + LAST_WORDS.toNanos();
        while (words.size() < LINES_OF_LAST_WORDS && !words.getLast().contains("Reboot in")) {
            Optional<Machine.Heard> heard = machine.listen(Duration.ofNanos(deadline - System.nanoTime()));
            if (heard.isEmpty() || heard.get().line().isEmpty()) {
                break;
            }
            words.add(take(heard.get()));
        }
        return XenWords.causeOfDeath(words);
    }

    private RehearsalReport lost(String cause, Optional<Duration> bootTime) {
        if (bootTime.isEmpty()) {
            throw new LivePatchException(
                    "%s: this hypervisor does not boot in the rehearsal: %s\n%s\n        Console log: %s"
                            .formatted(request.hypervisor().file(), cause, shown(), consoleLog));
        }
        return report(Verdict.CRASHED, transcript.stage() + ": " + cause, bootTime);
    }

    private LivePatchException cannotBegin(String output) {
        String hint = output.contains("Function not implemented")
                ? "\n        This hypervisor was built without CONFIG_LIVEPATCH."
                : output.contains("Permission denied")
                        ? "\n        This hypervisor speaks another version of the control interface than Xen 4.17's client"
                                + (ownClient.isPresent()
                                        ? ", and than the one that Suture has for Xen 4.21 and 4.22."
                                        : ". For Xen 4.21 and 4.22 Suture makes a client of its own: install a C compiler"
                                                + " (on Debian: apt-get install gcc).")
                        : "";
        return new LivePatchException("dom0 cannot begin the rehearsal: %s%s\n        Console log: %s"
                .formatted(output.strip(), hint, consoleLog));
    }

    private RehearsalReport report(Verdict ending, String reason, Optional<Duration> bootTime) {
        List<PayloadReport> reports = transcript.reports(ending, reason);
        Verdict verdict = reports.stream().map(PayloadReport::verdict).reduce(ending, Verdict::or);
        Optional<String> why = ending != Verdict.PASSED
                ? Optional.of(reason)
                : reports.stream()
                        .filter(payload -> payload.verdict() == verdict)
                        .findFirst()
                        .flatMap(PayloadReport::reason);
        return new RehearsalReport(
                verdict,
                why,
                new Hypervisor(request.hypervisor().file().toString(), transcript.version(), transcript.buildId()),
                bootTime.map(Duration::toMillis),
                reports,
                consoleLog.toString());
    }

    private String timedOut(Duration allowed) {
        return "%s: not done after %d s; the last lines of the console were:\n%s"
                .formatted(transcript.stage(), allowed.toSeconds(), shown());
    }

    private String shown() {
        return "        " + String.join("\n        ", lastLines);
    }

    private static byte[] firstProgram() throws IOException {
        try (InputStream script = XenRehearsal.class.getResourceAsStream("init.sh")) {
            if (script == null) {
                throw new IllegalStateException("init.sh is not beside this class");
            }
            return script.readAllBytes();
        }
    }

    private static Path consoleLog(RehearsalRequest request) {
        try {
            if (request.consoleLog().isPresent()) {
                Path log = request.consoleLog().get().toAbsolutePath();
                Files.createDirectories(log.getParent());
                return log;
            }
            Path folder = Files.createDirectories(request.cache().resolve("rehearse/console"));
            PruneCache.daily(folder, LARGEST_LOGS_BYTES);
            String now = LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss"));
            return folder.resolve(
                    "%s-%d.log".formatted(now, ProcessHandle.current().pid()));
        } catch (IOException e) {
            throw new LivePatchException("cannot make a place for the console log: " + PlainFile.why(e), e);
        }
    }
}
