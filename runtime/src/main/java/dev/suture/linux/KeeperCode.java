package dev.suture.linux;

import static dev.suture.linux.Assembler.Register.R10;
import static dev.suture.linux.Assembler.Register.R11;
import static dev.suture.linux.Assembler.Register.R12;
import static dev.suture.linux.Assembler.Register.R13;
import static dev.suture.linux.Assembler.Register.R14;
import static dev.suture.linux.Assembler.Register.R15;
import static dev.suture.linux.Assembler.Register.R8;
import static dev.suture.linux.Assembler.Register.R9;
import static dev.suture.linux.Assembler.Register.RAX;
import static dev.suture.linux.Assembler.Register.RBP;
import static dev.suture.linux.Assembler.Register.RBX;
import static dev.suture.linux.Assembler.Register.RCX;
import static dev.suture.linux.Assembler.Register.RDI;
import static dev.suture.linux.Assembler.Register.RDX;
import static dev.suture.linux.Assembler.Register.RSI;

import dev.suture.linux.Assembler.If;

/**
 * The machine code of {@link Keeper}. RBX is the block of {@link KeeperLayout}; R12 and R13 are the thread in question
 * and the end of the table of threads. What is a label here is a subroutine that ends with a return, unless a jump leads
 * to it; subroutines may change all registers but these three and the stack pointer.
 */
final class KeeperCode {
    /** {@code long start(block)}: makes the process; gives its number or a negated errno. */
    static final String START = "start";
    /** The handler of SIGALRM, which does nothing, and what it returns to. */
    static final String ALARM = "alarm";

    static final String ALARM_RETURN = "alarm return";

    private static final int CLONE_VM_FS_FILES = 0x100 | 0x200 | 0x400;
    private static final int SIG_SETMASK = 2;
    private static final int SIGALRM = 14;
    private static final int SIGCHLD = 17;
    private static final int PR_SET_NAME = 15;
    private static final int FUTEX_WAIT_PRIVATE = 128;
    private static final int FUTEX_WAKE_PRIVATE = 129;
    private static final int CLOCK_MONOTONIC = 1;
    private static final int NANOS = 1_000_000_000;
    private static final int MASK_BYTES = 8;
    private static final int STOPPED_STATUS = 0x7f;
    /** A folder has two links of its own. */
    private static final int OWN_LINKS = 2;

    private static final int LAST_SWEEPS = 200;

    private final Assembler code = new Assembler();

    private KeeperCode() {}

    /** {@return the code, which runs at any address, with its labels} */
    static Assembler write() {
        KeeperCode keeper = new KeeperCode();
        keeper.start();
        keeper.serve();
        keeper.calls();
        keeper.stop();
        keeper.awaitStops();
        keeper.take();
        keeper.countThreads();
        keeper.check();
        keeper.checkStack();
        keeper.find();
        keeper.release();
        keeper.collect();
        keeper.will();
        keeper.smallThings();
        return keeper.code;
    }

    private void call(int number) {
        code.move(RAX, number).syscall();
    }

    private void ptrace(int request) {
        code.move(RDI, request).load(RSI, R12, KeeperLayout.THREAD_ID).move(RDX, 0);
        call(Calls.PTRACE);
    }

    // In the new process no signal may find the handlers that it has from its parent: all are blocked before it is
    // made.
    private void start() {
        code.label(START).push(RBX).move(RBX, RDI);
        setMask(KeeperLayout.MASK_ALL, KeeperLayout.MASK_BEFORE);
        code.move(RDI, CLONE_VM_FS_FILES).load(RSI, RBX, KeeperLayout.STACK_TOP);
        code.move(RDX, 0).move(R10, 0).move(R8, 0);
        call(Calls.CLONE);
        code.compare(RAX, 0).jump(If.EQUAL, "keeper").store(RBX, KeeperLayout.RESULT, RAX);
        setMask(KeeperLayout.MASK_BEFORE, KeeperLayout.TIME);
        code.load(RAX, RBX, KeeperLayout.RESULT).pop(RBX).ret();
    }

    private void setMask(int mask, int before) {
        code.move(RDI, SIG_SETMASK).address(RSI, RBX, mask).address(RDX, RBX, before);
        code.move(R10, MASK_BYTES);
        call(Calls.RT_SIGPROCMASK);
    }

