package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Progress;
import dev.suture.build.SourcePatch;
import dev.suture.create.CreateProcessPayload;
import dev.suture.create.CreateReport;
import dev.suture.create.ProcessRequest;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From source and patch to a running program that does something else, and back, by what users call. */
class BuildAndLoadTest {
    private static final String SOURCE = """
            #include <iostream>
            #include <stdexcept>
            #include <string>
            #include <unistd.h>
            __attribute__((noinline)) int answer(int n)
            {
                if (n < 0) throw std::runtime_error("negative");
                return n + 1;
            }
            int main()
            {
                std::string line;
                while (std::getline(std::cin, line)) {
                    try {
                        std::cout << answer(std::stoi(line)) << std::endl;
                    } catch (const std::exception &e) {
                        std::cout << e.what() << std::endl;
                    }
                }
            }
            """;
    private static final String PATCH = """
            --- a/program.cc
            +++ b/program.cc
            @@ -4,6 +4,6 @@
             #include <unistd.h>
             __attribute__((noinline)) int answer(int n)
             {
            -    if (n < 0) throw std::runtime_error("negative");
            -    return n + 1;
            +    if (n < 10) throw std::out_of_range("less than ten: " + std::to_string(n));
            +    return n * 2;
             }
            """;
    private static final String BUILD = "g++ -O2 -Wl,--build-id program.cc -o program";

    @TempDir
    private Path directory;

    @Test
    void aRunningProgramDoesWhatItsPatchedSourceSaysAndThenAgainWhatItDid() throws Exception {
        for (String version : List.of("source", "running")) {
            Files.createDirectories(directory.resolve(version));
            Files.writeString(directory.resolve(version).resolve("program.cc"), SOURCE);
        }
        Files.writeString(directory.resolve("change.patch"), PATCH);
        Assumptions.assumeTrue(Files.exists(Path.of("/usr/bin/g++")), "needs g++");
        assertThat(RunningProgram.run(List.of("sh", "-c", BUILD), directory.resolve("running")))
                .isEmpty();
        Path binary = directory.resolve("running/program");

        CreateReport report = CreateProcessPayload.create(
                new ProcessRequest(
                        directory.resolve("source"),
                        BUILD,
                        binary,
                        Optional.empty(),
                        List.of(SourcePatch.read(directory.resolve("change.patch"))),
                        directory.resolve("cache"),
                        false,
                        1,
                        directory.resolve("change.livepatch"),
                        "change",
                        Optional.empty(),
                        List.of(),
                        Set.of()),
                Progress.NONE);

        assertThat(report.refusals()).isEmpty();
        // Not as a child of this program, whose own waiting for children would get in the way of tracing it.
        String start = "exec 3<&0; '%s' <&3 & echo $!; wait".formatted(binary);
        Process program = new ProcessBuilder("sh", "-c", start).start();
        try (BufferedReader answers = program.inputReader()) {
            String target = "pid:" + answers.readLine();
            assertThat(RunningProgram.ask(program, answers, 4)).isEqualTo("5");
            String loaded =
                    Said.words("load", directory.resolve("change.livepatch").toString(), "--on", target);
            Assumptions.assumeFalse(
                    loaded.contains("permission"), "needs the permission to trace processes: " + loaded);
            assertThat(loaded).contains("now applied");
            assertThat(RunningProgram.ask(program, answers, 4)).isEqualTo("less than ten: 4");
            assertThat(RunningProgram.ask(program, answers, 40)).isEqualTo("80");
            assertThat(Said.words("revert", "change", "--on", target)).contains("now checked");
            assertThat(RunningProgram.ask(program, answers, 40)).isEqualTo("41");
            assertThat(program.isAlive()).isTrue();
        } finally {
            program.getOutputStream().close();
            program.waitFor();
        }
    }
}
