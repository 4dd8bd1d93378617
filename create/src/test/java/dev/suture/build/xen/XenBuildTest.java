package dev.suture.build.xen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.Progress;
import dev.suture.build.ObjectPair;
import dev.suture.build.ScratchTree;
import dev.suture.build.SourcePatch;
import dev.suture.build.UnreachedFile;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Builds against a real, built Xen tree, named by the property or environment variable SUTURE_XEN_TREE. */
@Tag("xen")
class XenBuildTest {
    /** Uses {@code domain_crash()}, which puts its line into the code. */
    private static final String SOURCE = "xen/arch/x86/mm/p2m.c";

    @TempDir
    static Path shared;

    @TempDir
    Path directory;

    private static XenTree tree;

    @BeforeAll
    static void findTree() {
        String named = System.getProperty("SUTURE_XEN_TREE", System.getenv("SUTURE_XEN_TREE"));
        assumeTrue(named != null && !named.isEmpty(), "SUTURE_XEN_TREE names no built Xen tree");
        tree = XenTree.open(Path.of(named));
    }

    private XenBuildResult build(XenTree in, String patch) throws IOException {
        Path file = Files.writeString(directory.resolve("fix.patch"), patch, StandardCharsets.ISO_8859_1);
        XenBuildRequest request = new XenBuildRequest(
                in, List.of(SourcePatch.read(file)), shared.resolve("cache"), Optional.empty(), false, false, 2);
        return XenBuild.run(request, Progress.NONE);
    }

    /** {@return a patch that turns the whole file into what {@code edit} makes of it} */
    private static String patch(String path, UnaryOperator<String> edit) throws IOException {
        String before = Files.readString(tree.root().resolve(path), StandardCharsets.ISO_8859_1);
        List<String> original = before.lines().toList();
        List<String> patched = edit.apply(before).lines().toList();
        StringBuilder patch = new StringBuilder(
                "--- a/%1$s\n+++ b/%1$s\n@@ -1,%2$d +1,%3$d @@\n".formatted(path, original.size(), patched.size()));
        original.forEach(line -> patch.append('-').append(line).append('\n'));
        patched.forEach(line -> patch.append('+').append(line).append('\n'));
        return patch.toString();
    }

    private static String commentOnTop(String path) throws IOException {
        return patch(path, text -> "/* A comment\n * of three\n * lines. */\n" + text);
    }

    private static Map<String, byte[]> allocated(Path object) {
        Map<String, byte[]> sections = new LinkedHashMap<>();
        for (Section section : ElfFile.read(object).sections()) {
            if (section.isAllocated() && !section.isNobits()) {
                sections.put(section.index() + " " + section.name(), section.bytes());
            }
        }
        return sections;
    }

    private static void assertSameProgram(ObjectPair pair) {
        Map<String, byte[]> original = allocated(pair.original().orElseThrow());
        Map<String, byte[]> patched = allocated(pair.patched().orElseThrow());
        assertThat(patched.keySet()).isEqualTo(original.keySet());
        original.forEach((name, bytes) -> assertThat(patched.get(name)).as(name).isEqualTo(bytes));
    }

    @Test
    void aPatchThatOnlyMovesLinesGivesTheSameObject() throws IOException {
        try (XenBuildResult result = build(tree, commentOnTop(SOURCE))) {
            assertThat(result.pairs()).extracting(ObjectPair::name).containsExactly("arch/x86/mm/p2m.o");
            assertThat(result.pairs().getFirst().source()).isEqualTo("arch/x86/mm/p2m.c");
            assertThat(result.unreached()).isEmpty();
            assertThat(result.linesNeutral()).isTrue();
            assertSameProgram(result.pairs().getFirst());
        }
    }

    @Test
    void theObjectsAreGoneWhenTheResultIsClosed() throws IOException {
        XenBuildResult result = build(tree, commentOnTop("xen/common/keyhandler.c"));
        assertThat(result.pairs().getFirst().patched().orElseThrow()).exists();

        result.close();

        assertThat(result.workDirectory()).doesNotExist();
    }

    @Test
    void aNewSourceFileBecomesAPairWithoutOriginal() throws IOException {
        String makefile =
                patch("xen/common/Makefile", text -> text.replaceFirst("\nobj-y", "\nobj-y += addition.o\nobj-y"));
        String source = "--- /dev/null\n+++ b/xen/common/addition.c\n@@ -0,0 +1,2 @@\n+int three(void);\n"
                + "+int three(void) { return 3; }\n";

        try (XenBuildResult result = build(tree, makefile + source)) {
            assertThat(result.pairs()).singleElement().satisfies(pair -> {
                assertThat(pair.name()).isEqualTo("common/addition.o");
                assertThat(pair.original()).isEmpty();
                assertThat(pair.patched().orElseThrow()).exists();
            });
        }
    }