    private void serve() {
        code.label("keeper");
        action(SIGALRM, KeeperLayout.ALARM_ACTION);
        action(SIGCHLD, KeeperLayout.CHILD_ACTION);
        setMask(KeeperLayout.MASK_OF_KEEPER, KeeperLayout.TIME);
        call(Calls.SETSID);
        code.move(RDI, PR_SET_NAME).address(RSI, RBX, KeeperLayout.NAME);
        call(Calls.PRCTL);

        code.label("wait").compareInt(RBX, KeeperLayout.STATE, 1).jump(If.EQUAL, "command");
        code.address(RDI, RBX, KeeperLayout.STATE).move(RSI, FUTEX_WAIT_PRIVATE).move(RDX, 0);
        code.address(R10, RBX, KeeperLayout.FUTEX_TIMEOUT);
        call(Calls.FUTEX);
        call(Calls.GETPPID);
        code.compare(RAX, RBX, KeeperLayout.PARENT).jump(If.EQUAL, "wait").jump("will");

        code.label("command").load(RAX, RBX, KeeperLayout.COMMAND);
        command(KeeperLayout.COMMAND_CALLS, "calls");
        command(KeeperLayout.COMMAND_STOP, "stop");
        command(KeeperLayout.COMMAND_COLLECT, "collect");
        command(KeeperLayout.COMMAND_RELEASE, "release");
        code.jump("end");
        code.label("done").storeInt(RBX, KeeperLayout.STATE, 0);
        code.address(RDI, RBX, KeeperLayout.STATE).move(RSI, FUTEX_WAKE_PRIVATE).move(RDX, 1);
        call(Calls.FUTEX);
        code.jump("wait");
    }

    private void action(int signal, int action) {
        code.move(RDI, signal).address(RSI, RBX, action).move(RDX, 0).move(R10, MASK_BYTES);
        call(Calls.RT_SIGACTION);
    }

    private void command(int command, String label) {
        String next = "not " + label;
        code.compare(RAX, command).jump(If.NOT_EQUAL, next);
        code.call(label).jump("done").label(next);
    }

    private void calls() {
        code.label("calls").load(R14, RBX, KeeperLayout.CALLS).load(R15, RBX, KeeperLayout.CALL_COUNT);
        code.label("next call").compare(R15, 0).jump(If.EQUAL, "calls made");
        code.load(RAX, R14, 0).compare(RAX, 0).jump(If.LESS, "comparison");
        code.load(RDI, R14, 8).load(RSI, R14, 16).load(RDX, R14, 24);
        code.load(R10, R14, 32).load(R8, R14, 40).load(R9, R14, 48);
        code.syscall().store(R14, KeeperLayout.CALL_RESULT, RAX);
        code.label("call made").add(R14, KeeperLayout.CALL_BYTES).sub(R15, 1).jump("next call");
        code.label("comparison").load(RSI, R14, 8).load(RDI, R14, 16).load(RCX, R14, 24);
        code.compareBytes().jump(If.EQUAL, "call made");
        code.label("calls made").store(RBX, KeeperLayout.CALLS_LEFT, R15).ret();
    }

    private void eachThread(String name) {
        code.load(R12, RBX, KeeperLayout.THREADS).load(R13, RBX, KeeperLayout.THREADS_END);
        code.label(name).compare(R12, R13).jump(If.NOT_BELOW, name + " over");
    }

    private void unlessThreadIs(Keeper.State state, String name) {
        code.compare(R12, KeeperLayout.THREAD_STATE, state.ordinal()).jump(If.NOT_EQUAL, name + " next");
    }

    private void nextThread(String name) {
        code.label(name + " next").add(R12, KeeperLayout.THREAD_BYTES).jump(name);
        code.label(name + " over");
    }

    private void result(Keeper.Stop result) {
        code.store(RBX, KeeperLayout.RESULT, result.ordinal());
    }

    private void stop() {
        code.label("stop").compare(RBX, KeeperLayout.STARTED, 0).jump(If.NOT_EQUAL, "is started");
        clock(KeeperLayout.STARTED);
        code.label("is started");
        eachThread("interrupt");
        unlessThreadIs(Keeper.State.SEIZED, "interrupt");
        code.move(R10, 0);
        ptrace(Ptrace.INTERRUPT);
        code.compare(RAX, 0).jump(If.EQUAL, "interrupt next");
        code.store(R12, KeeperLayout.THREAD_STATE, Keeper.State.GONE.ordinal());
        nextThread("interrupt");

        timer(KeeperLayout.TIMER_ON);
        code.call("await stops");
        timer(KeeperLayout.TIMER_OFF);
        clock(KeeperLayout.STOPPED_AT);
        code.compare(RBX, KeeperLayout.RESULT, Keeper.Stop.LATE.ordinal()).jump(If.EQUAL, "stop over");
        code.call("count threads").jump(If.NOT_EQUAL, "stop over");
        code.call("check").compare(RBX, KeeperLayout.RESULT, Keeper.Stop.FOUND.ordinal());
        code.jump(If.EQUAL, "stop over");
        clock(KeeperLayout.CHECKED_AT);
        result(Keeper.Stop.CLEAR);
        code.compare(RBX, KeeperLayout.CALL_COUNT, 0).jump(If.EQUAL, "stop over");
        // Whoever sees its parent gone may already rely on the code not being changed any more.
        result(Keeper.Stop.ABORTED);
        call(Calls.GETPPID);
        code.compare(RAX, RBX, KeeperLayout.PARENT).jump(If.NOT_EQUAL, "stop over");
        code.call("calls").compare(RBX, KeeperLayout.CALLS_LEFT, 0).jump(If.NOT_EQUAL, "stop over");
        result(Keeper.Stop.DONE);
        code.call("release");
        code.label("stop over").ret();
    }

