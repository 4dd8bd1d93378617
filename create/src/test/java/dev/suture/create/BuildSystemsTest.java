package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.LivePatchException;
import dev.suture.link.LinkResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One small project in C and C++, with a static and a shared library, built by each of the build systems that people use:
 * a patch of each part takes effect in the program that runs.
 */
class BuildSystemsTest {
    private static final String MAIN = """
            #include <cstdio>
            #include <stdexcept>
            #include <vector>
            extern "C" int scale(int n);
            extern "C" const char *name(int n);
            struct Shape { virtual int area(int n) = 0; virtual ~Shape() {} };
            struct Square : Shape { __attribute__((noinline)) int area(int n) override { if (n == 3) throw std::runtime_error("three"); return n * n; } };
            int main()
            {
                Square square;
                Shape *shape = &square;
                for (int i = 0; i < 5; i++) {
                    try {
                        printf("%d %s\\n", scale(shape->area(i)), name(i));
                    } catch (const std::exception &e) {
                        printf("%s\\n", e.what());
                    }
                }
                return 0;
            }
            """;
    private static final String SCALE = """
            #include <stdlib.h>
            static int calls;
            int scale(int n) { calls++; return abs(n) * FACTOR + calls; }
            """;
    private static final String NAME = """
            #include <stdio.h>
            const char *name(int n)
            {
                static char text[32];
                snprintf(text, sizeof text, "number %d", n);
                return text;
            }
            """;

    private static final String MAKEFILE = """
            CC = gcc
            CXX = g++
            app: main.o libscale.a libname.so
            \t$(CXX) -o $@ main.o -L. -lscale -lname -Wl,-rpath,'$$ORIGIN' -Wl,--build-id
            libscale.a: scale.o
            \tar rcs $@ scale.o
            libname.so: name.c
            \t$(CC) -O2 -fPIC -shared -Wl,--build-id -o $@ name.c
            scale.o: scale.c
            \t$(CC) -O2 -DFACTOR=3 -c scale.c
            main.o: main.cc
            \t$(CXX) -O2 -c main.cc
            """;
    private static final String CMAKE_LISTS = """
            cmake_minimum_required(VERSION 3.13)
            project(app C CXX)
            add_library(scale STATIC scale.c)
            target_compile_definitions(scale PRIVATE FACTOR=3)
            add_library(name SHARED name.c)
            add_executable(app main.cc)
            target_link_libraries(app scale name)
            target_link_options(app PRIVATE -Wl,--build-id)
            target_link_options(name PRIVATE -Wl,--build-id)
            """;
    private static final String CMAKE =
            "cmake -S . -B build -DCMAKE_BUILD_TYPE=RelWithDebInfo %s && cmake --build build";
    private static final String MESON_BUILD = """
            project('app', 'c', 'cpp', default_options: ['buildtype=debugoptimized', 'b_ndebug=true'])
            scale = static_library('scale', 'scale.c', c_args: '-DFACTOR=3')
            name = shared_library('name', 'name.c', link_args: '-Wl,--build-id')
            executable('app', 'main.cc', link_with: [scale, name], link_args: '-Wl,--build-id')
            """;
    private static final String MESON = "%s meson setup build && ninja -C build";
    private static final String CONFIGURE_AC = """
            AC_INIT([app], [1])
            AM_INIT_AUTOMAKE([foreign])
            AC_PROG_CC
            AC_PROG_CXX
            AM_PROG_AR
            LT_INIT
            AC_CONFIG_FILES([Makefile])
            AC_OUTPUT
            """;
    private static final String MAKEFILE_AM = """
            noinst_LTLIBRARIES = libscale.la
            libscale_la_SOURCES = scale.c
            libscale_la_CPPFLAGS = -DFACTOR=3
            lib_LTLIBRARIES = libname.la
            libname_la_SOURCES = name.c
            libname_la_LDFLAGS = -Wl,--build-id
            bin_PROGRAMS = app
            app_SOURCES = main.cc
            app_LDADD = libscale.la libname.la
            app_LDFLAGS = -Wl,--build-id
            """;
    private static final String AUTOTOOLS = "autoreconf -i && ./configure && make LDFLAGS=-Wl,-rpath,$PWD/.libs";

