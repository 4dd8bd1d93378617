package dev.suture.effect;

import java.util.Set;

/**
 * What standards say of functions that a program imports. A name that is not here means that nothing is known.
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

    private static final Set<String> MAKE_PROCESSES = Set.of("fork", "vfork", "_Fork", "__fork", "clone", "__clone");

    private Imports() {}

    static boolean neverReturns(String name) {
        return NEVER_RETURN.contains(name);
    }

    static boolean callsAtOnce(String name) {
        return CALL_AT_ONCE.contains(name);
    }

    static boolean makesProcesses(String name) {
        return MAKE_PROCESSES.contains(name);
    }
}
