package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.LivePatchException;
import dev.suture.Refusal;
import dev.suture.diff.Change;
import dev.suture.link.LinkedPatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DependsTest {
    @TempDir
    Path directory;

    private static LinkedPatch patch() {
        return LinkedPatch.of(Change.of("int f(int x) { return x * 77 + 1000; }", """
                        static __attribute__((noinline)) int g(int x) { return x * 99; }
                        int f(int x) { return g(x) + 2000; }
                        """), "int rest;");
    }

    @Test
    void aBuildIdIsTakenAsItIs() {
        assertThat(Depends.of("0123456789ABCDEF0123456789abcdef01234567").buildId())
                .isEqualTo("0123456789abcdef0123456789abcdef01234567");
    }

    @Test
    void whatIsNeitherAFileNorABuildIdIsTurnedDown() {
        assertThatThrownBy(() -> Depends.of("absent.livepatch"))
                .isInstanceOf(LivePatchException.class)
                .hasMessage("--depends absent.livepatch: neither a file nor a build id (16 to 64 hexadecimal digits)");
    }

    @Test
    void aPayloadTellsItsBuildIdAndWhatItBrings() throws IOException {
        LinkedPatch patch = patch();
        Path file = Files.write(directory.resolve("below.livepatch"), patch.payload());
        Depends depends = Depends.of(file.toString());

        assertThat(depends.buildId()).isEqualTo(patch.link().buildId());
        assertThat(depends.symbols()).containsExactlyInAnyOrder("f", "fix#unit.c#g");
        assertThat(depends.functions()).containsExactly("f");
    }

    @Test
    void aPayloadThatWouldUndoTheOneBelowIsRefused() throws IOException {
        Path file = Files.write(
                directory.resolve("below.livepatch"),
                patch().withMetadata(List.of("patch=Fix f")).payload());
        Depends depends = Depends.of(file.toString());

        assertThat(depends.undone(patch().link().functions(), List.of("Another fix")))
                .extracting(Refusal::text)
                .containsExactly("""
                        unit.o: refused: `f` is replaced by %1$s as well, and without that payload's patches its fix would be undone
                                Give the patches that %1$s was made from (Fix f) with --applied, or with --patch before the new ones.""".formatted(file));
        assertThat(depends.undone(patch().link().functions(), List.of("Fix f", "Another fix")))
                .isEmpty();
    }
}