    @TempDir
    private Path directory;

    private static void needs(String... programs) {
        for (String program : programs) {
            boolean there = Stream.of(System.getenv("PATH").split(":"))
                    .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
            assumeTrue(there, "needs " + program);
        }
    }

    private PatchedProgram project(String command, String binary, String buildFile, String rules) {
        return new PatchedProgram(directory, command, binary)
                .file(buildFile, rules)
                .file("scale.c", SCALE)
                .file("name.c", NAME)
                .file("main.cc", MAIN);
    }

    private void scaleTakesEffect(String command, String binary, String program, String buildFile, String rules) {
        CreateReport report = project(command, binary, buildFile, rules)
                .file("scale.c", SCALE, "abs(n) * FACTOR", "abs(n + 1) * FACTOR * 2")
                .assertTakesEffect(program);

        assertThat(report.functions()).extracting(LinkResult.Function::name).containsExactly("scale");
    }

    private void nameTakesEffect(String command, String binary, String program, String buildFile, String rules) {
        CreateReport report = project(command, binary, buildFile, rules)
                .file("name.c", NAME, "\"number %d\", n", "\"the number %d\", n + 1")
                .assertTakesEffect(program);

        assertThat(report.functions()).extracting(LinkResult.Function::name).containsExactly("name");
    }

    private void areaTakesEffect(String command, String binary, String program, String buildFile, String rules) {
        CreateReport report = project(command, binary, buildFile, rules)
                .file(
                        "main.cc",
                        MAIN,
                        "n == 3) throw std::runtime_error(\"three\")",
                        "n > 2) throw std::out_of_range(\"many\")")
                .assertTakesEffect(program);

        assertThat(report.functions()).extracting(LinkResult.Function::name).contains("_ZN6Square4areaEi");
    }

    @ParameterizedTest
    @ValueSource(strings = {"make", "make CC=/usr/bin/gcc CXX=/usr/bin/g++", "env CC=/usr/bin/gcc make -e"})
    void make(String command) {
        needs("g++", "make");
        scaleTakesEffect(command, "app", "app", "Makefile", MAKEFILE);
    }

    @Test
    void makeWithASharedLibrary() {
        needs("g++", "make");
        nameTakesEffect("make CC=/usr/bin/gcc", "libname.so", "app", "Makefile", MAKEFILE);
    }

    @Test
    void makeWithCxx() {
        needs("g++", "make");
        areaTakesEffect("make CXX=/usr/bin/g++", "app", "app", "Makefile", MAKEFILE);
    }