    private void timer(int value) {
        code.move(RDI, 0).address(RSI, RBX, value).move(RDX, 0);
        call(Calls.SETITIMER);
    }

    // One wait for each thread, in their order: by the time the first has stopped most others have.
    private void awaitStops() {
        code.label("await stops");
        eachThread("await");
        unlessThreadIs(Keeper.State.SEIZED, "await");
        code.label("await again").move(R14, Calls.WALL).call("take");
        code.compare(RAX, 0).jump(If.GREATER, "await next");
        clock(KeeperLayout.STOPPED_AT);
        code.compare(RAX, RBX, KeeperLayout.DEADLINE).jump(If.LESS, "await again");
        result(Keeper.Stop.LATE);
        code.ret();
        nextThread("await");
        result(Keeper.Stop.CLEAR);
        code.ret();
    }

    // Takes the news of one thread, waiting as R14 says. RAX is then positive if there were any.
    private void take() {
        code.label("take").load(RDI, R12, KeeperLayout.THREAD_ID).address(RSI, RBX, KeeperLayout.STATUS);
        code.move(RDX, R14).move(R10, 0);
        call(Calls.WAIT4);
        code.compare(RAX, 0).jump(If.EQUAL, "taken").jump(If.GREATER, "news");
        code.compare(RAX, -Errno.EINTR).jump(If.EQUAL, "taken");
        code.label("gone").store(R12, KeeperLayout.THREAD_STATE, Keeper.State.GONE.ordinal());
        code.move(RAX, 1).label("taken").ret();

        code.label("news").loadInt(RDX, RBX, KeeperLayout.STATUS).move(RAX, RDX).and(RAX, 0xff);
        code.compare(RAX, STOPPED_STATUS).jump(If.NOT_EQUAL, "gone");
        code.store(R12, KeeperLayout.THREAD_STATE, Keeper.State.STOPPED.ordinal());
        code.move(RAX, RDX).shiftRight(RAX, 16).store(R12, KeeperLayout.THREAD_EVENT, RAX);
        code.store(R12, KeeperLayout.THREAD_SIGNAL, 0).compare(RAX, 0).jump(If.NOT_EQUAL, "no signal");
        code.shiftRight(RDX, 8).and(RDX, 0xff).store(R12, KeeperLayout.THREAD_SIGNAL, RDX);
        code.label("no signal").address(R10, R12, KeeperLayout.THREAD_REGISTERS);
        ptrace(Ptrace.GETREGS);
        code.compare(RAX, 0).jump(If.NOT_EQUAL, "gone");
        mend();
        code.move(RAX, 1).ret();
    }

    // A call that would end with EINTR is made again unless the program handles a signal. Not close: the kernel has
    // forgotten the file by then, and another may have its number.
    private void mend() {
        int call = KeeperLayout.THREAD_REGISTERS + Registers.ORIG_RAX;
        int result = KeeperLayout.THREAD_REGISTERS + Registers.RAX;
        code.compare(R12, call, 0).jump(If.LESS, "mended");
        code.compare(R12, call, Calls.CLOSE).jump(If.EQUAL, "mended");
        code.compare(R12, result, -Errno.EINTR).jump(If.NOT_EQUAL, "mended");
        code.store(R12, result, -Errno.ERESTARTNOHAND).move(R10, -Errno.ERESTARTNOHAND);
        code.move(RDI, Ptrace.POKEUSER).load(RSI, R12, KeeperLayout.THREAD_ID).move(RDX, Registers.RAX);
        call(Calls.PTRACE);
        code.label("mended");
    }

