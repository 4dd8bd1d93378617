package dev.suture.process;

import dev.suture.target.Incarnation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Tells a process from another one of its number, and a program from the one that the process ran before. At each start of
 * a program the kernel gives it 16 random bytes, which a fork keeps; where they are stands in the auxiliary vector.
 *
 * @see "proc_pid_stat(5), starttime; getauxval(3), AT_RANDOM"
 */
final class ReadIncarnation {
    private static final int AT_RANDOM = 25;
    private static final int RANDOM_BYTES = 16;
    /** Behind the name, which is in brackets: the state. */
    private static final int START_FIELD = 19;

    private ReadIncarnation() {}

    /** {@return what the process is now; empty if it is gone or may not be looked at} */
    static Optional<Incarnation> of(int pid) {
        try {
            if (!ProcStatus.read(pid).hasThreads()) {
                return Optional.empty();
            }
            Path process = Path.of("/proc/" + pid);
            Path exe = process.resolve("exe");
            String program = Files.readSymbolicLink(exe) + " " + Files.getAttribute(exe, "unix:ino");
            String files = Mappings.read(pid).all().stream()
                    .filter(mapping -> mapping.isCode() && mapping.isFile())
                    .map(mapping -> "%x %s %d %x"
                            .formatted(mapping.start(), mapping.device(), mapping.inode(), mapping.fileOffset()))
                    .collect(Collectors.joining("\n"));
            return Optional.of(new Incarnation(started(pid), program + " " + random(process), files));
        } catch (IOException | ProcessException e) {
            return Optional.empty();
        }
    }

    /** {@return when a process was made, in ticks since the machine started: with its number, which process it is} */
    static String started(int pid) throws IOException {
        String line = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
        String[] fields = line.substring(line.lastIndexOf(')') + 1).strip().split(" ");
        if (fields.length <= START_FIELD) {
            throw new IOException("nothing is known of process " + pid);
        }
        return pid + " " + fields[START_FIELD];
    }

    private static String random(Path process) throws IOException {
        ByteBuffer vector =
                ByteBuffer.wrap(Files.readAllBytes(process.resolve("auxv"))).order(ByteOrder.LITTLE_ENDIAN);
        while (vector.remaining() >= 2 * Long.BYTES) {
            long kind = vector.getLong();
            long value = vector.getLong();
            if (kind == AT_RANDOM && value > 0) {
                try (FileChannel memory = FileChannel.open(process.resolve("mem"), StandardOpenOption.READ)) {
                    ByteBuffer bytes = ByteBuffer.allocate(RANDOM_BYTES);
                    memory.read(bytes, value);
                    return HexFormat.of().formatHex(bytes.array());
                }
            }
        }
        return "";
    }
}
