package dev.suture.certify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.build.AskCompiler;
import dev.suture.build.AskCompiler.Preprocessed;
import dev.suture.diff.SpecialSections;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three lines more in front of everything, and two functions of which a number is larger by three. */
class ConfirmLinesTest {
    private static final String ORIGINAL = """
            void report(int);
            int limited(int x) { return x > 5; }
            int reports(int x) { report(__LINE__); return x; }
            static int helper(int x) { report(__LINE__); return x * 3; }
            int calls(int x) { report(__LINE__); return helper(x) + helper(x + 1); }
            int both(int x) { report(__LINE__); return x + 5; }
            """;
    private static final String PATCHED =
            "\n\n\n" + ORIGINAL.replace("x > 5", "x > 8").replace("x + 5", "x + 8");

    @TempDir
    private Path directory;

    private static void run(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes());
            assertThat(process.waitFor()).as(said).isZero();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private final class Gcc implements AskCompiler {
        @Override
        public Map<String, Preprocessed> preprocess(List<String> objects, Set<String> alsoOnOneLine) {
            return Map.of();
        }

        @Override
        public Optional<Path> compile(String object, Path preprocessed, List<String> options) {
            Path made = directory.resolve("asked.o");
            List<String> command = new ArrayList<>(List.of("gcc", "-O2", "-ffunction-sections", "-c"));
            command.addAll(options);
            command.addAll(List.of("-o", made.toString(), preprocessed.toString()));
            run(command);
            return Optional.of(made);
        }

        @Override
        public void close() {}
    }

    private Path onOneLine(String name, String text) throws IOException {
        Path source = Files.writeString(directory.resolve(name + ".c"), text);
        Path made = directory.resolve(name + ".i");
        List<String> command = new ArrayList<>(List.of("gcc", "-E"));
        command.addAll(AskCompiler.ON_ONE_LINE);
        command.addAll(List.of("-o", made.toString(), source.toString()));
        run(command);
        return made;
    }

    @Test
    void onlyWhatDiffersInNothingButItsLinesIsConfirmed() throws IOException {
        Preprocessed sources = new Preprocessed(onOneLine("before", ORIGINAL), onOneLine("after", PATCHED));

        ConfirmLines lines = ConfirmLines.of(Map.of("m.o", sources), new Gcc(), SpecialSections.process());

        assertThat(List.of("reports", "calls", "limited", "both", "gone"))
                .filteredOn(name -> lines.confirms(new Finding("m.o", name, "")))
                .containsExactly("reports", "calls");
        assertThat(lines.confirms(new Finding("other.o", "reports", ""))).isFalse();
    }

    @Test
    void nothingIsConfirmedOfWhatNobodyCompiles() throws IOException {
        Preprocessed sources = new Preprocessed(onOneLine("before", ORIGINAL), onOneLine("after", PATCHED));

        assertThat(ConfirmLines.of(Map.of("m.o", sources), AskCompiler.NOBODY, SpecialSections.process())
                        .confirms(new Finding("m.o", "reports", "")))
                .isFalse();
    }
}
