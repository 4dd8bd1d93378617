package dev.suture.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PayloadCodeTest {
    @TempDir
    private Path folder;

    private static PayloadCode.Completed complete(String text) {
        ChangedSource source =
                new ChangedSource("a.c", Optional.of(SourceText.EMPTY), Optional.of(SourceText.of(text)));
        return PayloadCode.complete(new AppliedPatches(List.of(source), List.of(), List.of()), "code/", "headers/");
    }

    private static List<String> paths(PayloadCode.Completed completed) {
        return completed.patches().sources().stream().map(ChangedSource::path).toList();
    }

    @Test
    void whoIncludesTheHeaderGetsTheCode() {
        PayloadCode.Completed completed = complete("  # include <suture/shadow.h> // for the count\n");

        assertThat(paths(completed)).containsExactly("a.c", "headers/suture/shadow.h", "code/suture-shadow.c");
        assertThat(completed.sources()).containsExactly("code/suture-shadow.c");
    }

    @Test
    void aHeaderWithoutCodeComesAlone() {
        assertThat(paths(complete("#include \"suture/hooks.h\"\n"))).containsExactly("a.c", "headers/suture/hooks.h");
    }

    @Test
    void whoDoesNotIncludeItGetsNothing() {
        assertThat(paths(complete("/* #include <suture/shadow.h> */ #include <other/shadow.h>\n")))
                .containsExactly("a.c");
    }

    @Test
    void aSourceAmongThePatchesIsOneMoreObjectWhereverThePatchesAreFor() throws IOException {
        Files.createDirectories(folder.resolve("tree/src"));
        Path file = Files.writeString(folder.resolve("hooks.c"), "int hook;\nint no_newline;");

        AppliedPatches applied =
                ApplyPatches.apply(folder.resolve("tree"), List.of("", "src/"), List.of(SourcePatch.read(file)));
        PayloadCode.Completed completed = PayloadCode.complete(applied, "code/", "headers/");

        assertThat(completed.sources()).containsExactly("code/suture-hooks.c");
        assertThat(completed.patches().sources()).singleElement().satisfies(source -> {
            assertThat(source.kind()).isEqualTo(ChangedSource.Kind.NEW);
            assertThat(source.patched().orElseThrow().text()).isEqualTo("int hook;\nint no_newline;");
        });
    }

    @Test
    void twoSourcesOfOneNameAreTurnedDown() throws IOException {
        Path tree = Files.createDirectories(folder.resolve("tree"));
        Path other = Files.createDirectories(folder.resolve("other"));
        SourcePatch one = SourcePatch.read(Files.writeString(folder.resolve("hooks.c"), "int one;\n"));
        SourcePatch two = SourcePatch.read(Files.writeString(other.resolve("hooks.c"), "int two;\n"));

        assertThatThrownBy(() -> ApplyPatches.apply(tree, List.of("", "src/"), List.of(one, two)))
                .isInstanceOf(PatchDoesNotApplyException.class)
                .hasMessageContaining("hooks.c");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gcc -std=gnu89 -O0", "gcc -std=c11 -O2", "gcc -O3 -fPIE -pie -march=native", "g++ -O2"})
    void threadsThatUseTheSameChainsGetTheirOwnDataAndLoseNone(String compiler) throws Exception {
        for (String name : List.of("shadow.h", "shadow.c")) {
            copy("/payload-code/suture/" + name, "suture/" + name);
        }
        copy("shadow-stress.c", "stress.c");
        for (List<String> step : List.of(
                List.of(compiler, "-c suture/shadow.c -o shadow.o"),
                List.of("gcc -O2", "-pthread stress.c shadow.o -o stress"),
                List.of("./stress", ""))) {
            String[] words = String.join(" ", step).split(" ");
            List<String> command = new ArrayList<>(List.of(words));
            if (!step.getLast().isEmpty()) {
                command.addAll(List.of("-I.", "-Wall", "-Wextra", "-Werror"));
            }
            Process process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as(command + "\n" + said).isZero();
        }
    }

    private void copy(String resource, String name) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        try (InputStream in = PayloadCodeTest.class.getResourceAsStream(resource)) {
            Files.copy(in, file);
        }
    }
}
