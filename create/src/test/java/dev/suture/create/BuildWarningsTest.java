package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.build.MovedHunk;
import java.util.List;
import org.junit.jupiter.api.Test;

class BuildWarningsTest {
    @Test
    void allMovedHunksOfAFileAreOneLine() {
        List<MovedHunk> hunks = List.of(
                new MovedHunk("a.c", 1, 8),
                new MovedHunk("b.c", 2, -1),
                new MovedHunk("a.c", 3, 8),
                new MovedHunk("b.c", 4, 5));

        assertThat(BuildWarnings.moved(hunks))
                .containsExactly(
                        "a.c: 2 hunks (1, 3) apply 8 lines below where the patch says",
                        "b.c: 2 hunks (2, 4) apply up to 5 lines from where the patch says");
    }

    @Test
    void oneMovedHunkIsSaidAsBefore() {
        assertThat(BuildWarnings.moved(List.of(new MovedHunk("a.c", 2, -4))))
                .containsExactly("a.c: hunk 2 applies 4 lines above where the patch says");
    }
}
