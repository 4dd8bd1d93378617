package dev.suture.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScratchTreeTest {
    @TempDir
    Path directory;

    private Path tree;

    @BeforeEach
    void makeTree() throws IOException {
        tree = Files.createDirectories(directory.resolve("tree"));
        Files.writeString(tree.resolve("a.c"), "int a;\n");
        Files.writeString(tree.resolve("a.o"), "object");
        Files.setLastModifiedTime(tree.resolve("a.o"), FileTime.fromMillis(1_000_000));
        Files.createSymbolicLink(tree.resolve("self"), Path.of("."));
    }

    private ScratchTree open() {
        return ScratchTree.open(directory.resolve("cache"), tree, path -> true, Progress.NONE);
    }

    @Test
    void theCopyHasTheTimesOfTheTree() throws IOException {
        try (ScratchTree scratch = open()) {
            assertThat(Files.getLastModifiedTime(scratch.root().resolve("a.c")))
                    .isEqualTo(Files.getLastModifiedTime(tree.resolve("a.c")));
            assertThat(scratch.differingFiles()).isEmpty();
        }
    }

    @Test
    void theCopyHasANameOfOneWord() throws IOException {
        Path other = Files.move(tree, directory.resolve("it's $(my) tree"));
        tree = other;
        try (ScratchTree scratch = open()) {
            assertThat(directory.relativize(scratch.root().toRealPath()).toString())
                    .matches("[A-Za-z0-9/._+-]+");
            assertThat(scratch.root().resolve("a.c")).hasContent("int a;\n");
        }
    }

    @Test
    void whatARunLeftBehindIsUndoneByTheNext() throws IOException {
        try (ScratchTree scratch = open()) {
            scratch.write("a.c", SourceText.of("int b;\n"));
            scratch.write("new.c", SourceText.of("int n;\n"));
            scratch.delete("a.o");
        }
        try (ScratchTree scratch = open()) {
            assertThat(scratch.root().resolve("a.c")).hasContent("int a;\n");
            assertThat(scratch.root().resolve("a.o")).hasContent("object");
            assertThat(scratch.root().resolve("new.c")).doesNotExist();
        }
    }

    @Test
    void aRebuiltFileStandsForTheTreesUntilThatChanges() throws IOException {
        try (ScratchTree scratch = open()) {
            Files.writeString(scratch.root().resolve("a.o"), "rebuilt");
            scratch.keepRebuilt(List.of("a.o"));
            Files.writeString(scratch.root().resolve("a.o"), "patched");
            assertThat(scratch.unpatched("a.o")).hasContent("rebuilt");
        }
        try (ScratchTree scratch = open()) {
            assertThat(scratch.root().resolve("a.o")).hasContent("rebuilt");
        }
        Files.writeString(tree.resolve("a.o"), "built by the user");
        try (ScratchTree scratch = open()) {
            assertThat(scratch.root().resolve("a.o")).hasContent("built by the user");
            assertThat(scratch.unpatched("a.o")).isEqualTo(tree.toRealPath().resolve("a.o"));
        }
    }

    @Test
    void nothingIsWrittenThroughALinkThatLeadsOutOfTheTree() throws IOException {
        Path outside = Files.createDirectories(directory.resolve("outside"));
        Files.writeString(outside.resolve("x.c"), "int x;\n");
        Files.createSymbolicLink(tree.resolve("sub"), outside);
        Files.createSymbolicLink(tree.resolve("x.c"), Path.of("../outside/x.c"));
        Files.createSymbolicLink(tree.resolve("b.c"), Path.of("a.c"));
        Files.createSymbolicLink(tree.resolve("top"), Path.of(".."));
        try (ScratchTree scratch = open()) {
            scratch.write("sub/x.c", SourceText.of("int patched;\n"));
            scratch.write("sub/new.c", SourceText.of("int patched;\n"));
            scratch.write("b.c", SourceText.of("int patched;\n"));
            assertThat(scratch.root().resolve("x.c")).hasContent("int patched;\n");
            assertThat(scratch.root().resolve("a.c")).hasContent("int patched;\n");
            assertThatThrownBy(() -> scratch.write("top/y.c", SourceText.EMPTY))
                    .hasMessageContaining("top is a link out of the source")
                    .hasMessageContaining("which holds the source itself");
            scratch.delete("sub/x.c");
        }
        try (ScratchTree scratch = open()) {
            assertThat(scratch.root().resolve("a.c")).hasContent("int a;\n");
            assertThat(scratch.root().resolve("b.c")).hasContent("int a;\n");
            assertThat(scratch.root().resolve("x.c")).hasContent("int x;\n");
            assertThat(scratch.root().resolve("sub/x.c")).hasContent("int x;\n");
            assertThat(scratch.root().resolve("sub/new.c")).doesNotExist();
            assertThat(scratch.differingFiles()).isEmpty();
        }
        assertThat(outside.resolve("x.c")).hasContent("int x;\n");
        assertThat(outside.toFile().list()).containsExactly("x.c");
    }

    @Test
    void aLinkThatLeadsElsewhereByNowIsMadeAnew() throws IOException {
        Files.writeString(tree.resolve("b.c"), "int b;\n");
        Files.createSymbolicLink(tree.resolve("current.c"), Path.of("a.c"));
        open().close();
        Files.delete(tree.resolve("current.c"));
        Files.createSymbolicLink(tree.resolve("current.c"), Path.of("b.c"));
        try (ScratchTree scratch = open()) {
            assertThat(scratch.root().resolve("current.c")).hasContent("int b;\n");
        }
    }
}
