package dev.suture.rehearse;

import dev.suture.LivePatchException;
import dev.suture.PlainFile;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * An emulated PC that runs Xen with a dom0, and its serial console. It ends with this object, with this process, or, if
 * this process is killed outright, with the thread that started it.
 *
 * <p>Emulation without hardware support (TCG) works on any machine. The CPU model is the plain one because a Linux dom0
 * under Xen 4.17 faults early on the richest one QEMU can emulate.
 */
final class Machine implements Closeable {
    private static final String QEMU = "qemu-system-x86_64";

    private final Process process;
    private final Thread reader;
    private final Thread killer;
    private final BlockingQueue<Heard> heard = new LinkedBlockingQueue<>();

    /**
     * Something from the console.
     *
     * @param line a line without its line feed; empty if the machine has ended
     * @param nanos when it came, on the clock of {@link System#nanoTime}
     */
    record Heard(Optional<String> line, long nanos) {}

    private Machine(Process process, OutputStream log) {
        this.process = process;
        this.killer = new Thread(process::destroyForcibly, "machine-killer");
        this.reader = Thread.ofPlatform().daemon().name("machine-console").unstarted(() -> listen(log));
    }

    /**
     * Starts the machine.
     *
     * @param folder has {@code xen}, a 32-bit ELF image to boot, {@code kernel}, dom0's, and {@code initramfs}, dom0's first
     *     files. They are named relative to it: QEMU takes spaces and commas in these names for its own
     * @param consoleLog gets every byte the console prints
     * @throws LivePatchException if QEMU is missing or cannot be started, or the log cannot be written
     */
    static Machine boot(Path folder, Path consoleLog) {
        Path qemu = Command.onPath(QEMU)
                .orElseThrow(() -> new LivePatchException(
                        "%s is missing: a rehearsal runs in it; install it (on Debian: apt-get install qemu-system-x86)"
                                .formatted(QEMU)));
        List<String> command = new ArrayList<>();
        // The kernel then kills QEMU when we are killed and can do it no more.
        Command.onPath("setpriv")
                .ifPresent(setpriv -> command.addAll(List.of(setpriv.toString(), "--pdeathsig", "KILL")));
        command.addAll(List.of(
                qemu.toString(), "-accel", "tcg", "-cpu", "qemu64", "-smp", "2", "-m", "1024", "-display", "none"));
        command.addAll(List.of("-nic", "none", "-monitor", "none", "-no-reboot", "-serial", "stdio"));
        command.addAll(List.of(
                "-kernel",
                "xen",
                "-append",
                "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all console_timestamps=none dom0_mem=512M",
                "-initrd",
                "kernel console=hvc0 quiet oops=panic,initramfs"));
        try {
            OutputStream log = new BufferedOutputStream(Files.newOutputStream(consoleLog));
            Process process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                    .redirectErrorStream(true)
                    .start();
            Machine machine = new Machine(process, log);
            Runtime.getRuntime().addShutdownHook(machine.killer);
            machine.reader.start();
            return machine;
        } catch (IOException e) {
            throw new LivePatchException("cannot start the rehearsal: " + PlainFile.why(e), e);
        }
    }

    /** {@return what comes next on the console; empty if nothing comes in time} */
    Optional<Heard> listen(Duration patience) throws InterruptedException {
        return Optional.ofNullable(heard.poll(Math.max(0, patience.toNanos()), TimeUnit.NANOSECONDS));
    }

    /** Ends the machine, whatever it is doing, and the log with it. */
    @Override
    public void close() {
        process.destroyForcibly();
        try {
            reader.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try {
            Runtime.getRuntime().removeShutdownHook(killer);
        } catch (IllegalStateException e) {
            // The virtual machine is shutting down: the hook does no harm.
            return;
        }
    }

    private void listen(OutputStream log) {
        try (InputStream console = process.getInputStream();
                log) {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            byte[] buffer = new byte[4096];
            for (int length = console.read(buffer); length >= 0; length = console.read(buffer)) {
                log.write(buffer, 0, length);
                log.flush();
                for (int i = 0; i < length; i++) {
                    if (buffer[i] == '\n') {
                        tell(line);
                    } else {
                        line.write(buffer[i]);
                    }
                }
            }
            tell(line);
        } catch (IOException e) {
            // The stream breaks when the machine is ended on purpose; a log that cannot be written ends it too.
            process.destroyForcibly();
        }
        heard.add(new Heard(Optional.empty(), System.nanoTime()));
    }

    private void tell(ByteArrayOutputStream line) {
        heard.add(new Heard(Optional.of(line.toString(StandardCharsets.ISO_8859_1)), System.nanoTime()));
        line.reset();
    }
}
