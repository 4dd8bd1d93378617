package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Refusal;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs as compilers and linkers make them of two sources with all that linkers fill in and rewrite. */
class CompareWithBinaryTest {
    private static final String ONE = """
            #include <stdio.h>
            #include <stdlib.h>
            #include <errno.h>
            extern int shared_count;
            extern __thread int per_thread;
            extern const char *const names[];
            extern int there(int), chosen(int);
            extern int hook(int) __attribute__((weak));
            extern int set_value __attribute__((weak));
            static __thread int own, other;
            static int calls;
            static double scale = 1.5;
            static int one(int x) { return x + calls; }
            static int two(int x) { return x - calls; }
            static int (*const table[])(int) = { one, two };
            int (*pointer)(int) = there;
            __attribute__((noinline)) static int helper(int x) { return x * 3 + calls; }
            int threads(int x) { own += x; other = own + per_thread; return other; }
            int calls_out(int x) { calls++; printf("%d %s\\n", x, names[x & 1]); return there(x) + helper(x) + chosen(x); }
            int weak(int x) { return hook ? hook(x) : &set_value ? 7 : x; }
            int through(int x) { return table[x & 1](x) + pointer(x) + (stdout == stderr); }
            int doubles(int x) { return (int) (x * scale * 2.25); }
            int file(int x) { if (x) { puts(__FILE__); abort(); } return errno; }
            int jumps(int x)
            {
                switch (x) {
                case 0: return there(3); case 1: return helper(4); case 2: return 5; case 3: return chosen(7);
                case 4: return calls; case 5: return shared_count; case 6: return 9; case 7: return threads(1);
                default: return -1;
                }
            }
            int strings(int x) { return x > 3 ? puts("more than three") : puts("three"); }
            """;
    private static final String TWO = """
            int shared_count = 3;
            __thread int per_thread = 4;
            const char *const names[] = { "even", "odd" };
            int there(int x) { return x + shared_count; }
            static int fast(int x) { return x + 1; }
            static int (*resolve(void))(int) { return fast; }
            int chosen(int) __attribute__((ifunc("resolve")));
            int calls_out(int), weak(int), through(int), doubles(int), file(int), jumps(int), strings(int), threads(int);
            int main(int argc, char **argv)
            {
                return calls_out(argc) + weak(argc) + through(argc) + doubles(argc) + file(0) + jumps(argc) + strings(argc);
            }
            """;

    @TempDir
    private Path directory;

    private Image link(String compile, String link) throws IOException {
        Files.writeString(directory.resolve("one.c"), ONE);
        Files.writeString(directory.resolve("two.c"), TWO);
        String command =
                "for f in one two; do gcc -O2 -g %s -c $PWD/$f.c -o $f.o || exit 1; done; gcc %s one.o two.o -Wl,--build-id -o prog"
                        .formatted(compile, link);
        PatchedProgram.run(List.of("sh", "-c", command), directory, Map.of(), 0);
        return Image.openProgram(directory.resolve("prog"), Optional.empty());
    }

    private List<Refusal> differences(Image image) {
        return Stream.of("one.o", "two.o")
                .flatMap(name ->
                        CompareWithBinary.everyFunction(
                                directory.resolve(name), image, new CopiedPaths(directory), directory)
                                .stream())
                .toList();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-fPIE|-pie",
                "-fno-pie|-no-pie",
                "-fPIC|-shared -Wl,-z,lazy",
                "-fPIC|-shared -Wl,-Bsymbolic",
                "-fPIC -fno-plt|-pie",
                "-fPIC -fno-plt|-shared",
                "-fno-pie|-static",
                "-fPIE|-static-pie",
                "-fPIC|-no-pie",
                "-fPIE -fvisibility=hidden|-pie",
                "-fPIE -fcf-protection=none|-pie -Wl,-z,now",
                "-fPIE -ffunction-sections -fdata-sections|-pie -Wl,--gc-sections",
                "-fPIC -mtls-dialect=gnu2|-shared",
                "-fno-pie -mcmodel=large|-no-pie"
            })
    void whatWasBuiltFromTheSourceIsFoundThere(String flags) throws IOException {
        String[] both = flags.split("\\|");

        assertThat(differences(link(both[0], both[1])))
                .extracting(Refusal::text)
                .isEmpty();
    }

    /** A byte of a function that is another one is a difference, wherever it is. */
    @Test
    void noByteOfAFunctionMayDiffer() throws IOException {
        link("-fPIE", "-pie");
        Path program = directory.resolve("prog");
        byte[] bytes = Files.readAllBytes(program);
        List<Long> places = placesInFunctions(ElfFile.read(program));
        Random random = new Random(5);
        for (int i = 0; i < 60; i++) {
            int place = Math.toIntExact(places.get(random.nextInt(places.size())));
            byte[] changed = bytes.clone();
            changed[place] ^= (byte) (1 << random.nextInt(8));
            Files.write(program, changed);
            List<Refusal> found = differences(Image.openProgram(program, Optional.empty()));
            assertThat(found).as("byte 0x%x of the file", place).isNotEmpty();
        }
    }

    /** {@return the offsets in the file of all bytes of the functions that the two sources have} */
    private static List<Long> placesInFunctions(ElfFile program) {
        List<String> names = List.of(
                "calls_out", "weak", "through", "doubles", "file", "jumps", "strings", "threads", "there", "main");
        List<Long> places = new ArrayList<>();
        for (Symbol symbol : program.symbols()) {
            if (names.contains(symbol.name()) && symbol.isFunction()) {
                Section section = program.sections().get(symbol.sectionIndex());
                long first = symbol.value() - section.address() + section.fileOffset();
                for (long at = 0; at < symbol.sizeBytes(); at++) {
                    places.add(first + at);
                }
            }
        }
        return places;
    }

    @Test
    void theNameOfTheSameSourceInAnotherDirectoryIsTheSame() throws IOException {
        Image image = link("-fPIE -fmacro-prefix-map=$PWD=/elsewhere/source", "-pie");
        PatchedProgram.run(List.of("sh", "-c", "gcc -O2 -g -fPIE -c $PWD/one.c -o one.o"), directory, Map.of(), 0);

        assertThat(differences(image)).isEmpty();
    }

    @Test
    void theNameOfAnotherSourceIsNot() throws IOException {
        Image image = link("-fPIE -fmacro-prefix-map=$PWD/one.c=/elsewhere/source/uno.c", "-pie");
        PatchedProgram.run(List.of("sh", "-c", "gcc -O2 -g -fPIE -c $PWD/one.c -o one.o"), directory, Map.of(), 0);

        assertThat(differences(image)).extracting(Refusal::symbol).containsExactly("file");
    }
}
