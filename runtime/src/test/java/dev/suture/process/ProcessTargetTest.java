package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.target.ApplyOptions;
import dev.suture.target.Outcome;
import dev.suture.target.State;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProcessTargetTest {
    @TempDir
    private static Path folder;

    private static Path server;

    @BeforeAll
    static void compile() {
        server = Program.compile(folder, "server.c", "server");
    }

    static void done(Outcome outcome) {
        assertThat(outcome).isInstanceOf(Outcome.Done.class);
    }

    /** {@return who was in the way} On a busy machine a thread may not even get the time to stop; then it is tried again. */
    static Outcome.TimedOut late(Supplier<Outcome> action) {
        Outcome.TimedOut late;
        int tries = 0;
        do {
            Outcome outcome = action.get();
            assertThat(outcome).isInstanceOf(Outcome.TimedOut.class);
            late = (Outcome.TimedOut) outcome;
        } while (late.inTheWay().getFirst().what().contains("does not stop") && ++tries < 50);
        return late;
    }

    @ParameterizedTest
    @ValueSource(strings = {"-pie", "-no-pie", "-static", "-fcf-protection=full"})
    void aFunctionIsReplacedAndPutBack(String how) {
        Path binary =
                Program.compile(folder, "server.c", "server" + how, how, how.equals("-no-pie") ? "-fno-pie" : "-fPIE");
        Path file = Program.payload(folder, "thousand.c", binary, "");
        try (Program program = Program.start(binary)) {
            ProcessTarget target = program.target();
            assertThat(program.ask("answer")).isEqualTo("2");

            done(target.upload("thousand", Program.read(file)));
            assertThat(program.ask("answer")).isEqualTo("2");
            done(target.apply("thousand", ApplyOptions.DEFAULT));
            assertThat(program.ask("answer")).isEqualTo("1001");
            assertThat(program.ask("counter")).isEqualTo("101");
            assertThat(target.payloads())
                    .singleElement()
                    .satisfies(it -> assertThat(it.state()).isEqualTo(State.APPLIED));
            done(target.revert("thousand", ApplyOptions.DEFAULT));
            assertThat(program.ask("answer")).isEqualTo("2");
            done(target.unload("thousand", ApplyOptions.DEFAULT));
            assertThat(program.ask("answer")).isEqualTo("2");
            assertThat(target.payloads()).isEmpty();
        }
    }

    @Test
    void noSystemCallOfTheProgramFailsAndNoAnswerIsWrong() throws InterruptedException {
        Path file = Program.payload(folder, "thousand.c", server, "");
        try (Program program = Program.start(server)) {
            program.ask("waits 16");
            program.ask("loops 2");
            program.ask("sleeps 4");
            Thread.sleep(100);
            ProcessTarget target = program.target();
            for (int i = 0; i < 10; i++) {
                done(target.upload("thousand", Program.read(file)));
                done(target.apply("thousand", ApplyOptions.DEFAULT));
                done(target.revert("thousand", ApplyOptions.DEFAULT));
                done(target.unload("thousand", ApplyOptions.DEFAULT));
            }
            assertThat(program.number("errors")).isZero();
            assertThat(program.number("wrong")).isZero();
        }
    }
}
