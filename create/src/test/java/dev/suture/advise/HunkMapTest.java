package dev.suture.advise;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.build.ApplyPatches;
import dev.suture.build.HunkMap;
import dev.suture.build.HunkMap.HunkLines;
import dev.suture.build.SourcePatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which hunk of which patch a line is from. */
class HunkMapTest {
    @TempDir
    private Path folder;

    private SourcePatch patch(String name, String text) throws IOException {
        return SourcePatch.read(Files.writeString(folder.resolve(name), text));
    }

    @Test
    void linesAreFollowedThroughSeveralPatches() throws IOException {
        Files.writeString(folder.resolve("f.c"), "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n");
        SourcePatch first = patch("1.patch", """
                --- a/f.c
                +++ b/f.c
                @@ -6,3 +6,4 @@
                 six
                -seven
                +SEVEN
                +seven and a half
                 eight
                """);
        SourcePatch second = patch("2.patch", """
                --- a/f.c
                +++ b/f.c
                @@ -1,2 +1,3 @@
                 one
                +one and a half
                 two
                @@ -6,4 +7,3 @@
                 six
                 SEVEN
                -seven and a half
                 eight
                """);

        HunkMap map = HunkMap.of(ApplyPatches.apply(folder, List.of(""), List.of(first, second)));

        assertThat(map.hunks()).extracting(HunkLines::removed).containsExactly(List.of(7), List.of(), List.of());
        assertThat(map.hunks()).extracting(HunkLines::added).containsExactly(List.of(8), List.of(2), List.of());
        assertThat(map.at("f.c", 8, true).orElseThrow().index()).isZero();
        assertThat(map.at("f.c", 7, false).orElseThrow().index()).isZero();
        assertThat(map.at("f.c", 2, true).orElseThrow().index()).isEqualTo(1);
    }

    @Test
    void aHunkThatFitsElsewhereIsWhereItFits() throws IOException {
        Files.writeString(folder.resolve("f.c"), "zero\none\ntwo\nthree\n");
        SourcePatch moved = patch("1.patch", """
                --- a/f.c
                +++ b/f.c
                @@ -1,2 +1,2 @@
                -one
                +ONE
                 two
                """);

        HunkLines hunk = HunkMap.of(ApplyPatches.apply(folder, List.of(""), List.of(moved)))
                .hunks()
                .getFirst();

        assertThat(hunk.removed()).containsExactly(2);
        assertThat(hunk.added()).containsExactly(2);
        assertThat(hunk.firstOriginal()).isEqualTo(2);
    }

    @Test
    void aFileThatTheSecondPatchPutsBackHasItsHunksAllTheSame() throws IOException {
        Files.writeString(folder.resolve("f.c"), "one\ntwo\nthree\nfour\n");
        SourcePatch first = patch("1.patch", """
                --- a/f.c
                +++ b/f.c
                @@ -2,2 +2,3 @@
                 two
                +two and a half
                 three
                """);
        SourcePatch second = patch("2.patch", """
                --- a/f.c
                +++ b/f.c
                @@ -2,3 +2,2 @@
                 two
                -two and a half
                 three
                """);

        HunkMap map = HunkMap.of(ApplyPatches.apply(folder, List.of(""), List.of(first, second)));

        assertThat(map.hunks()).hasSize(2);
        assertThat(map.hunks())
                .allMatch(hunk -> hunk.added().isEmpty() && hunk.removed().isEmpty());
    }
}
