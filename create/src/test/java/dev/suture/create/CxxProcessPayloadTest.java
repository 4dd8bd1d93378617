package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.link.LinkResult;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs in C++: methods, templates, exceptions, virtual functions. */
class CxxProcessPayloadTest {
    private static final String HEADER = """
            #pragma once
            #include <stdexcept>
            #include <string>
            struct Shape {
                explicit Shape(int n) : size(n) {}
                virtual ~Shape();
                virtual int area() const;
                std::string name() const;
                int size;
            };
            struct TooLarge : std::runtime_error { using std::runtime_error::runtime_error; };
            template <class T> T twice(T t)
            {
                static int calls;
                if (++calls > 1000) throw TooLarge("calls");
                return t + t;
            }
            inline __attribute__((noinline)) int half(int n) { static int used; return n / 2 + used++; }
            int checked(int n);
            """;
    private static final String SHAPE = """
            #include "shape.h"
            Shape::~Shape() {}
            int Shape::area() const { return size * size + half(size); }
            std::string Shape::name() const { return "shape " + std::to_string(twice(size)); }
            int checked(int n)
            {
                std::string text = "n is " + std::to_string(n);
                try {
                    if (n > 2) throw TooLarge(text);
                    return twice(n);
                } catch (const TooLarge &e) {
                    return -static_cast<int>(std::string(e.what()).size());
                }
            }
            """;
    private static final String MAIN = """
            #include "shape.h"
            #include <iostream>
            int main()
            {
                for (int i = 0; i < 5; i++) {
                    Shape shape(i);
                    try {
                        std::cout << shape.name() << ' ' << shape.area() << ' ' << checked(i) << ' ' << half(i) << std::endl;
                    } catch (const std::exception &e) {
                        std::cout << "caught " << e.what() << std::endl;
                    }
                }
            }
            """;

    @TempDir
    private Path directory;

    private PatchedProgram program(String flags) {
        String command =
                "for f in main shape; do g++ -O2 %s -c $f.cc || exit 1; done; g++ %s -Wl,--build-id main.o shape.o -o program"
                        .formatted(flags, flags);
        return new PatchedProgram(directory, command, "program").file("main.cc", MAIN);
    }

    private PatchedProgram shape(String flags, String from, String to) {
        return program(flags).file("shape.h", HEADER).file("shape.cc", SHAPE, from, to);
    }

    @Test
    void aVirtualMethodTakesEffect() {
        CreateReport report =
                shape("", "size * size + half", "size * size * 3 + half").assertTakesEffect("program");

        assertThat(report.functions()).extracting(LinkResult.Function::name).containsExactly("_ZNK5Shape4areaEv");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-fPIE -pie", "-fno-pie -no-pie", "-fPIC"})
    void anExceptionThrownInAPatchedFunctionIsCaughtByItsCaller(String flags) {
        shape(
                        flags,
                        "return \"shape \" +",
                        "std::string large(size + 100, 'x'); if (size == 2) throw std::out_of_range(\"two\" + large); return \"form \" +")
                .assertTakesEffect("program");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-fPIE -pie", "-fno-pie -no-pie", "-fPIC"})
    void anExceptionIsCaughtInAPatchedFunction(String flags) {
        shape(flags, "if (n > 2) throw TooLarge(text);", "if (n > 1) throw TooLarge(text + \" too large\");")
                .assertTakesEffect("program");
    }

    @Test
    void anotherTypeThatIsCaughtIsAChange() {
        shape("", "catch (const TooLarge &e)", "catch (const std::exception &e)")
                .create();
        CreateReport report = shape("", "catch (const TooLarge &e)", "catch (const std::invalid_argument &e)")
                .create();

        assertThat(report.functions()).extracting(LinkResult.Function::name).contains("_Z7checkedi");
    }

    @Test
    void anInlineFunctionOfSeveralObjectsIsReplacedOnceAndKeepsItsVariable() {
        CreateReport report = program("")
                .file("shape.h", HEADER, "return n / 2 + used++", "return n / 2 + 10 * used++")
                .file("shape.cc", SHAPE)
                .assertTakesEffect("program");

        assertThat(report.functions()).extracting(LinkResult.Function::name).containsExactly("_Z4halfi");
    }

    @Test
    void aTemplateTakesEffectWhereverItIsInlined() {
        program("")
                .file("shape.h", HEADER, "return t + t;", "return t + t + calls;")
                .file("shape.cc", SHAPE)
                .assertTakesEffect("program");
    }

    @Test
    void aNewClassWithVirtualMethodsComesAlong() {
        shape("", "int checked(int n)\n{", """
                        struct Square : Shape {
                            using Shape::Shape;
                            int area() const override { return 1000 + Shape::area(); }
                        };
                        __attribute__((noinline)) static int areaOf(const Shape &shape) { return shape.area(); }
                        int checked(int n)
                        {
                            Square square(n);
                            if (n == 1) return areaOf(square) + static_cast<int>(square.name().size());
                        """).assertTakesEffect("program");
    }

    @Test
    void aProgramBuiltByCmakeTakesEffect() {
        String lists = """
                cmake_minimum_required(VERSION 3.13)
                project(program CXX)
                set(CMAKE_BUILD_TYPE RelWithDebInfo)
                add_library(shape STATIC shape.cc)
                add_executable(program main.cc)
                target_link_libraries(program shape)
                target_link_options(program PRIVATE -Wl,--build-id)
                """;
        PatchedProgram.run(java.util.List.of("cmake", "--version"), directory, java.util.Map.of(), 0);
        new PatchedProgram(directory, "cmake -S . -B out && cmake --build out && cp out/program program", "program")
                .file("CMakeLists.txt", lists)
                .file("main.cc", MAIN)
                .file("shape.h", HEADER)
                .file("shape.cc", SHAPE, "size * size + half", "size * size * 3 + half")
                .assertTakesEffect("program");
    }
}
