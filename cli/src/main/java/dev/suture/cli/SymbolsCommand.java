package dev.suture.cli;

import dev.suture.LivePatchException;
import dev.suture.PlainFile;
import dev.suture.Progress;
import dev.suture.process.CoreFile;
import dev.suture.process.DebugFile;
import dev.suture.process.ForDebuggers;
import dev.suture.process.ProcessTarget;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code suture symbols}: files for debuggers and profilers, which know of no code that is in no file. */
@Command(
        name = "symbols",
        description = {
            "Write for each payload of a process, or of a core file, an ELF file with its symbols and unwinding"
                    + " information, and a script with which gdb reads them: call chains then go through payloads, with"
                    + " names. Without it they end there at ??.",
            "",
            "gdb -p 4711 -x DIR/suture-4711.gdb, or gdb PROGRAM CORE -x DIR/suture-core.gdb. Write them anew when payloads"
                    + " come or go, and start a new gdb. As they have what is in the process's memory, they are readable"
                    + " for their owner alone.",
            "",
            "perf has the names from perf-PID.map (--perf) and follows frame pointers through payloads (perf record"
                    + " --call-graph fp); by unwinding information it does so only in files."
        },
        footer = {
            "  suture symbols --on pid:4711 --output patched",
            "  suture symbols --core core.4711 --output patched",
            "  suture symbols --on pid:4711 --output /tmp --perf"
        })
final class SymbolsCommand extends SutureCommand {
    @ArgGroup(multiplicity = "1")
    private Where where;

    static final class Where {
        @Option(
                names = "--on",
                paramLabel = "TARGET",
                arity = "1..*",
                description = "Processes: pid:N, exe:PATH, name:NAME or maps:FILE, as for list.")
        private List<String> on;

        @Option(names = "--core", paramLabel = "FILE", description = "What a process left when it ended: see core(5).")
        private Path core;
    }

    @Option(
            names = "--output",
            paramLabel = "DIR",
            required = true,
            description = "The folder to write to; made if it is not there.")
    private Path output;

    @Option(
            names = "--perf",
            description =
                    "Also write perf-PID.map, which perf looks for in /tmp: names for what runs in payloads. One that is there"
                            + " is left as it is.")
    private boolean perf;

    @Spec
    private CommandSpec spec;

    /**
     * What was written about one process.
     *
     * @param target as it was named
     * @param script for gdb
     * @param files one for each payload
     * @param perfMap if it was asked for
     * @param problem why there is nothing, or less
     */
    record Written(
            String target,
            Optional<String> script,
            List<String> files,
            Optional<String> perfMap,
            Optional<String> problem) {}

    /** All that was written. */
    record AllWritten(List<Written> targets) {}

    @Override
    Answer answer(Progress progress) {
        List<Written> written = new ArrayList<>();
        if (where.core != null && perf) {
            throw new ParameterException(spec.commandLine(), "--perf is for a process that runs, not for --core");
        }
        if (where.core != null) {
            written.add(write(where.core.toString(), "core", CoreFile.describe(where.core), false));
        } else {
            for (ProcessTarget target : ProcessOptions.targets(where.on, spec)) {
                written.add(written(target));
            }
        }
        List<String> problems = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        for (Written one : written) {
            one.problem().ifPresent(problem -> problems.add("suture: " + problem));
            one.script()
                    .ifPresent(script -> text.append("%s: %s for gdb -x, with %d payloads%n"
                            .formatted(one.target(), script, one.files().size())));
            one.perfMap().ifPresent(map -> text.append("%s: %s for perf%n".formatted(one.target(), map)));
        }
        ExitCode exitCode = problems.isEmpty() ? ExitCode.DONE : ExitCode.BAD_INPUT;
        return new Answer(
                exitCode, new AllWritten(written), text.toString().stripTrailing(), String.join("\n", problems));
    }

    private Written written(ProcessTarget target) {
        try {
            return write(target.name(), String.valueOf(target.pid()), target.describe(), perf);
        } catch (LivePatchException e) {
            return new Written(
                    target.name(), Optional.empty(), List.of(), Optional.empty(), Optional.of(e.getMessage()));
        }
    }

    private Written write(String target, String name, ForDebuggers found, boolean withMap) {
        Path folder = output.toAbsolutePath();
        try {
            Files.createDirectories(folder);
            List<String> files = new ArrayList<>();
            for (DebugFile file : found.files()) {
                Path path = path(folder, name, file);
                put(path, file.bytes());
                files.add(path.toString());
            }
            Path script = folder.resolve("suture-%s.gdb".formatted(name));
            String text = found.gdbScript(file -> path(folder, name, file).toString());
            put(script, text.getBytes(StandardCharsets.UTF_8));
            Optional<String> problem = found.missing().isEmpty()
                    ? Optional.empty()
                    : Optional.of(
                            ("%s: functions are replaced in place in a file with build id %s, which is not where it was;"
                                            + " call chains through these may be wrong")
                                    .formatted(target, String.join(", ", found.missing())));
            Written written = new Written(target, Optional.of(script.toString()), files, Optional.empty(), problem);
            return withMap ? withMap(written, folder, name, found) : written;
        } catch (FileAlreadyExistsException e) {
            throw new LivePatchException("%s is no folder".formatted(folder), e);
        } catch (IOException e) {
            throw new LivePatchException("%s: cannot be written: %s".formatted(folder, PlainFile.why(e)), e);
        }
    }

    private static Path path(Path folder, String name, DebugFile file) {
        return folder.resolve("suture-%s-%s.debug".formatted(name, file.payload()));
    }

    // In a folder that others may write to, what has that name may be a link of theirs.
    private static void put(Path path, byte[] bytes) throws IOException {
        Path made = whole(path, bytes);
        try {
            Files.move(made, path, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(made);
        }
    }

    /** {@return a file beside a place, its owner's alone, that has all of this} */
    private static Path whole(Path path, byte[] bytes) throws IOException {
        Path made = Files.createTempFile(path.getParent(), "suture-", ".part");
        boolean isWhole = false;
        try (FileChannel channel = FileChannel.open(made, StandardOpenOption.WRITE)) {
            ByteBuffer left = ByteBuffer.wrap(bytes);
            while (left.hasRemaining()) {
                channel.write(left);
            }
            channel.force(true);
            isWhole = true;
            return made;
        } finally {
            if (!isWhole) {
                Files.deleteIfExists(made);
            }
        }
    }

    private static Written withMap(Written written, Path folder, String name, ForDebuggers found) throws IOException {
        Path map = folder.resolve("perf-%s.map".formatted(name));
        Optional<String> made = Optional.empty();
        Optional<String> problem = written.problem();
        Path beside = whole(map, found.perfMap().getBytes(StandardCharsets.UTF_8));
        try {
            // Unlike a rename, that takes the place of nothing.
            Files.createLink(map, beside);
            made = Optional.of(map.toString());
        } catch (FileAlreadyExistsException _) {
            String taken =
                    "%s is there already: from an earlier time, or the program makes code itself and says so there; take it"
                                    .formatted(map)
                            + " away, or leave out --perf";
            problem = Optional.of(
                    problem.map(other -> other + "\nsuture: " + taken).orElse(taken));
        } finally {
            Files.deleteIfExists(beside);
        }
        return new Written(written.target(), written.script(), written.files(), made, problem);
    }
}
