package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.linked.LinkedProof;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What goes into a link besides what the build compiles from C, and what of that the patch changes. */
class LinkedInputsTest {
    private static final String LINK = "gcc -O2 -g -c a.c && gcc -o prog a.o %s -Wl,--build-id";
    private static final String A = """
            #include <stdio.h>
            extern const int limit; const int limit = 5;
            int other(void);
            __attribute__((noinline)) int f(int x) { volatile int y = x; return y + limit; }
            int main(void) { while (getchar() >= 0) printf("%d %d\\n", f(1), other()); }
            """;
    private static final String VENDOR = "extern const int limit; int other(void) { return limit; }\n";

    @TempDir
    private Path directory;

    private List<String> prove(String command, Map<String, String> more, Map<String, String> changes)
            throws IOException {
        for (String version : List.of("source", "patched")) {
            Path folder = Files.createDirectories(directory.resolve(version));
            Files.writeString(folder.resolve("a.c"), A);
            for (Map.Entry<String, String> file : more.entrySet()) {
                Files.writeString(folder.resolve(file.getKey()), file.getValue());
            }
        }
        for (Map.Entry<String, String> file : changes.entrySet()) {
            Files.writeString(directory.resolve("patched").resolve(file.getKey()), file.getValue());
        }
        Path patch = directory.resolve("change.patch");
        Files.writeString(
                patch, PatchedProgram.run(List.of("diff", "-ruN", "source", "patched"), directory, Map.of(), 1));
        return prove(command, patch);
    }

    private List<String> proveAgain(String command, Map<String, String> more, Map<String, String> changes)
            throws IOException {
        PatchedProgram.run(List.of("rm", "-rf", "source", "patched", "running"), directory, Map.of(), 0);
        return prove(command, more, changes);
    }

    private List<String> prove(String command, Path patch) {
        LinkedProof proof = LinkedProgramsTest.prove(directory.resolve("source"), command, "prog", patch, directory);
        return LinkedProgramsTest.texts(proof);
    }

    /** What a build only links lies outside of the source: in there it would be taken for something built. */
    private void compileVendor(String command) throws IOException {
        Files.writeString(directory.resolve("vendor.c"), VENDOR);
        PatchedProgram.run(List.of("sh", "-c", command), directory, Map.of(), 0);
    }

    @Test
    void aVendorsObjectGoesOnToUseAConstantThatChanges() throws IOException {
        compileVendor("gcc -O2 -c -o vendor.bin vendor.c");

        assertThat(prove(
                        LINK.formatted(directory.resolve("vendor.bin")),
                        Map.of(),
                        Map.of("a.c", A.replace("limit = 5", "limit = 9"))))
                .anySatisfy(
                        text -> assertThat(text).contains("limit: the constant changes, and code that stays uses it"));
    }

    @Test
    void soDoesAVendorsArchiveThatTheLinkerFindsByItself() throws IOException {
        compileVendor("gcc -O2 -c -o v.o vendor.c && ar rcsD libvendor.a v.o");

        assertThat(prove(
                        LINK.formatted("-L%s -lvendor".formatted(directory)),
                        Map.of(),
                        Map.of("a.c", A.replace("limit = 5", "limit = 9"))))
                .anySatisfy(
                        text -> assertThat(text).contains("limit: the constant changes, and code that stays uses it"));
    }

    @Test
    void aConstantThatNoneOfThemUsesMayChange() throws IOException {
        String own = A.replace("extern const int limit; ", "extern const int limit, mine; const int mine = 3; ")
                .replace("y + limit", "y + limit + (&mine)[y - 1]");
        compileVendor("gcc -O2 -c -o vendor.bin vendor.c");

        assertThat(prove(
                        LINK.formatted(directory.resolve("vendor.bin")),
                        Map.of("a.c", own),
                        Map.of("a.c", own.replace("mine = 3", "mine = 4"))))
                .noneSatisfy(text -> assertThat(text).contains("code that stays uses it"));
    }