    @Test
    void makeWithAnArchiverThatIsNotRecorded() {
        needs("g++", "make");
        scaleTakesEffect("make", "app", "app", "Makefile", MAKEFILE.replace("\tar ", "\t/usr/bin/ar "));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "-G Ninja",
                "-DCMAKE_C_COMPILER=/usr/bin/gcc -DCMAKE_CXX_COMPILER=/usr/bin/g++",
                "-DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++",
                "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DCMAKE_C_COMPILER=/usr/bin/clang -DCMAKE_CXX_COMPILER=/usr/bin/clang++"
            })
    void cmake(String options) {
        needs("cmake", "g++");
        if (options.contains("Ninja")) {
            needs("ninja");
        }
        if (options.contains("clang")) {
            needs("clang", "clang++");
        }
        String command = CMAKE.formatted(options);
        scaleTakesEffect(command, "build/app", "build/app", "CMakeLists.txt", CMAKE_LISTS);
    }

    @Test
    void cmakeWithASharedLibrary() {
        needs("cmake", "g++");
        nameTakesEffect(CMAKE.formatted(""), "build/libname.so", "build/app", "CMakeLists.txt", CMAKE_LISTS);
    }

    @Test
    void cmakeWithCxx() {
        needs("cmake", "g++");
        areaTakesEffect(CMAKE.formatted(""), "build/app", "build/app", "CMakeLists.txt", CMAKE_LISTS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "CC=/usr/bin/gcc CXX=/usr/bin/g++", "CC=/usr/bin/clang CXX=/usr/bin/clang++"})
    void meson(String environment) {
        needs("meson", "ninja", "g++");
        if (environment.contains("clang")) {
            needs("clang", "clang++");
        }
        scaleTakesEffect(MESON.formatted(environment), "build/app", "build/app", "meson.build", MESON_BUILD);
    }

    @Test
    void mesonWithASharedLibrary() {
        needs("meson", "ninja", "g++");
        nameTakesEffect(MESON.formatted(""), "build/libname.so", "build/app", "meson.build", MESON_BUILD);
    }

    @Test
    void mesonWithCxx() {
        needs("meson", "ninja", "g++");
        areaTakesEffect(MESON.formatted(""), "build/app", "build/app", "meson.build", MESON_BUILD);
    }

    @Test
    @Tag("long")
    void autotoolsWithLibtool() {
        needs("autoreconf", "automake", "libtoolize", "make", "g++");
        CreateReport report = project(AUTOTOOLS, ".libs/libname.so.0.0.0", "Makefile.am", MAKEFILE_AM)
                .file("configure.ac", CONFIGURE_AC)
                .file("name.c", NAME, "\"number %d\", n", "\"the number %d\", n + 1")
                .assertTakesEffect(".libs/app");

        assertThat(report.functions()).extracting(LinkResult.Function::name).containsExactly("name");
    }

    @Test
    @Tag("long")
    void autotoolsWithAConvenienceLibrary() {
        needs("autoreconf", "automake", "libtoolize", "make", "g++");
        CreateReport report = project(AUTOTOOLS, ".libs/app", "Makefile.am", MAKEFILE_AM)
                .file("configure.ac", CONFIGURE_AC)
                .file("scale.c", SCALE, "abs(n) * FACTOR", "abs(n + 1) * FACTOR * 2")
                .assertTakesEffect(".libs/app");

        assertThat(report.functions()).extracting(LinkResult.Function::name).containsExactly("scale");
    }

    @Test
    void aBuildOfWhichNothingCanBeRecordedSaysWhatToDo() {
        needs("clang", "clang++", "make");
        PatchedProgram project = project(
                "make CC=/usr/bin/clang CXX=/usr/bin/clang++",
                "app",
                "Makefile",
                MAKEFILE.replace("libname.so", "name.o")
                        .replace("-lname", "name.o")
                        .replace("-shared -Wl,--build-id", "-c"));

        assertThatThrownBy(() -> project.file("scale.c", SCALE, "* FACTOR", "* FACTOR * 2")
                        .create())
                .isInstanceOf(LivePatchException.class)
                .hasMessageContaining("called no compiler that could be recorded, and made no compile_commands.json")
                .hasMessageContaining("-DCMAKE_EXPORT_COMPILE_COMMANDS=ON");
    }

    @Test
    void aDatabaseOfAnotherPlaceIsNotThisBuilds() {
        needs("g++", "make");
        CreateReport report = project("make", "app", "Makefile", MAKEFILE)
                .file("compile_commands.json", """
                        [{"directory": "/nowhere", "command": "cc -O0 -c scale.c -o scale.o", "file": "scale.c"}]
                        """)
                .file("scale.c", SCALE, "abs(n) * FACTOR", "abs(n + 1) * FACTOR * 2")
                .assertTakesEffect("app");

        assertThat(report.depends()).isEqualTo(report.target());
        assertThat(Optional.of(report.warnings())).contains(List.of());
    }
}
