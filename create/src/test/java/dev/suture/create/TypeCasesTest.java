package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.build.ChangedSource;
import dev.suture.build.NeutraliseLines;
import dev.suture.build.ObjectPair;
import dev.suture.build.PatchedFile;
import dev.suture.build.SourceText;
import dev.suture.diff.Comparison;
import dev.suture.diff.SpecialSections;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Small programs that a patch makes read what lives in memory as something else, and others that it does not. Each file
 * in {@code types} is a program before and after, and what has to be said of it (how it begins, where it ends in three
 * dots: the rest depends on the compiler's library). Most of these were once patched wrongly without a word.
 */
class TypeCasesTest {
    private static final Path CASES = Path.of("src/test/resources/types");

    @TempDir
    private Path directory;

    static Stream<Path> cases() throws IOException {
        try (Stream<Path> files = Files.list(CASES)) {
            return files.sorted().toList().stream();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void saysWhatItHasTo(Path file) throws IOException {
        Map<String, String> parts = parts(Files.readString(file));
        CheckTypes.Found found = check(parts);
        StringBuilder said = new StringBuilder();
        found.refusals().forEach(refusal -> said.append(refusal.text()).append('\n'));
        found.warnings()
                .forEach(warning -> said.append("warning: ").append(warning).append('\n'));
        String expected = parts.getOrDefault("expected", "");
        if (expected.endsWith("...\n")) {
            assertThat(said.toString()).startsWith(expected.substring(0, expected.length() - "...\n".length()));
        } else {
            assertThat(said.toString()).isEqualTo(expected);
        }
    }

    private static Map<String, String> parts(String text) {
        Map<String, String> parts = new TreeMap<>();
        String name = "";
        for (String line : text.split("(?<=\n)")) {
            if (line.startsWith("=== ")) {
                name = line.substring(4).strip();
                parts.put(name, "");
            } else {
                parts.merge(name, line, String::concat);
            }
        }
        return parts;
    }

    private CheckTypes.Found check(Map<String, String> parts) throws IOException {
        Set<String> names = new TreeSet<>();
        for (String version : List.of("original", "patched")) {
            Files.createDirectories(directory.resolve(version));
            for (Map.Entry<String, String> part : parts.entrySet()) {
                if (part.getKey().startsWith(version + " ")) {
                    String name = part.getKey().substring(version.length() + 1);
                    names.add(name);
                    Files.writeString(directory.resolve(version).resolve(name), part.getValue());
                }
            }
        }
        List<ObjectPair> pairs = new ArrayList<>();
        List<PatchedFile> files = new ArrayList<>();
        for (String name : names) {
            Optional<SourceText> before = text(parts, "original " + name);
            Optional<SourceText> after = text(parts, "patched " + name);
            if (!before.equals(after)) {
                files.add(new PatchedFile(
                        new ChangedSource(name, before, after),
                        NeutraliseLines.keep(before.orElse(SourceText.EMPTY), after.orElse(SourceText.EMPTY))
                                .map()));
            }
            if (!name.endsWith(".h")) {
                pairs.add(new ObjectPair(
                        name.replaceAll("\\.\\w+$", ".o"),
                        before.map(text -> compile("original", name)),
                        after.map(text -> compile("patched", name)),
                        name));
            }
        }
        List<Comparison> comparisons = DiffObjects.diff(pairs, SpecialSections.process(), files);
        return CheckTypes.check(pairs, files, SpecialSections.process(), Set.of(), comparisons);
    }

    private static Optional<SourceText> text(Map<String, String> parts, String name) {
        return Optional.ofNullable(parts.get(name)).map(SourceText::of);
    }

    private Path compile(String version, String name) {
        String compiler = name.endsWith(".c") ? "gcc" : "g++";
        PatchedProgram.run(
                List.of(compiler, "-O2", "-g", "-ffunction-sections", "-fdata-sections", "-c", name, "-o", name + ".o"),
                directory.resolve(version),
                Map.of(),
                0);
        return directory.resolve(version).resolve(name + ".o");
    }
}
