package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Refusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sources that reach outside of their directory, or hold one file under two names. */
class LinkedSourcesTest {
    private static final String MAIN = """
            #include <stdio.h>
            int extra(int x);
            int main(void) { printf("%d\\n", extra(1)); return 0; }
            """;
    private static final String EXTRA = """
            int extra(int x) { return x + 1000; }
            """;

    @TempDir
    Path directory;

    private PatchedProgram program(String compiled) {
        String command =
                "gcc -O2 -g -c -o main.o main.c && gcc -O2 -g -c -o %s.o %s.c && gcc -Wl,--build-id -o prog main.o %s.o"
                        .formatted(compiled, compiled, compiled);
        return new PatchedProgram(directory, command, "prog").file("main.c", MAIN);
    }

    // In the source alone: the program that runs is built from a plain directory.
    private Path moveOut(String name, Path to) throws IOException {
        Path inSource = directory.resolve("source").resolve(name);
        Files.move(inSource, to);
        Files.createSymbolicLink(inSource, inSource.getParent().relativize(to));
        return to;
    }

    @Test
    void aDirectoryOutsideOfTheSourceIsPatchedInACopyOnly() throws IOException {
        PatchedProgram program = program("sub/extra").file("sub/extra.c", EXTRA, "1000", "2000");
        Path outside = moveOut("sub", directory.resolve("outside"));
        CreateReport report = program.create();
        assertThat(report.refusals()).extracting(Refusal::text).isEmpty();
        assertThat(outside.toFile().list()).containsExactly("extra.c");
        assertThat(outside.resolve("extra.c")).hasContent(EXTRA);
    }

    @Test
    void aFileOutsideOfTheSourceIsPatchedInACopyOnly() throws IOException {
        PatchedProgram program = program("sub/extra").file("sub/extra.c", EXTRA, "1000", "2000");
        Path outside = Files.createDirectory(directory.resolve("outside"));
        moveOut("sub/extra.c", outside.resolve("extra.c"));
        CreateReport report = program.create();
        assertThat(report.refusals()).extracting(Refusal::text).isEmpty();
        assertThat(outside.resolve("extra.c")).hasContent(EXTRA);
    }

    @Test
    void aFileWithTwoNamesIsPatchedUnderBoth() throws IOException {
        PatchedProgram program = program("real/extra").file("sub/extra.c", EXTRA, "1000", "2000");
        program.file("real/keep", "");
        for (String tree : new String[] {"running", "patched"}) {
            Files.copy(
                    directory.resolve(tree).resolve("sub/extra.c"),
                    directory.resolve(tree).resolve("real/extra.c"));
        }
        moveOut("sub/extra.c", directory.resolve("source/real/extra.c"));
        Path patch = directory.resolve("change.patch");
        Files.writeString(patch, """
                --- a/sub/extra.c
                +++ b/sub/extra.c
                @@ -1 +1 @@
                -int extra(int x) { return x + 1000; }
                +int extra(int x) { return x + 2000; }
                """);
        PatchedProgram.run(
                java.util.List.of(
                        "sh",
                        "-c",
                        "gcc -O2 -g -c -o main.o main.c && gcc -O2 -g -c -o real/extra.o real/extra.c && gcc -Wl,--build-id -o prog main.o real/extra.o"),
                directory.resolve("running"),
                java.util.Map.of(),
                0);
        CreateReport report = program.create();
        assertThat(report.refusals()).extracting(Refusal::text).isEmpty();
        Path copy;
        try (var copies = Files.list(directory.resolve("cache/process"))) {
            copy = copies.filter(Files::isDirectory).findFirst().orElseThrow();
        }
        assertThat(copy.resolve("tree/real/extra.c")).hasContent(EXTRA);
        assertThat(copy.resolve("tree/sub/extra.c")).hasContent(EXTRA);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(copy)))
                .isEqualTo("rwx------");
    }

    @Test
    void aSourceThatMayOnlyBeReadIsPatchedInTheCopy() throws IOException {
        PatchedProgram program = program("extra").file("extra.c", EXTRA, "1000", "2000");
        Files.setPosixFilePermissions(
                directory.resolve("source/extra.c"), PosixFilePermissions.fromString("r--------"));
        assertThat(program.create().refusals()).extracting(Refusal::text).isEmpty();
    }
}
