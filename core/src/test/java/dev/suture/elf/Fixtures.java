package dev.suture.elf;

import java.io.IOException;
import java.nio.file.Path;

/** Small objects, made from source by the compilers of this machine. */
final class Fixtures {
    private static final String C = """
            __attribute__((section(".note.suture"), used, aligned(4)))
            static const struct { int name, description, type; char text[8]; int value; } note = {8, 4, 1, "Suture", 7};
            _Thread_local int per_thread = 3;
            _Thread_local int zero_per_thread;
            int common_block;
            static int counter;
            extern int elsewhere(int);
            __attribute__((weak)) int overridable(void) { return zero_per_thread; }
            int twice(int value) { return elsewhere(value) + counter++ + per_thread + overridable(); }
            """;

    private static final String CXX = """
            template <class T> T twice(T value) { static T last; last = value; return value + value; }
            inline int shared(int value) { static int counter; return counter += value; }
            struct Base { virtual ~Base() {} virtual int size() { return shared(1); } };
            thread_local int per_thread = 3;
            int use(Base &base) { return twice(base.size()) + (int) twice(2L) + per_thread; }
            Base *make() { return new Base; }
            """;

    private Fixtures() {}

    /** An object with a note, thread-local variables, a common block, weak and undefined symbols. */
    static Path c(Path directory) throws IOException, InterruptedException {
        return Tool.compile(directory, "kinds.c", C, "-O1", "-fcommon", "-ffunction-sections", "-fdata-sections");
    }

    /** An object with COMDAT groups and thread-local variables. */
    static Path cxx(Path directory) throws IOException, InterruptedException {
        return Tool.compile(directory, "groups.cc", CXX, "-O1", "-fno-exceptions", "-fno-asynchronous-unwind-tables");
    }

    /** A shared object with program headers, dynamic symbols and a build id. */
    static Path sharedObject(Path directory) throws IOException, InterruptedException {
        Tool.compile(directory, "kinds.c", C, "-O1", "-fPIC");
        Tool.runWell(directory, "gcc", "-shared", "-nostdlib", "-Wl,--build-id=sha1", "kinds.o", "-o", "kinds.so");
        return directory.resolve("kinds.so");
    }
}
