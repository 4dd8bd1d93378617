package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.elf.ElfFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KnownImportsTest {
    private static final String PROGRAM = """
            int puts(const char *);
            void abort(void);
            void __assert_fail(const char *, const char *, unsigned, const char *);
            void *signal(int, void *);
            int main(int n, char **a)
            {
                char kept[100];
                for (int i = 0; i < n; i++)
                    kept[i] = *a[i];
                if (n > 3)
                    __assert_fail(kept, "m.c", 1, "main");
                if (n > 2)
                    abort();
                signal(n, kept);
                return puts(kept);
            }
            """;

    @TempDir
    private Path directory;

    private Set<String> known(String... libraries) throws IOException {
        Files.writeString(directory.resolve("m.c"), PROGRAM);
        String command = "gcc -O2 -fstack-protector-all -o prog m.c " + String.join(" ", libraries);
        PatchedProgram.run(List.of("sh", "-c", command), directory, Map.of(), 0);
        return KnownImports.keepNothing(ElfFile.read(directory.resolve("prog")));
    }

    @Test
    void whatTheCLibraryIsKnownToForgetIsKnown() throws IOException {
        assertThat(known()).containsExactlyInAnyOrder("puts", "abort", "__assert_fail", "__stack_chk_fail");
    }

    @Test
    void functionsOfThatNameThatAreAnothersAreNot() throws IOException {
        Files.writeString(
                directory.resolve("x.c"),
                "const char *kept; int puts(const char *s) { kept = s; return 0; } void abort(void) {}");
        PatchedProgram.run(List.of("gcc", "-shared", "-fPIC", "-o", "libx.so", "x.c"), directory, Map.of(), 0);

        assertThat(known("./libx.so")).containsExactlyInAnyOrder("__assert_fail", "__stack_chk_fail");
    }
}
