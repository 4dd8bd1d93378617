package dev.suture.build.watch;

import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Follows a process and all that come of it to their ends.
 *
 * <p>A new process may stop before its parent tells of it; it is then left stopped until the parent does.
 */
final class TraceProcesses {
    private static final int AT_FDCWD = -100;
    private static final int AF_UNIX = 1;
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int AF_NETLINK = 16;
    private static final int LOOPBACK = 127;
    private static final int RESOLVE_IN_ROOT = 0x10;
    private static final int FILTER_NEW_LISTENER = 8;

    /** A process; its threads share it. */
    private static final class Traced {
        private int program;
        private String called = "";

        Traced(int program) {
            this.program = program;
        }
    }

    private final Kernel kernel;
    private final Tracee tracee;
    private final RealPaths paths;
    private final NoteUses notes;
    private final Map<Integer, Traced> traced = new HashMap<>();
    private final Set<Integer> early = new HashSet<>();
    private boolean traces;

    private TraceProcesses(Kernel kernel, Arena arena, List<String> roots, Map<String, String> mounts) {
        this.kernel = kernel;
        tracee = new Tracee(kernel, arena);
        paths = new RealPaths(kernel, arena, mounts);
        notes = new NoteUses(roots);
    }

    /**
     * What became of it.
     *
     * @param observation what was seen
     * @param disturbed whether a program wanted to trace others and could not, so that it may have done something else
     */
    record Traces(Observation observation, boolean disturbed) {}

    /**
     * Follows a process that is stopped, and lets it go on.
     *
     * @param pid the process; not a child that other threads wait for
     * @param roots the directories that count
     * @param mounts what is mounted for it alone: a real path by where it is mounted
     */
    static Traces follow(int pid, List<String> roots, Map<String, String> mounts) {
        try (Arena arena = Arena.ofConfined()) {
            TraceProcesses work = new TraceProcesses(new Kernel(arena), arena, roots, mounts);
            Optional<String> failure = work.begin(pid, arena);
            if (failure.isPresent()) {
                return new Traces(Observation.unknown(failure.get()), false);
            }
            work.run();
            return new Traces(work.notes.observation(), work.traces);
        }
    }

    /** {@return why it cannot be traced} */
    private Optional<String> begin(int pid, Arena arena) {
        long seized = tracee.seize(pid);
        boolean stopped = seized == 0 && tracee.await(pid) == pid && tracee.isStopped();
        if (!stopped) {
            tracee.kill(pid, Tracee.SIGCONT);
            return Optional.of("its processes cannot be traced (error %d)".formatted(-seized));
        }
        boolean filtered = InstallFilter.install(tracee, arena, pid);
        tracee.kill(pid, Tracee.SIGCONT);
        if (!filtered) {
            tracee.detach(pid);
            return Optional.of("its processes cannot be filtered");
        }
        traced.put(pid, new Traced(notes.add(0, false, "", "")));
        tracee.go(pid, 0);
        return Optional.empty();
    }

    private void run() {
        for (int tid = tracee.await(-1); tid > 0; tid = tracee.await(-1)) {
            if (!tracee.isStopped()) {
                traced.remove(tid);
            } else if (traced.containsKey(tid)) {
                stopped(tid, tracee.event(), tracee.signal());
            } else if (tracee.event() == Tracee.EVENT_EXEC) {
                // A thread that was not the first became the process.
                stopped(tid, Tracee.EVENT_EXEC, tracee.signal());
            } else {
                early.add(tid);
            }
        }
    }

    private void stopped(int tid, int event, int signal) {
        switch (event) {
            case Tracee.EVENT_FORK, Tracee.EVENT_VFORK, Tracee.EVENT_CLONE -> {
                adopt(tid, tracee.message(tid), event);
                tracee.go(tid, 0);
            }
            case Tracee.EVENT_EXEC -> {
                executed(tid, tracee.message(tid));
                tracee.go(tid, 0);
            }
            case Tracee.EVENT_SECCOMP -> {
                if (tracee.readCall(tid)) {
                    note(tid, traced.get(tid));
                }
                tracee.go(tid, 0);
            }
            case Tracee.EVENT_STOP -> {
                if (signal == Tracee.SIGTRAP) {
                    tracee.go(tid, 0);
                } else {
                    tracee.listen(tid);
                }
            }
            default -> tracee.go(tid, signal);
        }
    }

