package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.LivePatchException;
import dev.suture.link.LinkResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Builds that name the source, or what is beside it, by whole paths: they find the copy, and write nothing else. */
class AbsolutePathsTest {
    private static final String MAIN = """
            #include <stdio.h>
            int work(int n);
            int main(void) { for (int i = 0; i < 4; i++) printf("%d\\n", work(i)); return 0; }
            """;
    private static final String WORK = """
            #include "limit.h"
            int work(int n) { return n * n % 7 + n + LIMIT; }
            """;
    private static final String MAKEFILE = """
            program: main.o work.o
            \tgcc -Wl,--build-id -o $(AT)/$@ $(AT)/main.o $(AT)/work.o
            %.o: $(AT)/%.c
            \tgcc -O2 -g -I$(AT)/include -MMD -MF $(AT)/$*.d -c -o $(AT)/$@ $<
            """;
    private static final String CMAKE_LISTS = """
            cmake_minimum_required(VERSION 3.13)
            project(program C)
            add_library(work STATIC work.c)
            target_include_directories(work PRIVATE include)
            add_executable(program main.c)
            target_link_libraries(program work)
            target_link_options(program PRIVATE -Wl,--build-id)
            """;

    @TempDir
    private Path directory;

    private Path source;

    @BeforeEach
    void mountsAreAllowed() throws IOException, InterruptedException {
        source = directory.toRealPath().resolve("source");
        boolean mounts = Stream.of("unshare -m true", "unshare -Urm true").anyMatch(AbsolutePathsTest::succeeds);
        assumeTrue(mounts, "needs mount namespaces");
    }

    private static boolean succeeds(String command) {
        try {
            return new ProcessBuilder("sh", "-c", command)
                            .redirectErrorStream(true)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException | InterruptedException e) {
            return false;
        }
    }

    /** @param command uses {@code $AT}: the source itself, wherever suture runs the command */
    private PatchedProgram program(String command, String binary) {
        String at = "case $PWD in */running | */patched) AT=$PWD ;; *) AT=%s ;; esac; export AT; ".formatted(source);
        return new PatchedProgram(directory, at + command, binary)
                .file("Makefile", MAKEFILE)
                .file("CMakeLists.txt", CMAKE_LISTS)
                .file("main.c", MAIN)
                .file("include/limit.h", "#define LIMIT 1\n")
                .file("work.c", WORK);
    }

    private void takesEffect(PatchedProgram program, String binary) throws IOException {
        CreateReport report = program.assertTakesEffect(binary);

        assertThat(report.functions()).extracting(LinkResult.Function::name).containsExactly("work");
        nothingIsWritten();
    }

    private void nothingIsWritten() throws IOException {
        try (Stream<Path> files = Files.walk(source)) {
            assertThat(files.map(file -> source.relativize(file).toString()))
                    .noneMatch(file -> file.matches(".*(\\.[oda]|program|CMakeCache.txt)"));
        }
    }

    private PatchedProgram changed(PatchedProgram program) {
        return program.file("work.c", WORK, "% 7", "% 5");
    }

    @Test
    void aMakefileCompilesByWholePaths() throws IOException {
        takesEffect(changed(program("make", "program")), "program");
    }

    @Test
    void aHeaderIsIncludedByAWholePath() throws IOException {
        takesEffect(program("make", "program").file("include/limit.h", "#define LIMIT 1\n", "1", "100"), "program");
    }

    @Test
    void makeGoesToAWholePath() throws IOException {
        takesEffect(changed(program("cd / && make -C $AT AT=.", "program")), "program");
    }

    @Test
    void aLinkLeadsToTheSource() throws IOException {
        Path link = Files.createSymbolicLink(directory.toRealPath().resolve("link"), source);
        takesEffect(
                changed(program("if [ $AT = %s ]; then AT=%s; fi; make".formatted(source, link), "program")),
                "program");
    }

    @Test
    void cmakeHasAWholePath() throws IOException {
        assumeTrue(succeeds("cmake --version"), "needs cmake");
        String command = "cmake -S $AT -B $AT/build -DCMAKE_BUILD_TYPE=RelWithDebInfo && cmake --build $AT/build";
        takesEffect(changed(program(command, "build/program")), "build/program");
    }

    @Test
    void aBuildDirectoryIsOutsideOfTheSource() throws IOException {
        assumeTrue(succeeds("cmake --version"), "needs cmake");
        Path build = Files.createDirectories(directory.resolve("build"));
        Files.writeString(build.resolve("CMakeCache.txt"), "of an earlier build\n");
        String command = "B=%s; if [ $AT != %s ]; then B=$AT/build; fi; ".formatted(build, source)
                + "cmake -S $AT -B $B -DCMAKE_BUILD_TYPE=RelWithDebInfo && cmake --build $B";
        takesEffect(changed(program(command, "build/program")), "build/program");

        try (Stream<Path> files = Files.list(build)) {
            assertThat(files).containsExactly(build.resolve("CMakeCache.txt"));
        }
        assertThat(build.resolve("CMakeCache.txt")).hasContent("of an earlier build");
    }

