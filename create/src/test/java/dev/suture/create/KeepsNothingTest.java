package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.diff.Change;
import dev.suture.image.Image;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whether a function keeps what it is given is told by its code in the linked program. */
class KeepsNothingTest {
    private static final int RDI = 1 << 7;
    private static final int RSI = 1 << 6;

    private static final String PROGRAM = """
            const char *kept; long total; void (*hook)(const char *);
            void *copies(char *to, const char *from, long n)
            { void *at = to; __asm__ volatile ("rep movsb" : "+D" (to), "+S" (from), "+c" (n) :: "memory"); return at; }
            unsigned long counts(const char *s) { unsigned long n = 0; while (s[n]) n++; return n; }
            void keeps(const char *s) { if (*s) kept = s; }
            long passes(const char *s) { total = counts(s); return total; }
            void passesOn(const char *s) { total = 3; keeps(s); total = 4; }
            void asks(const char *s) { hook(s); total = 1; }
            const char *finds(const char *s) { while (*s != 7) s++; return s; }
            void lists(const char *f, ...)
            { __builtin_va_list a; __builtin_va_start(a, f); kept = __builtin_va_arg(a, const char *); __builtin_va_end(a); }
            void _start(void) { for (;;); }
            """;

    @TempDir
    private Path directory;

    private Map<String, Integer> found() throws IOException, InterruptedException {
        Path source = Files.writeString(directory.resolve("p.c"), PROGRAM);
        Path program = directory.resolve("p");
        int exit = new ProcessBuilder(
                        "gcc",
                        "-O2",
                        "-fno-builtin",
                        "-fno-ipa-ra",
                        "-fno-inline",
                        "-nostdlib",
                        "-static",
                        "-Wl,--build-id",
                        "-o",
                        program.toString(),
                        source.toString())
                .inheritIO()
                .start()
                .waitFor();
        assertThat(exit).isZero();
        String users = "void *copies(char *, const char *, long); long counts(const char *), passes(const char *);"
                + " void keeps(const char *), passesOn(const char *), asks(const char *), lists(const char *, ...);"
                + " const char *finds(const char *); static const char table[] = \"ab%s\";"
                + " long f(char *to, int i) { copies(to, table, 4); keeps(to); passesOn(to); asks(to); lists(to, to);"
                + " return counts(to) + passes(to) + *finds(to) + table[i]; }";
        Change change = Change.of(users.formatted("c"), users.formatted("d"));
        return KeepsNothing.of(
                Image.openProgram(program, Optional.empty()), change.select().objects());
    }

    @Test
    void onlyWhatItsCodeDoesCounts() throws IOException, InterruptedException {
        Map<String, Integer> found = found();

        assertThat(found.get("counts") & RDI).isEqualTo(RDI);
        assertThat(found.get("passes") & RDI).isEqualTo(RDI);
        assertThat(found.get("copies") & (RSI | RDI)).isEqualTo(RSI);
        for (String function : new String[] {"keeps", "passesOn", "asks", "finds"}) {
            assertThat(found.getOrDefault(function, 0) & RDI).as(function).isZero();
        }
        assertThat(found.getOrDefault("lists", 0) & RSI).isZero();
    }
}
