package dev.suture.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadPatchTest {
    @TempDir
    Path directory;

    private SourcePatch read(String text) throws IOException {
        return SourcePatch.read(Files.writeString(directory.resolve("fix.patch"), text));
    }

    private static final String MAIL = """
            From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001
            From: Some Body <some@example.org>
            Subject: [PATCH v2 1/3] counter: do not count
             twice

            Explains it.
            ---
             counter.c | 2 +-

            diff --git a/counter.c b/counter.c
            index 1111111..2222222 100644
            --- a/counter.c
            +++ b/counter.c
            @@ -1,3 +1,3 @@ int count(void)
             {
            --- a/not a header
            +    return 1;
             }
            --
            2.39.2
            """;

    @Test
    void theSubjectOfAMailIsUnfoldedAndLosesItsTags() throws IOException {
        assertThat(read(MAIL).subject()).isEqualTo("counter: do not count twice");
    }

    @Test
    void aRemovedLineThatLooksLikeAHeaderStaysInItsHunk() throws IOException {
        FilePatch file = read(MAIL).files().getFirst();

        assertThat(file.hunks().getFirst().original()).containsExactly("{", "-- a/not a header", "}");
        assertThat(file.hunks().getFirst().patched()).containsExactly("{", "    return 1;", "}");
    }

    @Test
    void carriageReturnsOnEveryLineAreDropped() throws IOException {
        assertThat(read(MAIL.replace("\n", "\r\n")).files())
                .isEqualTo(read(MAIL).files());
    }

    @Test
    void renamesCreationsAndDeletionsAreToldApart() throws IOException {
        SourcePatch patch = read("""
                diff --git a/old.c b/new.c
                similarity index 100%
                rename from old.c
                rename to new.c
                diff --git a/added.c b/added.c
                new file mode 100644
                --- /dev/null
                +++ b/added.c
                @@ -0,0 +1 @@
                +int added;
                diff --git a/gone.c b/gone.c
                deleted file mode 100644
                --- a/gone.c
                +++ /dev/null
                @@ -1 +0,0 @@
                -int gone;
                """);

        assertThat(patch.files())
                .extracting(FilePatch::kind, FilePatch::originalPath, FilePatch::patchedPath)
                .containsExactly(
                        tuple(FilePatch.Kind.RENAME, "a/old.c", "b/new.c"),
                        tuple(FilePatch.Kind.CREATE, "a/added.c", "b/added.c"),
                        tuple(FilePatch.Kind.DELETE, "a/gone.c", "b/gone.c"));
    }

    @Test
    void aHunkShorterThanItsHeaderSaysIsDamage() {
        assertThatThrownBy(() -> read("--- a/x.c\n+++ b/x.c\n@@ -1,3 +1,3 @@\n one\n-two\n+three\n"))
                .isInstanceOf(PatchFormatException.class)
                .hasMessageContaining(
                        "fix.patch:7: damaged hunk: its header in line 3 announces 3 original and 3 patched"
                                + " lines, 2 and 2 are there.");
    }

    @Test
    void aFileWithoutADiffIsNoPatch() {
        assertThatThrownBy(() -> read("hello\n"))
                .isInstanceOf(PatchFormatException.class)
                .hasMessageContaining("no diff found in it");
    }

    @Test
    void everyTruncationOfAPatchIsReadOrRefusedInWords() throws IOException {
        for (int length = 0; length < MAIL.length(); length++) {
            String text = MAIL.substring(0, length);
            try {
                assertThat(read(text).files()).hasSize(1);
            } catch (PatchFormatException e) {
                assertThat(e).hasMessageStartingWith(directory.resolve("fix.patch") + ":");
            }
        }
    }

    @Test
    void aNumberThatNoFileHasIsSaid() {
        assertThatThrownBy(() -> read("--- a/x.c\n+++ b/x.c\n@@ -4,99999999999 +4,1 @@\n one\n"))
                .isInstanceOf(PatchFormatException.class)
                .hasMessageEndingWith("fix.patch:3: no file has a line 99999999999");
    }

    @Test
    void aNameThatNoFileHasIsSaid() {
        assertThatThrownBy(() -> read("--- a/x\0.c\n+++ b/x.c\n@@ -1 +1 @@\n-one\n+two\n"))
                .isInstanceOf(PatchFormatException.class)
                .hasMessageContaining("fix.patch:1: no file has the name");
    }

    @Test
    void whatIsNoFileIsNoPatch() {
        for (String path : new String[] {"/dev/zero", "/", "/nowhere/at/all"}) {
            assertThatThrownBy(() -> SourcePatch.read(Path.of(path)))
                    .isInstanceOf(PatchFormatException.class)
                    .hasMessageStartingWith(path + ": cannot be read: ");
        }
    }
}
