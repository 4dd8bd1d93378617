package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import dev.suture.payload.Payload;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A compiled program that runs and answers commands, one line each. */
final class Program implements AutoCloseable {
    private final Process process;
    private final Writer in;
    private final BufferedReader out;
    private final Path binary;
    private final int pid;

    private Program(Path binary, Process process, BufferedReader out, int pid) {
        this.binary = binary;
        this.pid = pid;
        this.process = process;
        in = process.outputWriter();
        this.out = out;
    }

    /** Compiles a source of the test resources. */
    static Path compile(Path folder, String source, String output, String... flags) {
        copy(folder, "payload.h");
        List<String> command = new ArrayList<>(List.of(
                source.endsWith("cc") ? "g++" : "gcc",
                "-g",
                "-O2",
                "-pthread",
                "-rdynamic",
                "-Wl,--build-id",
                "-o",
                output,
                "-I."));
        command.add(copy(folder, source).getFileName().toString());
        command.addAll(List.of(flags));
        run(folder, command);
        return folder.resolve(output);
    }

    static Path copy(Path folder, String name) {
        try (InputStream in = Program.class.getResourceAsStream(name)) {
            Path file = folder.resolve(name);
            Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
            return file;
        } catch (IOException e) {
            throw new IllegalStateException(name, e);
        }
    }

    static String run(Path folder, List<String> command) {
        try {
            Process process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .start();
            String said = new String(process.getInputStream().readAllBytes());
            assertThat(process.waitFor()).as(command + "\n" + said).isZero();
            return said;
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(command.toString(), e);
        }
    }

    static Program start(Path binary, String... before) {
        return start(binary, List.of(before), List.of());
    }

    static Program startWith(Path binary, String... arguments) {
        return start(binary, List.of(), List.of(arguments));
    }