    // Equal afterwards if as many threads are stopped as there are.
    private void countThreads() {
        code.label("count threads").load(R14, RBX, KeeperLayout.ENDED_THREADS);
        eachThread("count");
        unlessThreadIs(Keeper.State.STOPPED, "count");
        code.add(R14, 1);
        nextThread("count");
        result(Keeper.Stop.MORE);
        code.move(RDI, Calls.AT_FDCWD).load(RSI, RBX, KeeperLayout.TASK_PATH);
        code.address(RDX, RBX, KeeperLayout.STAT).move(R10, 0);
        call(Calls.NEWFSTATAT);
        code.load(RAX, RBX, KeeperLayout.STAT + KeeperLayout.STAT_LINKS).sub(RAX, OWN_LINKS);
        code.compare(R14, RAX).ret();
    }

    private void check() {
        code.label("check");
        result(Keeper.Stop.CLEAR);
        eachThread("check thread");
        code.store(R12, KeeperLayout.THREAD_FOUND, 0);
        unlessThreadIs(Keeper.State.STOPPED, "check thread");
        code.compare(R12, KeeperLayout.THREAD_EVENT, Ptrace.EVENT_EXEC).jump(If.EQUAL, "found");
        code.compare(RBX, KeeperLayout.RANGE_COUNT, 0).jump(If.EQUAL, "check thread next");
        code.compare(R12, KeeperLayout.THREAD_REGISTERS + Registers.RIP, 0).jump(If.NOT_EQUAL, "of the program");
        code.compare(R12, KeeperLayout.THREAD_REGISTERS + Registers.RSP, 0).jump(If.NOT_EQUAL, "of the program");
        code.move(RDI, 0);
        findIn(KeeperLayout.MAPPINGS, KeeperLayout.MAPPING_COUNT);
        code.jump(If.EQUAL, "check thread next").label("of the program");
        code.load(RDI, R12, KeeperLayout.THREAD_REGISTERS + Registers.RIP);
        findIn(KeeperLayout.RANGES, KeeperLayout.RANGE_COUNT);
        code.jump(If.NOT_EQUAL, "found");
        code.call("check stack").compare(RAX, 0).jump(If.EQUAL, "check thread next");
        code.label("found").store(R12, KeeperLayout.THREAD_FOUND, 1);
        result(Keeper.Stop.FOUND);
        nextThread("check thread");
        code.ret();
    }

    private void findIn(int table, int count) {
        code.load(RAX, RBX, table).load(RCX, RBX, count).call("find").compare(RAX, 0);
    }

    // RAX is 0 afterwards if no word of the stack is in the ranges: from R14, of which R15 bytes are left. All frames
    // are
    // there if the thread is on the stack that it began on: for the first thread the kernel's, for others memory that
    // goes
    // up without a gap to where their own variables are, which is where C libraries have the end of the stack.
    private void checkStack() {
        code.label("check stack").load(R14, R12, KeeperLayout.THREAD_REGISTERS + Registers.RSP);
        code.and(R14, -8).move(RDI, R14);
        findIn(KeeperLayout.MAPPINGS, KeeperLayout.MAPPING_COUNT);
        code.jump(If.EQUAL, "suspect").load(RCX, R12, KeeperLayout.THREAD_ID);
        code.compare(RCX, RBX, KeeperLayout.FIRST_THREAD).jump(If.EQUAL, "first thread");
        code.load(R15, R12, KeeperLayout.THREAD_REGISTERS + Registers.FS_BASE).and(R15, -8);
        code.compare(R15, RAX, 8).jump(If.ABOVE, "suspect").jump("to the end");
        code.label("first thread").compare(R14, RBX, KeeperLayout.FIRST_STACK).jump(If.BELOW, "suspect");
        code.load(R15, RBX, KeeperLayout.FIRST_STACK_END);
        code.label("to the end").compare(R15, R14).jump(If.NOT_ABOVE, "suspect").sub(R15, R14);

        code.label("read stack").move(RBP, R15).compare(RBP, KeeperLayout.BUFFER_BYTES);
        code.jump(If.NOT_ABOVE, "fits").move(RBP, KeeperLayout.BUFFER_BYTES);
        code.label("fits").load(RAX, RBX, KeeperLayout.BUFFER);
        code.store(RBX, KeeperLayout.LOCAL_RANGE, RAX).store(RBX, KeeperLayout.LOCAL_RANGE + 8, RBP);
        code.store(RBX, KeeperLayout.REMOTE_RANGE, R14).store(RBX, KeeperLayout.REMOTE_RANGE + 8, RBP);
        code.load(RDI, RBX, KeeperLayout.TARGET)
                .address(RSI, RBX, KeeperLayout.LOCAL_RANGE)
                .move(RDX, 1);
        code.address(R10, RBX, KeeperLayout.REMOTE_RANGE).move(R8, 1).move(R9, 0);
        call(Calls.PROCESS_VM_READV);
        code.compare(RAX, RBP).jump(If.NOT_EQUAL, "suspect");

        code.load(RSI, RBX, KeeperLayout.BUFFER).address(R11, RSI, 0).add(R11, RBP);
        code.load(R8, RBX, KeeperLayout.LOWEST).load(R9, RBX, KeeperLayout.SPAN);
        code.label("windows").load(RCX, RBX, KeeperLayout.UPPER_LOWEST).load(RDX, RBX, KeeperLayout.UPPER_SPAN);
        code.label("word").load(RDI, RSI, 0);
        code.move(RAX, RDI).sub(RAX, R8).compare(RAX, R9).jump(If.NOT_ABOVE, "may lead there");
        code.move(RAX, RDI).sub(RAX, RCX).compare(RAX, RDX).jump(If.NOT_ABOVE, "may lead there");
        code.add(RSI, 8).compare(RSI, R11).jump(If.BELOW, "word").jump("searched");
        code.label("may lead there");
        findIn(KeeperLayout.RANGES, KeeperLayout.RANGE_COUNT);
        code.jump(If.NOT_EQUAL, "suspect");
        code.add(RSI, 8).compare(RSI, R11).jump(If.BELOW, "windows").label("searched");
        code.add(R14, RBP)
                .sub(R15, RBP)
                .jump(If.NOT_EQUAL, "read stack")
                .move(RAX, 0)
                .ret();
        code.label("suspect").move(RAX, 1).ret();
    }

