package dev.suture.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Says why a process may not be traced, from what the kernel lets everybody see. */
final class Permissions {
    private static final Path YAMA = Path.of("/proc/sys/kernel/yama/ptrace_scope");

    /** linux include/uapi/linux/capability.h */
    private static final int CAP_SYS_PTRACE = 19;

    private Permissions() {}

    /**
     * {@return the exception for something the kernel did not let us do}
     *
     * @param what what was tried, such as {@code reading its mappings}
     * @see "ptrace(2), Ptrace access mode checking; linux Documentation/admin-guide/LSM/Yama.rst"
     */
    static ProcessException explain(int pid, String what) {
        return explain(pid, what, "it belongs to a user namespace above suture's, or a security module forbids it");
    }

    /** {@return the exception for a thread that the kernel did not let us trace} Only one process can trace it. */
    static ProcessException explainTracing(int pid, String what) {
        return explain(
                pid,
                what,
                "another process traced it at that moment and no longer does (try again), it belongs to a user namespace"
                        + " above suture's, or a security module forbids it");
    }

    private static ProcessException explain(int pid, String what, String otherwise) {
        ProcStatus theirs;
        try {
            theirs = ProcStatus.read(pid);
        } catch (IOException e) {
            return new ProcessException(pid, "there is no such process");
        }
        if (theirs.hasEnded()) {
            return new ProcessException(pid, "it has ended");
        }
        if (theirs.isKernelThread()) {
            return new ProcessException(pid, "it is a kernel thread, which runs no program");
        }
        int tracer = theirs.number("TracerPid");
        if (tracer != 0) {
            return new ProcessException(
                    pid,
                    "process %d traces it already (a debugger, strace or another suture); only one can: wait for it or end it"
                            .formatted(tracer));
        }
        return new ProcessException(pid, "%s is not permitted: %s".formatted(what, reason(theirs, otherwise)));
    }

    private static String reason(ProcStatus theirs, String otherwise) {
        ProcStatus ours;
        try {
            ours = ProcStatus.read(
                    Path.of("/proc/self").toRealPath().getFileName().toString().transform(Integer::parseInt));
        } catch (IOException e) {
            return "run suture as the user of the process, or with CAP_SYS_PTRACE";
        }
        if (mayTrace(ours) && !yamaScope().equals("3")) {
            return "suture has CAP_SYS_PTRACE, so " + otherwise;
        }
        if (!ours.text("Uid").equals(theirs.text("Uid"))) {
            return "it runs as user id %s and suture as %d; run suture as that user, or with CAP_SYS_PTRACE (root)"
                    .formatted(theirs.text("Uid").split("\\s")[0], ours.number("Uid"));
        }
        String scope = yamaScope();
        if (scope.equals("1")) {
            return "kernel.yama.ptrace_scope is 1, so that only its ancestors may trace it; run suture with"
                    + " CAP_SYS_PTRACE (root), set the sysctl to 0, or let the program call prctl(PR_SET_PTRACER)";
        }
        if (scope.equals("2")) {
            return "kernel.yama.ptrace_scope is 2, so that tracing needs CAP_SYS_PTRACE (root)";
        }
        if (scope.equals("3")) {
            return "kernel.yama.ptrace_scope is 3, which forbids all tracing until the next boot";
        }
        return "the process is not dumpable (it changed its user, or called prctl(PR_SET_DUMPABLE, 0)), has"
                + " capabilities that suture lacks, was traced by another process at that moment, or a security module forbids"
                + " it; run suture with CAP_SYS_PTRACE (root)";
    }

    private static boolean mayTrace(ProcStatus ours) {
        String effective = ours.text("CapEff");
        return effective.matches("[0-9a-f]{1,16}")
                && (Long.parseUnsignedLong(effective, 16) >>> CAP_SYS_PTRACE & 1) != 0;
    }

    private static String yamaScope() {
        try {
            return Files.readString(YAMA).strip();
        } catch (IOException e) {
            return "0";
        }
    }
}
