package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One change in several mappings: of one file, of several, and with data between them. */
class SeveralMappingsTest {
    private static final String LIBRARY = """
            static char text[200000] = "x";
            int NAME_calls;
            __attribute__((noipa)) int NAME(void) { NAME_calls += text[0] == 'x'; return 1; }
            __attribute__((noipa, aligned(4096))) int NAME_far(void) { NAME_calls++; return 1; }
            """;
    private static final String PROGRAM = """
            #include <stdio.h>
            #include <string.h>
            #include <sys/prctl.h>
            extern int a(void), b(void), a_far(void), b_far(void), a_calls, b_calls;
            int own_data = 5, own_zero[40000];
            __attribute__((noipa)) int cold(void) { own_data++; return 1; }
            __attribute__((noipa, section(".hottext"))) int hot(void) { own_zero[39999]++; return 1; }
            int main(void) {
                char line[100];
                prctl(PR_SET_PTRACER, -1L);
                setvbuf(stdout, 0, _IOLBF, 0);
                puts("ready");
                while (fgets(line, sizeof line, stdin)) {
                    int sum = a() + 10 * b() + 100 * cold() + 1000 * hot() + 10000 * a_far() + 100000 * b_far();
                    printf("%d %d %d %d %d\\n", sum, a_calls, b_calls, own_data, own_zero[39999]);
                }
            }
            """;

    @TempDir
    private static Path folder;

    private static Path build(String output, String source, String... flags) throws IOException {
        Files.writeString(folder.resolve(output + ".c"), source);
        List<String> command = new ArrayList<>(List.of("gcc", "-O2", "-Wl,--build-id", "-o", output, output + ".c"));
        command.addAll(List.of(flags));
        Program.run(folder, command);
        return folder.resolve(output);
    }

    private static Payload of(String name, Path changed, String text) {
        return Program.payloadOf(folder, name + ".c", text, changed, "");
    }

    private static Path[] libraries() throws IOException {
        return new Path[] {
            build("liba.so", LIBRARY.replace("NAME", "a"), "-shared", "-fPIC"),
            build("libb.so", LIBRARY.replace("NAME", "b"), "-shared", "-fPIC")
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"-pie", "-no-pie"})
    void payloadsForTwoLibrariesAndTheProgramReplaceEachOther(String how) throws Exception {
        Path[] libraries = libraries();
        Path program =
                build("both" + how, PROGRAM, "-L.", "-la", "-lb", how, how.equals("-pie") ? "-fPIE" : "-fno-pie");
        Payload a = of(
                "ofa",
                libraries[0],
                "int new_a(void) { return 2; } REPLACES(new_a, \"a\");"
                        + " int new_far(void) { return 2; } REPLACES(new_far, \"a_far\");");
        Payload b = of("ofb", libraries[1], "int new_b(void) { return 2; } REPLACES(new_b, \"b\");");
        Payload own = of("own" + how, program, "int new_cold(void) { return 2; } REPLACES(new_cold, \"cold\");");
        try (Program running = Program.start(program)) {
            ProcessTarget target = running.target();
            assertThat(running.ask("ask")).isEqualTo("111111 2 2 6 1");
            ScenariosTest.load(target, "a", a);
            assertThat(running.ask("ask")).isEqualTo("121112 2 4 7 2");
            ProcessTargetTest.done(target.upload("b", b));
            ProcessTargetTest.done(target.replace("b", ApplyOptions.DEFAULT));
            assertThat(running.ask("ask")).isEqualTo("111121 4 5 8 3");
            ProcessTargetTest.done(target.upload("own", own));
            ProcessTargetTest.done(target.replace("own", ApplyOptions.DEFAULT));
            assertThat(running.ask("ask")).isEqualTo("111211 6 7 8 4");
            ProcessTargetTest.done(target.replace("a", ApplyOptions.DEFAULT));
            assertThat(running.ask("ask")).isEqualTo("121112 6 9 9 5");
            ProcessTargetTest.done(target.revert("a", ApplyOptions.DEFAULT));
            assertThat(running.ask("ask")).isEqualTo("111111 8 11 10 6");
        }
    }

    @Test
    void codeOnBothSidesOfDataIsChangedAndTheDataIsNot() throws Exception {
        libraries();
        Path program = build("hot", PROGRAM, "-L.", "-la", "-lb", "-Wl,--section-start=.hottext=0x800000");
        Payload payload = of(
                "hotcold",
                program,
                "int new_cold(void) { return 2; } REPLACES(new_cold, \"cold\");"
                        + " int new_hot(void) { return 2; } REPLACES(new_hot, \"hot\");");
        try (Program running = Program.start(program)) {
            ProcessTarget target = running.target();
            assertThat(running.ask("ask")).isEqualTo("111111 2 2 6 1");
            ScenariosTest.load(target, "hotcold", payload);
            assertThat(running.ask("ask")).isEqualTo("112211 4 4 6 1");
            ProcessTargetTest.done(target.revert("hotcold", ApplyOptions.DEFAULT));
            assertThat(running.ask("ask")).isEqualTo("111111 6 6 7 2");
        }
    }
}