    private void adopt(int parent, int child, int event) {
        Traced from = traced.get(parent);
        boolean thread = event == Tracee.EVENT_CLONE && exists("/proc/%d/task/%d".formatted(parent, child));
        traced.put(child, thread ? from : new Traced(notes.child(from.program)));
        if (early.remove(child)) {
            tracee.go(child, 0);
        }
    }

    private void executed(int tid, int before) {
        Traced process = traced.getOrDefault(before, traced.get(tid));
        if (process == null) {
            notes.setUnknown("a process came from nowhere");
            return;
        }
        traced.remove(before);
        traced.put(tid, process);
        String file = paths.real(paths.magic("/proc/%d/exe".formatted(tid)));
        process.program = notes.add(process.program, true, file, process.called);
        notes.note(process.program, Observation.Kind.READ, file, "");
    }

    private boolean exists(String path) {
        try (Arena arena = Arena.ofConfined()) {
            return kernel.call(Kernel.ACCESS, arena.allocateFrom(path).address(), 0, 0, 0) == 0;
        }
    }

    private void note(int tid, Traced process) {
        long number = tracee.callNumber();
        Optional<FileCalls.Call> known =
                number >= 0 && number < FileCalls.FIRST_UNKNOWN ? FileCalls.of((int) number) : Optional.empty();
        if (tracee.filterData() == Filter.FOREIGN || known.isEmpty()) {
            notes.setUnknown("a program makes system calls that are not known (%d)".formatted(number));
            return;
        }
        FileCalls.Call call = known.get();
        switch (call.kind()) {
            case UNKNOWN -> notes.setUnknown("a program calls %s()".formatted(call.name()));
            case PTRACE -> {
                traces = true;
                notes.setUnknown("a program traces another");
            }
            case FILTER -> {
                if ((tracee.argument(1) & FILTER_NEW_LISTENER) != 0) {
                    notes.setUnknown("a program watches the calls of another");
                }
            }
            case CONNECT -> connect(tracee.bytes(tid, tracee.argument(call.path())));
            case RENAME, LINK -> rename(tid, process, call);
            case SYMLINK ->
                named(tid, call.directory(), call.path(), false).ifPresent(to -> {
                    notes.note(process.program, Observation.Kind.WRITE, to.path(), "");
                    paths.forget();
                });
            case OPEN, OPEN_HOW, CREATE, EXECUTE, ASK, LOOK, MAKE_DIRECTORY, READ_LINK, WRITE ->
                use(tid, process, call);
        }
    }

    private void use(int tid, Traced process, FileCalls.Call call) {
        boolean follow = call.kind() != FileCalls.Kind.READ_LINK;
        Optional<RealPaths.Real> named = named(tid, call.directory(), call.path(), follow);
        if (named.isEmpty()) {
            return;
        }
        RealPaths.Real file = named.get();
        file.links().forEach(link -> notes.note(process.program, Observation.Kind.READ, link, ""));
        switch (call.kind()) {
            case OPEN -> opened(process, file.path(), (int) tracee.argument(call.path() + 1));
            case OPEN_HOW -> {
                byte[] how = tracee.bytes(tid, tracee.argument(2));
                if (how.length < 24 || (how[16] & RESOLVE_IN_ROOT) != 0) {
                    notes.setUnknown("a program opens a file below a root of its own");
                } else {
                    opened(process, file.path(), how[0] & 0xff | (how[1] & 0xff) << 8 | (how[2] & 0xff) << 16);
                }
            }
            case EXECUTE -> {
                notes.note(process.program, Observation.Kind.READ, file.path(), "");
                process.called = named(tid, call.directory(), call.path(), false)
                        .map(RealPaths.Real::path)
                        .orElse(file.path());
            }
            case READ_LINK -> notes.note(process.program, Observation.Kind.READ, file.path(), "");
            case CREATE, WRITE -> notes.note(process.program, Observation.Kind.WRITE, file.path(), "");
            case ASK -> notes.note(process.program, Observation.Kind.ASK, file.path(), "");
            case MAKE_DIRECTORY -> notes.tryToMake(process.program, file.path());
            case LOOK, RENAME, LINK, SYMLINK, UNKNOWN, CONNECT, FILTER, PTRACE ->
                notes.note(process.program, Observation.Kind.LOOK, file.path(), "");
        }
    }

