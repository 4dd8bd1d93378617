package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.link.LinkResult;
import dev.suture.payload.Explanation;
import dev.suture.payload.Payload;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs in C, changed in one way each; what the payload does is compared with the program built anew. */
class CreateProcessPayloadTest {
    private static final String MAIN = """
            #include <stdio.h>
            int work(int n);
            int main(void) { for (int i = 0; i < 5; i++) printf("%d\\n", work(i)); return 0; }
            """;
    private static final String WORK = """
            #include <stdio.h>
            #include <stdlib.h>
            #include <string.h>
            static int total;
            static __thread int mine = 3;
            const char *name(int n);
            static __attribute__((noinline)) int step(int n) { total += n; return total; }
            int work(int n)
            {
                static int calls;
                mine += n;
                calls++;
                return step(n) * 2 + calls + mine + strlen(name(n));
            }
            """;
    private static final String NAME = """
            const char *name(int n)
            {
                switch (n) {
                case 0: return "zero";
                case 1: return "one";
                case 2: return "three hundred";
                case 3: return "a";
                default: return "";
                }
            }
            """;
    private static final String BODY = "return step(n) * 2 + calls";

    @TempDir
    private Path directory;

    private PatchedProgram program(String flags, String workFrom, String workTo) {
        return new PatchedProgram(directory, make(flags, ""), "program")
                .file("main.c", MAIN)
                .file("name.c", NAME)
                .file("work.c", WORK, workFrom, workTo);
    }

