package dev.suture.effect;

import dev.suture.elf.ElfFile;
import dev.suture.image.ImportedFrom;
import java.util.Set;

/**
 * What standards say of functions that a program imports from the system's libraries, whose versions tell that they are
 * theirs. A name that is not here means that nothing is known.
 *
 * @see "ISO C 7.13, 7.22, 7.26; POSIX.1 exec, fork, pthread_create; Itanium C++ ABI, Exception Handling"
 */
final class Imports {
    private static final Set<String> NEVER_RETURN = Set.of(
            "abort",
            "exit",
            "_exit",
            "_Exit",
            "quick_exit",
            "pthread_exit",
            "thrd_exit",
            "longjmp",
            "_longjmp",
            "siglongjmp",
            "__longjmp_chk",
            "__assert_fail",
            "__assert",
            "__stack_chk_fail",
            "__chk_fail",
            "__fortify_fail",
            "err",
            "errx",
            "verr",
            "verrx",
            "__cxa_throw",
            "__cxa_rethrow",
            "__cxa_bad_cast",
            "_Unwind_Resume",
            "_ZSt9terminatev");
    /** They call what they are given, and forget it when they return. */
    private static final Set<String> CALL_AT_ONCE = Set.of(
            "qsort",
            "qsort_r",
            "bsearch",
            "lfind",
            "lsearch",
            "tsearch",
            "tfind",
            "tdelete",
            "twalk",
            "tdestroy",
            "ftw",
            "nftw",
            "glob",
            "scandir",
            "dl_iterate_phdr",
            "pthread_once",
            "call_once");

    private static final Set<String> MAKE_PROCESSES = Set.of("fork", "vfork", "_Fork", "__fork");

    /** The C library, once in two files, and those of C++. */
    private static final Set<String> LIBRARIES =
            Set.of("libc.so.6", "libpthread.so.0", "libstdc++.so.6", "libc++abi.so.1", "libgcc_s.so.1");

    private final Set<String> known;

    private Imports(Set<String> known) {
        this.known = known;
    }

    /** {@return what is known of the imports of a program} A function of its own, or of another library, is not known. */
    static Imports of(ElfFile program) {
        return new Imports(ImportedFrom.libraries(program, LIBRARIES));
    }

    boolean neverReturns(String name) {
        return known.contains(name) && NEVER_RETURN.contains(name);
    }

    boolean callsAtOnce(String name) {
        return known.contains(name) && CALL_AT_ONCE.contains(name);
    }

    boolean makesProcesses(String name) {
        return known.contains(name) && MAKE_PROCESSES.contains(name);
    }
}