    private void opened(Traced process, String path, int flags) {
        int access = flags & OpenFlags.ACCESS_MODE;
        if ((flags & OpenFlags.PATH) != 0) {
            notes.note(process.program, Observation.Kind.LOOK, path, "");
            return;
        }
        if (access != OpenFlags.WRITE_ONLY) {
            notes.note(process.program, Observation.Kind.READ, path, "");
        }
        if (access != OpenFlags.READ_ONLY || (flags & (OpenFlags.CREATE | OpenFlags.TRUNCATE)) != 0) {
            notes.note(process.program, Observation.Kind.WRITE, path, "");
        }
    }

    private void rename(int tid, Traced process, FileCalls.Call call) {
        boolean at = call.directory() != FileCalls.NO_DIRECTORY;
        boolean renames = call.kind() == FileCalls.Kind.RENAME;
        // A link to what is open has no name, or one below /proc that leads to the file.
        Optional<RealPaths.Real> from = named(tid, call.directory(), call.path(), !renames);
        Optional<RealPaths.Real> to = named(tid, at ? 2 : FileCalls.NO_DIRECTORY, at ? 3 : 1, false);
        if (to.isEmpty()) {
            return;
        }
        notes.note(process.program, Observation.Kind.LOOK, to.get().path(), "");
        if (from.isEmpty()) {
            notes.note(process.program, Observation.Kind.WRITE, to.get().path(), "");
            return;
        }
        notes.note(
                process.program,
                renames ? Observation.Kind.RENAME : Observation.Kind.LINK,
                from.get().path(),
                to.get().path());
        if (renames) {
            paths.forget();
        }
    }

    /** {@return the file that an argument names; empty if it names none} */
    private Optional<RealPaths.Real> named(int tid, int directory, int path, boolean follow) {
        Optional<String> text = tracee.text(tid, tracee.argument(path)).filter(name -> !name.isEmpty());
        if (text.isEmpty()) {
            return Optional.empty();
        }
        String name = text.get();
        if (!name.startsWith("/")) {
            int descriptor = directory == FileCalls.NO_DIRECTORY ? AT_FDCWD : (int) tracee.argument(directory);
            String base = descriptor == AT_FDCWD ? "cwd" : "fd/" + descriptor;
            name = paths.magic("/proc/%d/%s".formatted(tid, base)) + "/" + name;
        }
        return Optional.of(paths.follow(name, tid, follow));
    }

    private void connect(byte[] address) {
        int family = address.length < 2 ? 0 : address[0] & 0xff | (address[1] & 0xff) << 8;
        boolean talks = switch (family) {
            case 0, AF_NETLINK -> false;
            case AF_UNIX -> address.length < 3 || address[2] == 0 || exists(unixPath(address));
            case AF_INET -> address.length > 4 && address[4] == LOOPBACK;
            case AF_INET6 -> address.length < 24 || isLocal6(address);
            default -> true;
        };
        if (talks) {
            notes.setUnknown("a program asks a server of this machine, which may read files for it");
        }
    }

    private static String unixPath(byte[] address) {
        int end = 2;
        while (end < address.length && end < 2 + 108 && address[end] != 0) {
            end++;
        }
        return new String(address, 2, end - 2, StandardCharsets.UTF_8);
    }

    /** {@return whether it is ::1, or an IPv4 address within IPv6 of this machine} */
    private static boolean isLocal6(byte[] address) {
        for (int i = 8; i < 18; i++) {
            if (address[i] != 0) {
                return false;
            }
        }
        return address[23] == 1 && address[18] == 0 || address[18] == -1 && address[20] == LOOPBACK;
    }
}