    // A shell is its parent, as of most programs.
    private static Program start(Path binary, List<String> before, List<String> arguments) {
        try {
            List<String> all = new ArrayList<>(List.of(
                    "sh", "-c", "exec 3<&0; \"$@\" <&3 3<&- & echo pid $!; exec 3<&-; wait $!; echo ended $?", "sh"));
            all.addAll(before);
            all.add(binary.toString());
            all.addAll(arguments);
            ProcessBuilder builder = new ProcessBuilder(all).redirectErrorStream(true);
            builder.environment().put("LD_LIBRARY_PATH", binary.getParent().toString());
            Process shell = builder.start();
            BufferedReader out = shell.inputReader();
            int pid = 0;
            for (int i = 0; i < 2; i++) {
                String line = out.readLine();
                if (line.startsWith("pid ")) {
                    pid = Integer.parseInt(line.substring(4));
                } else {
                    assertThat(line).isEqualTo("ready");
                }
            }
            return new Program(binary, shell, out, pid);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    Path binary() {
        return binary;
    }

    int pid() {
        return pid;
    }

    ProcessTarget target() {
        return new ProcessTarget(pid(), "pid:" + pid());
    }

    /** {@return the line with which the program answers} */
    String ask(String command) {
        try {
            say(command);
            String answer = out.readLine();
            assertThat(answer).as("the program is there").isNotNull().doesNotStartWith("ended");
            return answer;
        } catch (IOException e) {
            throw new IllegalStateException("the program has ended", e);
        }
    }

    void say(String command) throws IOException {
        in.write(command + "\n");
        in.flush();
    }

    String read() throws IOException {
        return out.readLine();
    }

    int number(String command) {
        return Integer.parseInt(ask(command));
    }

    /**
     * Makes a payload from a source of the test resources.
     *
     * @param changed the file it changes
     * @param depends a build id; that of the file if empty
     */
    static Path payload(Path folder, String source, Path changed, String depends, String... flags) {
        copy(folder, "payload.h");
        String name = source.substring(0, source.lastIndexOf('.'));
        Path file = Program.class.getResource(source) == null ? folder.resolve(source) : copy(folder, source);
        ElfFile elf = ElfFile.read(changed);
        String target = elf.buildId().orElseThrow();
        List<String> sizes = new ArrayList<>();
        try {
            Matcher replaces = Pattern.compile("(?:REPLACES|EXPECTS|TAKES_OUT)\\((\\w+), \"([^\"]+)\"")
                    .matcher(Files.readString(file));
            while (replaces.find()) {
                String old = replaces.group(2).substring(replaces.group(2).indexOf('#') + 1);
                sizes.add("-DOLD_SIZE_%s=%d".formatted(replaces.group(1), size(elf, old)));
                sizes.add("-DNEW_SIZE_%s=1".formatted(replaces.group(1)));
            }
            Path notes = folder.resolve(name + "-notes.s");
            Files.writeString(notes, note("target", target) + note("depends", depends.isEmpty() ? target : depends));
            List<String> compile = new ArrayList<>(
                    List.of(source.endsWith("cc") ? "g++" : "gcc", "-c", "-O2", "-fPIC", "-I.", "-o", name + ".o"));
            compile.add(file.getFileName().toString());
            compile.addAll(List.of(flags));
            List<String> first = new ArrayList<>(compile);
            first.addAll(sizes);
            run(folder, first);
            ElfFile object = ElfFile.read(folder.resolve(name + ".o"));
            for (String size : List.copyOf(sizes)) {
                if (size.startsWith("-DNEW")) {
                    String function = size.substring(11, size.indexOf('='));
                    object.symbols().stream()
                            .filter(symbol -> symbol.name().equals(function))
                            .forEach(symbol -> compile.add("-DNEW_SIZE_%s=%d".formatted(function, symbol.sizeBytes())));
                } else {
                    compile.add(size);
                }
            }
            run(folder, compile);
            // C has no name with a # in it: hidden__of__server stands for server.c#hidden.
            List<String> rename = new ArrayList<>(List.of("objcopy"));
            for (Symbol symbol : object.symbols()) {
                int of = symbol.name().indexOf("__of__");
                if (of > 0) {
                    String sourceName = symbol.name().substring(of + 6);
                    String inFile = symbol.name().substring(0, of);
                    rename.add("--redefine-sym=%s=%s.c#%s".formatted(symbol.name(), sourceName, inFile));
                }
            }
            rename.add(name + ".o");
            run(folder, rename);
            run(
                    folder,
                    List.of("as", "-o", name + "-notes.o", notes.getFileName().toString()));
            run(folder, List.of("ld", "-r", "--build-id", "-o", name + ".livepatch", name + ".o", name + "-notes.o"));
            return folder.resolve(name + ".livepatch");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Makes a payload from a text that follows {@code payload.h}. */
    static Payload payloadOf(Path folder, String name, String text, Path changed, String depends, String... flags) {
        try {
            Files.writeString(folder.resolve(name), "#include \"payload.h\"\n" + text);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return read(payload(folder, name, changed, depends, flags));
    }

    static Payload read(Path file) {
        return Payload.read(file);
    }

    private static long size(ElfFile elf, String name) {
        List<Symbol> all = new ArrayList<>(elf.symbols());
        all.addAll(elf.dynamicSymbols());
        return all.stream()
                .filter(symbol -> symbol.name().equals(name) && symbol.isInSection())
                .findFirst()
                .orElseThrow(() -> new AssertionError("no symbol " + name))
                .sizeBytes();
    }

    private static String note(String section, String buildId) {
        StringBuilder text = new StringBuilder(".section .livepatch.%s,\"a\",@note\n.long 4, %d, 3\n.asciz \"GNU\"\n"
                .formatted(section, buildId.length() / 2));
        for (int i = 0; i < buildId.length(); i += 2) {
            text.append(".byte 0x").append(buildId, i, i + 2).append('\n');
        }
        return text.append(".balign 4\n").toString();
    }

    @Override
    public void close() {
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
