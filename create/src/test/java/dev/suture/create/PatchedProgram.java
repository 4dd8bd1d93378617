package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Progress;
import dev.suture.Refusal;
import dev.suture.build.SourcePatch;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Segment;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;

/**
 * A program that a test contains, built before and after a change, and the payload of that change.
 *
 * <p>The judge is the program itself: with the payload put in before {@code main} it must print what the program built
 * from the patched source prints.
 */
final class PatchedProgram {
    private static final int PT_TLS = 7;

    private final Path directory;
    private final String command;
    private final String binary;

    /**
     * @param directory a place for everything
     * @param command builds the program
     * @param binary what is changed, relative to the source
     */
    private Optional<Path> explanation = Optional.empty();

    private Set<String> accepted = Set.of();

    PatchedProgram(Path directory, String command, String binary) {
        this.directory = directory;
        this.command = command;
        this.binary = binary;
    }

    PatchedProgram file(String name, String text) {
        for (String version : List.of("source", "running", "patched")) {
            write(directory.resolve(version).resolve(name), text);
        }
        return this;
    }

    /** A file in which one text becomes another. */
    PatchedProgram file(String name, String text, String from, String to) {
        file(name, text);
        assertThat(text).contains(from);
        write(directory.resolve("patched").resolve(name), text.replace(from, to));
        return this;
    }

    /** One more edit of the patch. */
    PatchedProgram edited(String name, String from, String to) {
        Path file = directory.resolve("patched").resolve(name);
        try {
            String text = Files.readString(file);
            assertThat(text).contains(from);
            Files.writeString(file, text.replace(from, to));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    private static void write(Path file, String text) {
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@return what comes of making a payload, with the program built by the command that is given} */
    CreateReport create() {
        return create(command, directory.resolve("running").resolve(binary), Optional.empty());
    }

    CreateReport create(String givenCommand, Path running, Optional<String> depends) {
        Path patch = directory.resolve("change.patch");
        if (!Files.exists(patch)) {
            Map<String, String> none = Map.of();
            write(patch, run(List.of("diff", "-ruN", "source", "patched"), directory, none, 1));
            run(List.of("sh", "-c", command), directory.resolve("running"), none, 0);
        }
        return CreateProcessPayload.create(
                new ProcessRequest(
                        directory.resolve("source"),
                        givenCommand,
                        running,
                        Optional.empty(),
                        List.of(),
                        List.of(SourcePatch.read(patch)),
                        directory.resolve("cache"),
                        false,
                        2,
                        new PayloadRequest(
                                payload(), "test", depends, List.of(), List.of(), Set.of(), accepted, Set.of())),
                explanation,
                Progress.NONE);
    }

    /** Says that variables may begin with what they hold at first. */
    PatchedProgram accepting(String... variables) {
        accepted = Set.of(variables);
        return this;
    }

    /** Has it written down why the payload is what it is. */
    PatchedProgram explainedIn(Path page) {
        explanation = Optional.of(page);
        return this;
    }

    Path payload() {
        return directory.resolve("test.livepatch");
    }

    Path running() {
        return directory.resolve("running");
    }

    /** Makes a payload and checks that it makes the program do what the patched one does. */
    CreateReport assertTakesEffect(String program) {
        CreateReport report = create();
        assertThat(report.refusals()).extracting(Refusal::text).isEmpty();
        run(List.of("sh", "-c", command), directory.resolve("patched"), Map.of(), 0);
        String before = run(List.of("./" + program), running(), Map.of(), 0);
        String after = run(List.of("./" + program), directory.resolve("patched"), Map.of(), 0);
        assertThat(after).as("the change is seen").isNotEqualTo(before);
        assertThat(run(List.of("./" + program), running(), withPayload(program), 0))
                .isEqualTo(after);
        run(List.of("ld", "-r", "-o", "joined.o", payload().toString()), directory, Map.of(), 0);
        return report;
    }

    private Map<String, String> withPayload(String program) {
        Path loader = directory.resolve("loader.so");
        if (!Files.exists(loader)) {
            Path source = Path.of("src/test/resources/process/loader.c").toAbsolutePath();
            run(
                    List.of("gcc", "-shared", "-fPIC", "-O1", "-o", loader.toString(), source.toString()),
                    directory,
                    Map.of(),
                    0);
        }
        Path changed = running().resolve(binary);
        write(directory.resolve("symbols"), symbols(changed));
        Map<String, String> environment = new HashMap<>();
        environment.put("LD_PRELOAD", loader.toString());
        environment.put("PAYLOAD", payload().toString());
        environment.put("SYMBOLS", directory.resolve("symbols").toString());
        environment.put(
                "CHANGED", binary.equals(program) ? "" : changed.getFileName().toString());
        environment.put("TLS", Long.toString(tlsBytes(changed)));
        return environment;
    }

    private static String symbols(Path file) {
        StringBuilder text = new StringBuilder();
        String source = "";
        for (Symbol symbol : ElfFile.read(file).symbols()) {
            if (symbol.type() == Elf.STT_FILE) {
                source = symbol.name();
            } else if (symbol.isInSection() && !symbol.name().isEmpty()) {
                String name = symbol.isLocal() ? Image.targetNameOfLocal(source, symbol.name()) : symbol.name();
                text.append("%s %x%n".formatted(name, symbol.value()));
            }
        }
        return text.toString();
    }

    private static long tlsBytes(Path file) {
        for (Segment segment : ElfFile.read(file).segments()) {
            if (segment.type() == PT_TLS) {
                return segment.memorySizeBytes() + segment.alignment() - 1 & -segment.alignment();
            }
        }
        return 0;
    }

    /** {@return what a command prints} */
    static String run(List<String> command, Path directory, Map<String, String> environment, int expectedStatus) {
        try {
            ProcessBuilder builder = new ProcessBuilder(new ArrayList<>(command))
                    .directory(directory.toFile())
                    .redirectErrorStream(true);
            builder.environment().putAll(environment);
            Process process;
            try {
                process = builder.start();
            } catch (IOException e) {
                Assumptions.abort("needs " + command.getFirst());
                return "";
            }
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as(output).isEqualTo(expectedStatus);
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