    private static String make(String flags, String linkFlags) {
        return "for f in main work name; do gcc -O2 %s -c $f.c || exit 1; done; gcc %s %s -Wl,--build-id main.o work.o name.o -o program"
                .formatted(flags, flags, linkFlags);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"-fPIE -pie", "-fno-pie -no-pie", "-fPIC", "-fPIE -pie -fcf-protection=full -g", "-O0", "-O3"})
    void aChangeOfLogicTakesEffectHoweverTheProgramIsCompiled(String flags) {
        CreateReport report = program(flags, BODY, "return step(n + 1) * 3 + abs(n - 9) + calls")
                .assertTakesEffect("program");

        assertThat(report.functions()).extracting(LinkResult.Function::name).containsExactly("work");
    }

    @Test
    void aPayloadNamesTheFileThatItIsFor() {
        CreateReport report = program("", BODY, "return step(n) * 5 + calls").create();

        Payload payload = Payload.read(report.output().orElseThrow());
        assertThat(payload.changedFile()).contains(report.target());
        assertThat(payload.depends()).contains(report.target());
        assertThat(payload.xenDepends()).isEmpty();
        assertThat(payload.functions()).extracting(Payload.Function::name).containsExactly("work");
    }

    @Test
    void aStaticFunctionIsNamedByItsFile() {
        CreateReport report = program("", "total += n; return total", "total += 2 * n; return total + 7")
                .assertTakesEffect("program");

        assertThat(report.functions()).extracting(LinkResult.Function::name).containsExactly("work.c#step");
    }

    @Test
    void newFunctionsAndVariablesAndStringsComeAlong() {
        CreateReport report =
                program("", "int work(int n)\n{", """
                        static int history[8] = {4};
                        int seen;
                        static __attribute__((noinline)) int remember(int n) { seen++; return history[n % 8] += n + 1; }
                        int work(int n)
                        {
                            static int more = 40;
                            printf("new %d %d\\n", remember(n), more++ + seen);
                        """).accepting("history").assertTakesEffect("program");

        assertThat(report.added())
                .extracting(Explanation.Added::name)
                .contains("remember", "history", "seen")
                .anyMatch(name -> name.startsWith("more."));
    }

    /** As openssh hashes an empty packet. Such a string has a section without a name in it. */
    @Test
    void aStringOfZerosComesAlong() {
        String put = """
                #include <string.h>
                char text[8] = "abcdefg";
                __attribute__((noinline)) void put(char *to, const char *from, int n) { memcpy(to, from, n); }
                int work(int n) { put(text, "\\0\\0\\0", 2); return n + text[0] + text[2]; }
                """;
        new PatchedProgram(directory, "make", "program")
                .file("Makefile", "program: main.c work.c\n\tgcc -O2 -Wl,--build-id -o $@ $^\n")
                .file(
                        "main.c",
                        "#include <stdio.h>\nint work(int n);\nint main(void) { printf(\"%d\\n\", work(1)); return 0; }\n")
                .file("work.c", put, "\"\\0\\0\\0\", 2", "\"\\0\\0\\0\", 3")
                .assertTakesEffect("program");
    }

    @Test
    void aSwitchBringsItsJumpTable() {
        new PatchedProgram(directory, make("", ""), "program")
                .file("main.c", MAIN)
                .file("work.c", WORK)
                .file("name.c", NAME, "\"three hundred\"", "\"three hundred and four\"")
                .assertTakesEffect("program");
    }

    @Test
    void aChangeInAStaticLibraryTakesEffect() {
        String command = "gcc -O2 -c main.c work.c name.c && ar rcs libname.a name.o && ranlib libname.a && "
                + "gcc -Wl,--build-id main.o work.o -L. -lname -o program";
        CreateReport report = new PatchedProgram(directory, command, "program")
                .file("main.c", MAIN)
                .file("work.c", WORK)
                .file("name.c", NAME, "return \"one\"", "return n ? \"one hundred thousand\" : 0")
                .assertTakesEffect("program");

        assertThat(report.functions()).extracting(LinkResult.Function::name).containsExactly("name");
    }

    @Test
    void aChangeInASharedLibraryTakesEffect() {
        String command =
                "gcc -O2 -fPIC -shared -Wl,--build-id -o libname.so name.c && gcc -O2 main.c work.c -L. -lname "
                        + "-Wl,-rpath,'$ORIGIN' -o program";
        CreateReport report = new PatchedProgram(directory, command, "libname.so")
                .file("main.c", MAIN)
                .file("work.c", WORK)
                .file("name.c", NAME, "switch (n) {", "switch (n * 3 % 4) {")
                .assertTakesEffect("program");

        assertThat(report.functions()).extracting(LinkResult.Function::name).containsExactly("name");
        assertThat(report.objectsBuilt()).isEqualTo(1);
    }

    @Test
    void aLibraryWithImportsAndGlobalsOfItsOwnIsReachedThroughItsTables() {
        String library = """
                #include <stdio.h>
                #include <stdlib.h>
                int level = 4;
                int scale(int n) { return n * level; }
                const char *name(int n)
                {
                    static char text[64];
                    snprintf(text, sizeof text, "%*d", scale(n) + level, abs(n));
                    return text;
                }
                """;
        String command =
                "gcc -O2 -fPIC -shared -Wl,--build-id -o libname.so name.c && gcc -O2 main.c work.c -L. -lname "
                        + "-Wl,-rpath,'$ORIGIN' -o program";
        new PatchedProgram(directory, command, "libname.so")
                .file("main.c", MAIN)
                .file("work.c", WORK)
                .file("name.c", library, "scale(n) + level, abs(n)", "scale(n + 1) + level++, abs(n) + atoi(\"7\")")
                .assertTakesEffect("program");
    }

    @Test
    void aChangedHeaderReachesAllThatIncludeIt() {
        CreateReport report = new PatchedProgram(directory, make("", ""), "program")
                .file("size.h", "#define SIZE 10\n", "10", "11")
                .file("main.c", MAIN)
                .file("work.c", "#include \"size.h\"\n" + WORK.replace(BODY, BODY + " + SIZE"))
                .file("name.c", "#include \"size.h\"\nint unused(int n) { return n * SIZE + 100 * SIZE; }\n" + NAME)
                .assertTakesEffect("program");

        assertThat(report.objectsBuilt()).isEqualTo(2);
        assertThat(report.functions())
                .extracting(LinkResult.Function::name)
                .containsExactlyInAnyOrder("work", "unused");
    }

    @Test
    void theSourceDirectoryIsLeftAsItIs() {
        PatchedProgram program = program("", BODY, "return 99 + calls");
        program.create();

        String difference = PatchedProgram.run(
                java.util.List.of("ls", "-A", directory.resolve("source").toString()),
                directory,
                java.util.Map.of(),
                0);
        assertThat(difference).isEqualTo("main.c\nname.c\nwork.c\n");
    }

    @Test
    void aSecondPatchOfTheSameSourceBuildsNothingTwice() {
        PatchedProgram program = program("", BODY, "return 99 + calls");
        program.create();

        CreateReport again = program.create();

        assertThat(again.output()).isPresent();
        assertThat(again.stages()).extracting(CreateReport.StageTime::name).doesNotContain("build the program");
    }

    @Test
    void aPayloadCanBeStackedOnAnother() {
        PatchedProgram program = program("", BODY, "return 99 + calls");
        program.create();
        Path running = program.running().resolve("program");

        CreateReport second = program.create(
                make("", ""), running, Optional.of(program.payload().toString()));

        assertThat(second.refusals()).isEmpty();
        assertThat(second.depends()).isNotEqualTo(second.target());
    }
}
