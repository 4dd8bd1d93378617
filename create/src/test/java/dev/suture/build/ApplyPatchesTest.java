package dev.suture.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApplyPatchesTest {
    @TempDir
    Path directory;

    private Path tree;

    @BeforeEach
    void makeTree() throws IOException {
        tree = Files.createDirectories(directory.resolve("tree"));
        Files.createDirectories(tree.resolve("xen/common"));
        Files.writeString(tree.resolve("xen/common/numbers.c"), lines(1, 40));
    }

    /** {@return the lines "line first" to "line last"} */
    private static String lines(int first, int last) {
        return IntStream.rangeClosed(first, last)
                .mapToObj(i -> "line " + i + "\n")
                .collect(Collectors.joining());
    }

    private SourcePatch patch(String text) throws IOException {
        return SourcePatch.read(Files.writeString(directory.resolve("fix.patch"), text));
    }

    private AppliedPatches apply(String text) throws IOException {
        return ApplyPatches.apply(tree, List.of("", "xen/"), List.of(patch(text)));
    }

    private static String hunk(String name, int at, String before, String removed, String added, String after) {
        return "--- a/%1$s\n+++ b/%1$s\n@@ -%2$d,3 +%2$d,3 @@\n %3$s\n-%4$s\n+%5$s\n %6$s\n"
                .formatted(name, at, before, removed, added, after);
    }

    @Test
    void aHunkAppliesWhereItSays() throws IOException {
        AppliedPatches applied = apply(hunk("xen/common/numbers.c", 9, "line 9", "line 10", "ten", "line 11"));

        assertThat(applied.movedHunks()).isEmpty();
        assertThat(applied.sources()).singleElement().satisfies(source -> {
            assertThat(source.path()).isEqualTo("xen/common/numbers.c");
            assertThat(source.patched().orElseThrow().text()).isEqualTo(lines(1, 9) + "ten\n" + lines(11, 40));
        });
    }

    @Test
    void aPatchMadeInsideXenIsRecognised() throws IOException {
        assertThat(apply(hunk("common/numbers.c", 9, "line 9", "line 10", "ten", "line 11"))
                        .sources())
                .extracting(ChangedSource::path)
                .containsExactly("xen/common/numbers.c");
    }

    @Test
    void aHunkThatFitsElsewhereIsAppliedThereAndReported() throws IOException {
        assertThat(apply(hunk("xen/common/numbers.c", 4, "line 9", "line 10", "ten", "line 11"))
                        .movedHunks())
                .containsExactly(new MovedHunk("xen/common/numbers.c", 1, 5));
    }

    @Test
    void aHunkThatFitsNowhereSaysWhatItFoundAndWhereItNearlyFits() {
        assertThatThrownBy(() -> apply(hunk("xen/common/numbers.c", 9, "line 9", "line 10", "ten", "line eleven")))
                .isInstanceOf(PatchDoesNotApplyException.class)
                .hasMessageContaining(
                        "hunk #1 of xen/common/numbers.c at line 9 does not apply: line 11: expected"
                                + " \"line eleven\", found \"line 11\"; it fits at line 9 without its outermost 1 context lines.");
    }

    @Test
    void aHunkWhoseContextIsElsewhereSaysWhere() {
        assertThatThrownBy(() -> apply(hunk("xen/common/numbers.c", 3, "line 9", "line ten", "ten", "line 11")))
                .hasMessageContaining("line 3: expected \"line 9\", found \"line 3\"; its context is found at line 9"
                        + " (2 of 3 lines are the same).");
    }

    @Test
    void anAppliedPatchIsRecognised() throws IOException {
        Files.writeString(tree.resolve("xen/common/numbers.c"), lines(1, 9) + "ten\n" + lines(11, 40));

        assertThatThrownBy(() -> apply(hunk("xen/common/numbers.c", 9, "line 9", "line 10", "ten", "line 11")))
                .hasMessageContaining("it is already applied (its result stands at line 9).")
                .hasMessageContaining("The source has this fix.");
    }

    @Test
    void aMissingFileIsNamed() {
        assertThatThrownBy(() -> apply(hunk("xen/common/absent.c", 9, "line 9", "line 10", "ten", "line 11")))
                .hasMessageContaining("xen/common/absent.c: there is no such file in the tree.");
    }

    @Test
    void aPathOutOfTheTreeIsRefused() throws IOException {
        Files.writeString(directory.resolve("outside.c"), lines(1, 20));

        assertThatThrownBy(() -> apply(hunk("../outside.c", 9, "line 9", "line 10", "ten", "line 11")))
                .hasMessageContaining("lies outside of the tree");
    }

    @Test
    void aSecondPatchSeesTheResultOfTheFirst() throws IOException {
        SourcePatch first = patch(hunk("xen/common/numbers.c", 9, "line 9", "line 10", "ten", "line 11"));
        SourcePatch second = patch(hunk("xen/common/numbers.c", 9, "line 9", "ten", "line 10", "line 11"));

        assertThat(ApplyPatches.apply(tree, List.of("", "xen/"), List.of(first, second))
                        .sources())
                .isEmpty();
    }

    @Test
    void aMissingNewlineAtTheEndIsKept() throws IOException {
        Files.writeString(tree.resolve("xen/common/numbers.c"), "one\ntwo");

        String patched = apply(
                        "--- a/xen/common/numbers.c\n+++ b/xen/common/numbers.c\n@@ -1,2 +1,2 @@\n-one\n+1\n two\n"
                                + "\\ No newline at end of file\n")
                .sources()
                .getFirst()
                .patched()
                .orElseThrow()
                .text();

        assertThat(patched).isEqualTo("1\ntwo");
    }
}