    // RAX becomes the one of RCX ranges at RAX, in their order, that holds RDI; 0 if none does. Leaves RSI, R8, R9,
    // R11.
    private void find() {
        code.label("find").compare(RCX, 0).jump(If.EQUAL, "in none");
        code.move(RDX, RCX).shiftRight(RDX, 1).move(R10, RDX).shiftLeft(R10, 4).add(R10, RAX);
        code.compare(RDI, R10, 0).jump(If.BELOW, "below");
        code.compare(RDI, R10, 8).jump(If.NOT_ABOVE, "in this");
        code.address(RAX, R10, KeeperLayout.RANGE_BYTES)
                .sub(RCX, RDX)
                .sub(RCX, 1)
                .jump("find");
        code.label("below").move(RCX, RDX).jump("find");
        code.label("in this").move(RAX, R10).ret();
        code.label("in none").move(RAX, 0).ret();
    }

    private void release() {
        code.label("release");
        eachThread("release thread");
        unlessThreadIs(Keeper.State.STOPPED, "release thread");
        code.load(R10, R12, KeeperLayout.THREAD_SIGNAL);
        ptrace(Ptrace.DETACH);
        code.store(R12, KeeperLayout.THREAD_STATE, Keeper.State.GONE.ordinal());
        nextThread("release thread");
        clock(KeeperLayout.ENDED_AT);
        code.ret();
    }

    // R15 is afterwards how many threads have still not stopped.
    private void collect() {
        code.label("collect").move(R15, 0);
        eachThread("collect thread");
        unlessThreadIs(Keeper.State.SEIZED, "collect thread");
        code.move(R14, Calls.WALL | Calls.WNOHANG).call("take");
        code.compare(RAX, 0).jump(If.NOT_EQUAL, "collect thread next").add(R15, 1);
        nextThread("collect thread");
        code.ret();
    }

    // Nobody gives commands any more: what is stopped is let go, and what is about to stop is waited for a moment.
    private void will() {
        code.label("will").move(RBP, LAST_SWEEPS);
        code.label("sweep").call("collect").call("release").compare(R15, 0).jump(If.EQUAL, "end");
        code.address(RDI, RBX, KeeperLayout.PAUSE).move(RSI, 0);
        call(Calls.NANOSLEEP);
        code.sub(RBP, 1).jump(If.NOT_EQUAL, "sweep");
        code.label("end").move(RDI, 0);
        call(Calls.EXIT_GROUP);
    }

    private void smallThings() {
        code.label("clock").move(RDI, CLOCK_MONOTONIC).address(RSI, RBX, KeeperLayout.TIME);
        call(Calls.CLOCK_GETTIME);
        code.load(RAX, RBX, KeeperLayout.TIME).multiply(RAX, NANOS);
        code.load(RCX, RBX, KeeperLayout.TIME + 8).add(RAX, RCX).ret();
        code.label(ALARM).ret();
        code.label(ALARM_RETURN);
        call(Calls.RT_SIGRETURN);
    }

    private void clock(int at) {
        code.call("clock").store(RBX, at, RAX);
    }
}
