package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Progress;
import dev.suture.build.SourcePatch;
import dev.suture.build.make.Links;
import dev.suture.build.make.MakeBuild;
import dev.suture.build.make.MakeBuildRequest;
import dev.suture.build.make.MakeBuildResult;
import dev.suture.diff.Comparison;
import dev.suture.diff.Select;
import dev.suture.diff.Selection;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.TargetTraits;
import dev.suture.elf.ElfFile;
import dev.suture.image.Image;
import dev.suture.link.LinkProcessPayload;
import dev.suture.linked.Finding;
import dev.suture.linked.JudgePrograms;
import dev.suture.linked.LinkedProof;
import dev.suture.linked.ProveRequest;
import dev.suture.payload.Stack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each case is asked of this net alone: payloads are made whatever the other ones refuse. */
class LinkedProgramsTest {
    @TempDir
    private Path directory;

    private LinkedProof prove(String name, String binary) {
        Path from = Path.of("src/test/resources/linked").resolve(name);
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path to = directory.resolve(from.relativize(file).toString());
                if (Files.isRegularFile(file)) {
                    Files.createDirectories(to.getParent());
                    Files.copy(file, to);
                }
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return prove(directory.resolve("src"), "make", binary, directory.resolve("fix.patch"), directory);
    }

    static LinkedProof prove(Path source, String command, String binary, Path patch, Path directory) {
        Path running = directory.resolve("running");
        PatchedProgram.run(List.of("cp", "-r", source.toString(), running.toString()), directory, Map.of(), 0);
        PatchedProgram.run(List.of("sh", "-c", command), running, Map.of(), 0);
        Image image = Image.openProgram(running.resolve(binary), Optional.empty());
        MakeBuildRequest request = new MakeBuildRequest(
                source,
                command,
                image,
                List.of(),
                List.of(SourcePatch.read(patch)),
                directory.resolve("cache"),
                false,
                false,
                2);
        try (MakeBuildResult build = MakeBuild.run(request, Progress.NONE)) {
            List<Comparison> comparisons =
                    DiffObjects.diff(build.pairs(), SpecialSections.process(), build.patchedFiles());
            TargetTraits traits = TargetTraits.ofProcess(Set.of(), Set.of());
            Selection selection = Select.select(comparisons, traits);
            byte[] payload = LinkProcessPayload.link(new LinkProcessPayload.Request(
                            selection,
                            image,
                            traits,
                            "test",
                            image.buildId(),
                            List.of(),
                            Set.of(),
                            Stack.EMPTY,
                            List.of(),
                            CheckLinked.boundDirectly(build, image)))
                    .payload();
            assertThat(build.links()).isInstanceOf(Links.Made.class);
            return JudgePrograms.judge(new ProveRequest(
                    image,
                    (Links.Made) build.links(),
                    build.pairs(),
                    ElfFile.read("payload", payload),
                    Map.of(),
                    build.compiler(),
                    false,
                    build.asLinked(),
                    ProveRequest.OnTopOf.NOTHING));
        }
    }

    static List<String> texts(LinkedProof proof) {
        return proof.missing().stream()
                .map((Finding finding) -> "%s: %s".formatted(finding.symbol(), finding.what()))
                .toList();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "weak|allowed: `allowed` is defined by another object",
                "alias2|old_api: it shares its code with `new_api`",
                "set|cmds: the linker gathers a table of cmds, of 2 entries instead of 1",
                "extable|my_ex_table: the linker gathers a table of my_ex_table",
                "icf|g: it shares its code with `f`",
                "wrap|the payload asks for `helper`, and the patched program has [__wrap_helper] there",
                "common|table: the variable has 64 bytes in the patched program and 16 in the running one",
                "ifunc|it chose a function when the program started, and chooses otherwise with the patch",
                "ldflags|LIMIT: it is 9 in the patched program and 5 in the running one",
                "line2|limit: it differs in the patched program",
            })
    void whatWouldRunOtherwiseIsFound(String name, String finding) {
        assertThat(texts(prove(name, "prog")))
                .anySatisfy(text -> assertThat(text).contains(finding));
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"ifuncuse", "wundef", "ctor"})
    void whatIsTheSameIsProved(String name) {
        LinkedProof proof = prove(name, "prog");

        assertThat(texts(proof)).isEmpty();
        assertThat(proof.replaced()).isNotEmpty();
    }

    @Test
    void aLibrarysOwnExportIsLeftToTheDynamicLinker() {
        assertThat(texts(prove("interpose", "libx.so"))).isEmpty();
    }
}