    @Test
    void aMakefileWasConfiguredInTheSource() throws IOException {
        String configured = """
                VPATH = %s
                program: main.o work.o
                \tgcc -Wl,--build-id -o $@ main.o work.o
                %%.o: %%.c
                \tgcc -O2 -g -I$(VPATH)/include -c -o $@ $<
                """;
        PatchedProgram program =
                changed(program("make -C obj", "obj/program")).file("obj/Makefile", configured.formatted(".."));
        for (String version : new String[] {"source", "patched"}) {
            // The patch has none of it.
            Files.writeString(directory.resolve(version).resolve("obj/Makefile"), configured.formatted(source));
        }
        program.create();
        Files.writeString(directory.resolve("patched/obj/Makefile"), configured.formatted(".."));
        takesEffect(program, "obj/program");
    }

    @Test
    void aWrapperKeepsObjectsElsewhere() throws IOException {
        Path kept = Files.createDirectories(directory.resolve("kept"));
        String wrapper = """
                #!/bin/sh
                # Compiles what it has not compiled before.
                for word; do case $last in -o) to=$word ;; esac; last=$word; done
                key=%s/$(echo "$@" | cksum | tr ' ' -)$(cat *.c include/*.h | cksum | tr ' ' -)
                case " $* " in *" -c "*) ;; *) exec "$@" ;; esac
                [ -f $key ] || { "$@" && cp $to $key; } || exit 1
                cp $key $to
                """.formatted(kept);
        String makefile = MAKEFILE.replace("\tgcc", "\t$(AT)/wrap gcc").replace("$(AT)", ".");
        takesEffect(
                changed(program("chmod +x wrap && make", "program"))
                        .file("Makefile", makefile)
                        .file("wrap", wrapper),
                "program");
    }

    @Test
    void aTreeThatWasConfiguredForAnotherOneSaysSo() throws IOException {
        Path other = Files.createDirectories(directory.toRealPath().resolve("other"));
        PatchedProgram program = changed(program("make", "program"))
                .file("Makefile", MAKEFILE.replace("$(AT)/%.c", other + "/%.c").replace("$(AT)/", ""));
        Files.writeString(other.resolve("main.c"), MAIN);
        Files.writeString(other.resolve("work.c"), WORK);

        assertThatThrownBy(program::create)
                .isInstanceOf(LivePatchException.class)
                .hasMessageContaining("compiles %s".formatted(other));
    }

    @Test
    void aBuildThatWritesElsewhereIsStopped() throws IOException {
        Path precious = directory.resolve("precious");
        Files.writeString(precious, "kept");
        PatchedProgram program = changed(program("make", "program"));
        program.create();

        // What is beside the source is copied, and the copy is written; with other contents it is copied anew.
        for (String contents : List.of("kept", "kept", "other")) {
            Files.writeString(precious, contents);
            CreateReport report = program.create(
                    "AT=. make && echo gone >%s".formatted(precious),
                    directory.resolve("running/program"),
                    Optional.empty());

            assertThat(report.refusals()).isEmpty();
            assertThat(precious).hasContent(contents);
        }
    }

    @Test
    void anObjectThatIsTakenFromElsewhereIsNoCacheOfTheBuild() throws IOException {
        Path vendor = Files.createDirectories(directory.resolve("vendor"));
        Files.writeString(vendor.resolve("v.c"), "int vendor(int n) { return 3 * n; }\n");
        PatchedProgram.run(List.of("gcc", "-c", "v.c"), vendor, Map.of(), 0);
        String makefile = """
                program: main.o work.o v.o
                \tgcc -Wl,--build-id -o $@ main.o work.o v.o
                v.o:
                \tcp %s/v.o v.o
                %%.o: %%.c
                \tgcc -O2 -g -Iinclude -c -o $@ $<
                """.formatted(vendor);

        new PatchedProgram(directory, "make", "program")
                .file("Makefile", makefile)
                .file("main.c", MAIN)
                .file("include/limit.h", "#define LIMIT 1\n")
                .file("work.c", WORK.replace("n * n", "vendor(n) * n"), "% 7", "% 5")
                .assertTakesEffect("program");
    }

    @Test
    void aDirectoryWithTheSameContentsIsBuiltAtItsOwnPlace() throws IOException {
        Path first = Files.createDirectories(directory.resolve("first"));
        Path second = Files.createDirectories(directory.resolve("second"));
        Files.createDirectories(first.resolve("cache"));
        Files.createSymbolicLink(second.resolve("cache"), first.resolve("cache"));
        for (Path each : List.of(first, second)) {
            new PatchedProgram(each, "make AT=.", "program")
                    .file("Makefile", MAKEFILE)
                    .file("main.c", MAIN)
                    .file("include/limit.h", "#define LIMIT 1\n")
                    .file("work.c", WORK, "% 7", "% 5")
                    .assertTakesEffect("program");
            PatchedProgram.run(List.of("rm", "-r", each.resolve("source").toString()), directory, Map.of(), 0);
        }
    }
}
