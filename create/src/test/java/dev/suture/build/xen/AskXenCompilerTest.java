package dev.suture.build.xen;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Progress;
import dev.suture.build.ScratchTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AskXenCompilerTest {
    private static final String COMMAND = "gcc -O2 -c -o unit.o unit.c";

    @TempDir
    private Path folder;

    @BeforeEach
    void writeTree() throws IOException {
        Path xen = Files.createDirectories(folder.resolve("tree/xen"));
        Files.writeString(
                xen.resolve("unit.c"), "asm ( \".include \\\"macros.h\\\"\" );\nint f(int x) { return x + 1; }\n");
        Files.writeString(xen.resolve("macros.h"), ".macro nothing\n.endm\n");
    }

    private static Map<String, XenObject> unit(String command) {
        return Map.of("unit.o", new XenObject("unit.o", ".", "unit.c", Set.of("unit.c"), command));
    }

    /** {@return the objects of which the compiler gives both sources, after a change of the copy} */
    private Set<String> preprocessed(String commandOfPatched, String macros) throws IOException {
        ScratchTree scratch =
                ScratchTree.open(folder.resolve("cache"), folder.resolve("tree"), _ -> true, Progress.NONE);
        Files.writeString(scratch.root().resolve("xen/macros.h"), macros);
        try (AskXenCompiler compiler = new AskXenCompiler(
                scratch, folder.resolve("work"), unit(COMMAND), unit(commandOfPatched), scratch::restore)) {
            return compiler.preprocess(List.of("unit.o"), Set.of()).keySet();
        }
    }

    @Test
    void bothSourcesOfAnObjectAreGiven() throws IOException {
        assertThat(preprocessed(COMMAND, ".macro nothing\n.endm\n")).containsExactly("unit.o");
    }

    @Test
    void sourcesThatAreCompiledWithOtherFlagsAreNotToBeCompared() throws IOException {
        assertThat(preprocessed("gcc -O2 -fcf-protection=full -c -o unit.o unit.c", ".macro nothing\n.endm\n"))
                .isEmpty();
    }

    @Test
    void sourcesForWhichTheAssemblerReadsSomethingElseAreNotToBeCompared() throws IOException {
        assertThat(preprocessed(COMMAND, ".macro nothing\nnop\n.endm\n")).isEmpty();
    }
}
