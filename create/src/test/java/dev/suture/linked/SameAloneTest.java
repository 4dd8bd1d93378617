package dev.suture.linked;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.build.AskCompiler;
import dev.suture.build.AskCompiler.Preprocessed;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.SplitObject;
import dev.suture.elf.ElfFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** After each of these patches the compiler inlines {@code h} into {@code f}, since {@code g} no longer uses it. */
class SameAloneTest {
    private static final String ORIGINAL = """
            static int h(int x)
            {
                int sum = 1;
                for (int i = 0; i < x; i++)
                    sum = sum * 31 + (i ^ x) % 7 - (sum >> 3);
                for (int i = x; i > 0; i -= 2)
                    sum = sum * 17 - (i | x) % 5 + (sum >> 5);
                return sum;
            }
            int __attribute__((noinline)) f(int x) { return h(x) + 1; }
            int __attribute__((noinline)) g(int x) { return h(x) * 3 + 4; }
            """;
    private static final String PATCHED = ORIGINAL.replace("h(x) * 3 + 4", "x * 54321");

    @TempDir
    private Path directory;

    private final class Gcc implements AskCompiler {
        @Override
        public Map<String, Preprocessed> preprocess(List<String> objects, Set<String> alsoOnOneLine) {
            return Map.of();
        }

        @Override
        public Optional<Path> compile(String object, Path preprocessed, List<String> options) {
            Path made = directory.resolve("asked.o");
            List<String> command = new ArrayList<>(
                    List.of("gcc", "-O2", "-ffunction-sections", "-fdata-sections", "-c", "-o", made.toString()));
            command.addAll(options);
            command.add(preprocessed.toString());
            try {
                Process process =
                        new ProcessBuilder(command).redirectErrorStream(true).start();
                String said = new String(process.getInputStream().readAllBytes());
                assertThat(process.waitFor()).as(said).isZero();
                return Optional.of(made);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void close() {}
    }

    private boolean proves(String original, String patched, String function) throws IOException {
        Path before = Files.writeString(directory.resolve("before.i"), original);
        Path after = Files.writeString(directory.resolve("after.i"), patched);
        Gcc gcc = new Gcc();
        ObjectPieces one = pieces(gcc, before, "one.o");
        ObjectPieces other = pieces(gcc, after, "other.o");
        Set<Integer> replaced = Set.of(one.named("g").orElseThrow().index());
        Set<Integer> inPayload = Set.of(other.named("g").orElseThrow().index());
        return new SameAlone(gcc, SpecialSections.process())
                .proves(
                        new SameAlone.Question(one, other, function, inPayload, replaced::contains),
                        Optional.of(new SameAlone.Source(before, after, after)));
    }

    private ObjectPieces pieces(Gcc gcc, Path source, String name) throws IOException {
        Path made = gcc.compile("m.o", source, List.of()).orElseThrow();
        Path kept = Files.move(made, directory.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        return SplitObject.split("m.o", ElfFile.read(kept), SpecialSections.process());
    }

    @Test
    void aFunctionOfWhichOnlyTheInliningChangedIsTheSame() throws IOException {
        assertThat(proves(ORIGINAL, PATCHED, "f")).isTrue();
        assertThat(proves(ORIGINAL, PATCHED, "g")).isFalse();
    }

    @Test
    void oneWhoseInlinedCalleeChangesIsNot() throws IOException {
        assertThat(proves(ORIGINAL, PATCHED.replace("sum * 31", "sum * 33"), "f"))
                .isFalse();
    }

    @Test
    void oneThatSharesAStaticVariableWithChangedCodeIsNot() throws IOException {
        String state = "static int offset = 5;\n" + ORIGINAL.replace("h(x) + 1", "h(x) + offset");
        String patched = state.replace("return h(x) * 3 + 4;", "offset = x; return x * 54321;");

        assertThat(proves(state, patched, "f")).isFalse();
    }

    @Test
    void oneThatUsesAChangedConstantIsNot() throws IOException {
        String table = "static const int table[] = {1, 2, 3};\n" + ORIGINAL.replace("h(x) + 1", "h(x) + table[x & 1]");
        String patched = table.replace("h(x) * 3 + 4", "x * 54321");

        assertThat(proves(table, patched, "f")).isTrue();
        assertThat(proves(table, patched.replace("{1, 2, 3}", "{1, 5, 3}"), "f"))
                .isFalse();
    }

    @Test
    void aStaticOneThatChangedCodeCallsIsNot() throws IOException {
        String statics = ORIGINAL.replace("int __attribute__((noinline)) f", "static int __attribute__((noinline)) f")
                + "int k(int x) { return f(x) + f(x + 1); }\n";
        String patched = statics.replace("return h(x) * 3 + 4;", "return f(x) * 54321;")
                .replace("int __attribute__((noinline)) g", "int __attribute__((noinline)) g");

        assertThat(proves(statics, patched, "f")).isFalse();
    }

    @Test
    void oneThatAsksTheCompilerWhatItKnowsIsNot() throws IOException {
        String asks = ORIGINAL.replace("sum >> 5);", "sum >> 5);\n if (__builtin_constant_p(x)) sum++;");
        String patched = asks.replace("h(x) * 3 + 4", "x * 54321");

        assertThat(proves(asks, patched, "f")).isFalse();
    }

    @Test
    void thatOthersAskItIsNoReason() throws IOException {
        String other = "static inline __attribute__((always_inline, nonnull(1))) unsigned long room(char *p)"
                + " { return __builtin_object_size(p, 0); }\n"
                + "unsigned long asks(char *p) { return room(p); }\n";

        assertThat(proves(other + ORIGINAL, other + PATCHED, "f")).isTrue();
        assertThat(proves(
                        other + ORIGINAL.replace("h(x) + 1", "h(x) + 1 + (int) room((char *) 0)"),
                        other + PATCHED.replace("h(x) + 1", "h(x) + 1 + (int) room((char *) 0)"),
                        "f"))
                .isFalse();
    }
}