    @Test
    void anObjectOfInitCodeOnlyIsPairedAsItIsLinked() throws IOException {
        try (XenBuildResult result = build(tree, commentOnTop("xen/arch/x86/dmi_scan.c"))) {
            assertThat(result.pairs()).singleElement().satisfies(pair -> {
                assertThat(pair.name()).isEqualTo("arch/x86/dmi_scan.init.o");
                assertThat(pair.source()).isEqualTo("arch/x86/dmi_scan.c");
                assertThat(pair.initOnly()).isTrue();
                assertSameProgram(pair);
            });
        }
    }

    @Test
    void aSourceThatIsCompiledThroughASymbolicLinkIsReached() throws IOException {
        try (XenBuildResult result = build(tree, commentOnTop("xen/common/efi/runtime.c"))) {
            assertThat(result.pairs()).extracting(ObjectPair::name).contains("arch/x86/efi/runtime.o");
            assertThat(result.unreached()).isEmpty();
        }
    }

    @Test
    void aFileThatIsNotBuiltIsReported() throws IOException {
        try (XenBuildResult result = build(tree, commentOnTop("xen/arch/arm/mm.c"))) {
            assertThat(result.pairs()).isEmpty();
            assertThat(result.unreached())
                    .containsExactly(new UnreachedFile("xen/arch/arm/mm.c", "it is not built in this configuration"));
        }
    }

    @Test
    void aCompilerErrorNamesTheLineOfThePatchedFile() throws IOException {
        String broken = patch("xen/common/keyhandler.c", text -> "/* one more line */\n" + text + "int broken(\n");
        long line = Files.readString(tree.root().resolve("xen/common/keyhandler.c"), StandardCharsets.ISO_8859_1)
                        .lines()
                        .count()
                + 2;

        assertThatThrownBy(() -> build(tree, broken))
                .isInstanceOf(CompileException.class)
                .hasMessageContaining("common/keyhandler.c:" + line + ":");
    }

    @Test
    void aMissingOrStaleOriginalIsBuiltOnce() throws IOException {
        Path copied;
        try (ScratchTree scratch =
                ScratchTree.open(directory.resolve("user"), tree.root(), tree::isNeededToBuild, Progress.NONE)) {
            copied = scratch.root();
        }
        Files.createFile(copied.resolve("xen/xen-syms"));
        Files.delete(copied.resolve("xen/common/keyhandler.o"));
        XenTree incomplete = XenTree.open(copied);

        try (XenBuildResult result = build(incomplete, commentOnTop("xen/common/keyhandler.c"))) {
            assertThat(result.staleOriginals()).containsExactly("common/keyhandler.o");
            assertSameProgram(result.pairs().getFirst());
        }
        try (XenBuildResult result = build(incomplete, commentOnTop("xen/common/keyhandler.c"))) {
            assertThat(result.staleOriginals()).isEmpty();
            assertSameProgram(result.pairs().getFirst());
        }
        Files.setLastModifiedTime(copied.resolve("xen/common/keyhandler.c"), FileTime.from(Instant.now()));
        try (XenBuildResult result = build(incomplete, commentOnTop("xen/common/keyhandler.c"))) {
            assertThat(result.staleOriginals()).containsExactly("common/keyhandler.o");
        }
        assertThat(copied.resolve("xen/common/keyhandler.o")).doesNotExist();
    }

    /** make takes a blank for the end of a word. */
    @Test
    void aTreeWhosePathHasABlankIsBuiltAndACacheWhosePathHasOneIsNamed() throws Exception {
        Path blank = Files.createDirectories(directory.resolve("my trees")).resolve("xen: it's $mine");
        Path source = tree.root().toRealPath();
        Process copy = new ProcessBuilder("cp", "-a", "--link", source.toString(), blank.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(copy.getInputStream().readAllBytes());
        if (copy.waitFor() != 0) {
            assertThat(new ProcessBuilder("cp", "-a", "--no-clobber", source + "/.", blank.toString())
                            .start()
                            .waitFor())
                    .as(said)
                    .isZero();
        }
        try (XenBuildResult result = build(XenTree.open(blank), commentOnTop("xen/common/keyhandler.c"))) {
            assertSameProgram(result.pairs().getFirst());
        }
        Path cache = directory.resolve("my cache");
        assertThatThrownBy(() -> new XenBuildRequest(tree, List.of(), cache, Optional.empty(), false, false, 2))
                .hasMessageContaining("the cache " + cache + " has ' ' in its path")
                .hasMessageContaining("SUTURE_CACHE");
    }
}