    @Test
    void assemblyWithoutTypesThatChangesIsMissed() throws IOException {
        String assembly = ".text\n.globl other\nother:\n lea %d(%%rdi),%%eax\n ret\n";

        assertThat(prove(
                        "gcc -c s.S && " + LINK.formatted("s.o"),
                        Map.of("s.S", assembly.formatted(5)),
                        Map.of("s.S", assembly.formatted(50), "a.c", A.replace("return y + ", "return y + y + "))))
                .anySatisfy(text -> assertThat(text)
                        .startsWith("other: it differs in the patched program")
                        .contains("the payload does not replace it"));
    }

    @Test
    void soIsAssemblyWithoutAName() throws IOException {
        String assembly = ".text\n1: add $%d,%%eax\n ret\n"
                + ".globl other\n.type other,@function\nother: mov $1,%%eax\n jmp 1b\n.size other,.-other\n";

        assertThat(prove(
                        "gcc -c s.S && " + LINK.formatted("s.o"),
                        Map.of("s.S", assembly.formatted(5)),
                        Map.of("s.S", assembly.formatted(6), "a.c", A.replace("return y + ", "return y + y + "))))
                .anySatisfy(text -> assertThat(text).contains("code without a name, which the patch changes"));
    }

    @Test
    void soDoesAVendorsObjectThatIsJoinedToAnother() throws IOException {
        compileVendor("gcc -O2 -c -o vendor.bin vendor.c");

        assertThat(prove(
                        "gcc -O2 -g -c a.c && ld -r -o joined.o a.o %s && gcc -o prog joined.o -Wl,--build-id"
                                .formatted(directory.resolve("vendor.bin")),
                        Map.of(),
                        Map.of("a.c", A.replace("limit = 5", "limit = 9"))))
                .anySatisfy(
                        text -> assertThat(text).contains("limit: the constant changes, and code that stays uses it"));
    }

    @Test
    void whatIsCompiledWhenItIsLinkedUsesTheNamesOfItsTable() throws IOException {
        compileVendor("gcc -O2 -flto -fno-fat-lto-objects -c -o v.o vendor.c && gcc-ar rcsD libvendor.a v.o");
        String own = A.replace("extern const int limit; ", "extern const int limit, mine; const int mine = 3; ")
                .replace("y + limit", "y + limit + (&mine)[y - 1]");
        String command = LINK.formatted("-L%s -lvendor".formatted(directory));

        assertThat(prove(command, Map.of("a.c", own), Map.of("a.c", own.replace("limit = 5", "limit = 9"))))
                .anySatisfy(
                        text -> assertThat(text).contains("limit: the constant changes, and code that stays uses it"));
    }

    @Test
    void aFirstValueIsLeftToAHookThatReachesTheVariable() throws IOException {
        String own = A.replace("return y + limit", "return y + limit + room")
                .replace("extern const", "int room = 5; extern const");
        String hook = own.replace("room = 5", "room = 6")
                + "void other_place(void) { BODY }\n__attribute__((used, section(\".livepatch.hooks.KIND\")))"
                + " static void (*const hook)(void) = other_place;\n";
        String other = "int other(void) { return 3; }\n";
        String command = "gcc -O2 -g -c o.c && " + LINK.formatted("o.o");
        Map<String, String> before = Map.of("a.c", own, "o.c", other);

        assertThat(prove(
                        command,
                        before,
                        Map.of("a.c", hook.replace("BODY", "room = 6;").replace("KIND", "load"))))
                .noneSatisfy(text -> assertThat(text).contains("begins otherwise"));
        for (String[] idle : new String[][] {{"putchar(10);", "load"}, {"room = 5;", "unload"}}) {
            assertThat(proveAgain(
                            command,
                            before,
                            Map.of("a.c", hook.replace("BODY", idle[0]).replace("KIND", idle[1]))))
                    .anySatisfy(text -> assertThat(text).contains("room: the variable begins otherwise"));
        }
    }
}
