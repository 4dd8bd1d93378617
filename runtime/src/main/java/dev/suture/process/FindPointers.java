package dev.suture.process;

import dev.suture.elf.LittleEndian;
import dev.suture.linux.Calls;
import dev.suture.linux.Keeper;
import dev.suture.linux.Registers;
import dev.suture.process.Ledger.Span;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * Finds what still leads into a payload that nobody runs any more: an address of it in a register, a stack, a variable, or
 * as the handler of a signal. Whoever follows that when the memory is gone has none.
 *
 * <p>For example a function of the payload stored a string of its own in a global variable, or gave {@code signal()} a
 * handler. What only looks like such an address counts, too; what lies below the stack pointer of a thread on its own
 * stack does not, as nobody reads it before it is written. In a program that switches stacks, one of these may be within a
 * frame of the thread's own, and below it there may be frames that it comes back to: there it has to be seen that the calls
 * lead to where the thread began.
 */
final class FindPointers implements Change {
    private static final int WINDOW_BYTES = 1 << 20;
    private static final int PART_BYTES = 1 << 18;
    private static final long MOST_BYTES = 1L << 31;
    private static final int RED_ZONE_BYTES = 128;
    private static final int HANDLER_BYTES = 8;
    private static final int ACTION_BYTES = 24;
    /** What a C library keeps of a thread lies behind the thread's variables, and the stack ends behind that. */
    private static final int NOTES_BYTES = 8192;

    /** How long the code is with which a program, or a thread, begins. */
    private static final int BEGINNING_BYTES = 96;

    private static final int CALL_BYTES = 7;
    private static final List<Integer> MAKE_THREADS = List.of(Calls.CLONE, Calls.CLONE3);

    private static final int[] REGISTERS = {
        Registers.R15, Registers.R14, Registers.R13, Registers.R12, Registers.RBP, Registers.RBX, Registers.R11,
        Registers.R10, Registers.R9, Registers.R8, Registers.RAX, Registers.RCX, Registers.RDX, Registers.RSI,
        Registers.RDI, Registers.RIP
    };

    private final Session session;
    private final Span payload;
    private final Span ledger;
    private final LoadedFiles files;
    private final Ledger inProcess;
    private final Map<Integer, MemorySegment> stops = new HashMap<>();
    private String inRegister = "";
    private long searchedBytes;

    FindPointers(Work work, Ledger.Entry entry) {
        this.session = work.session();
        this.files = work.files();
        this.inProcess = work.ledger();
        this.ledger = work.room().ledger().span();
        this.payload = new Span(entry.region(), entry.region() + entry.regionBytes());
    }

    @Override
    public void addCalls(Keeper keeper) {
        Change.NONE.addCalls(keeper);
    }

    @Override
    public void with(BorrowedThread thread) {}

    /** Takes note of the registers that all threads had when they were stopped. */
    @Override
    public void made(Keeper keeper) {
        for (int i = 0; i < keeper.threadCount(); i++) {
            MemorySegment registers = keeper.registers(i);
            int tid = keeper.tid(i);
            MemorySegment copy = MemorySegment.ofArray(new long[Registers.BYTES / Long.BYTES]);
            copy.copyFrom(registers);
            stops.put(tid, copy);
            for (int register : REGISTERS) {
                if (payload.holds(Registers.get(registers, register))) {
                    inRegister = "thread %d has 0x%x in a register".formatted(tid, Registers.get(registers, register));
                }
            }
        }
    }

    /** {@return what leads into the payload, the first that is found} */
    Optional<String> find(BorrowThread borrow) {
        if (!inRegister.isEmpty()) {
            return Optional.of(inRegister);
        }
        return handler(borrow).or(this::inMemory);
    }

    private Optional<String> handler(BorrowThread borrow) {
        long caught;
        try {
            caught = Long.parseUnsignedLong(ProcStatus.read(session.pid()).text("SigCgt"), 16);
        } catch (IOException e) {
            throw new ProcessException(session.pid(), "it has ended");
        }
        List<Integer> signals = new ArrayList<>();
        for (int signal = 1; signal <= Long.SIZE; signal++) {
            if ((caught >>> (signal - 1) & 1) != 0) {
                signals.add(signal);
            }
        }
        return signals.isEmpty() ? Optional.empty() : borrow.with(thread -> handler(thread, signals));
    }

    private Optional<String> handler(BorrowedThread thread, List<Integer> signals) {
        for (int signal : signals) {
            long at = thread.scratch();
            if (thread.call(Calls.RT_SIGACTION, signal, 0, at, HANDLER_BYTES, 0, 0) == 0) {
                byte[] action = session.memory().read(at, ACTION_BYTES);
                for (int word = 0; word + 8 <= action.length; word += 8) {
                    if (payload.holds(LittleEndian.u64(MemorySegment.ofArray(action), word))) {
                        return Optional.of("it handles signal %d".formatted(signal));
                    }
                }
            }
        }
        return Optional.empty();
    }

    // What others fill when it is touched is neither there now nor zero, and reading it would wait for them.
    private Optional<String> filledByOthers() {
        try (Stream<String> lines =
                Files.lines(Path.of("/proc/" + session.pid() + "/smaps"), StandardCharsets.ISO_8859_1)) {
            return lines.filter(line -> line.startsWith("VmFlags:"))
                    .map(line -> List.of(line.split(" +")))
                    .filter(flags -> flags.contains("um") || flags.contains("ui"))
                    .findFirst()
                    .map(flags -> "it has memory that comes from elsewhere when it is touched (userfaultfd)");
        } catch (IOException | UncheckedIOException e) {
            return Optional.of("its /proc/%d/smaps cannot be read (%s)".formatted(session.pid(), e.getMessage()));
        }
    }

    private Optional<String> inMemory() {
        Optional<String> filled = filledByOthers();
        if (filled.isPresent()) {
            return filled;
        }
        Mappings mappings = Mappings.read(session.pid());
        List<Span> unused = new ArrayList<>(unused(mappings));
        unused.add(payload);
        unused.add(ledger);
        searchedBytes = 0;
        for (Mapping mapping : mappings.all()) {
            if (!mapping.isReadable() || mapping.permissions().charAt(1) != 'w') {
                continue;
            }
            Optional<String> found = search(mapping, unused);
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }

    private List<Span> unused(Mappings mappings) {
        List<Span> unused = new ArrayList<>();
        boolean mayBeElsewhere = StackSwitches.areIn(files);
        stops.forEach((tid, registers) -> {
            long pointer = Registers.get(registers, Registers.RSP);
            OptionalLong start = tid == session.firstThread()
                    ? firstStackStart(mappings, pointer)
                    : threadStackStart(Registers.get(registers, Registers.FS_BASE), pointer);
            if (start.isPresent() && (!mayBeElsewhere || beginsAtHome(tid, registers, mappings))) {
                unused.add(new Span(start.getAsLong(), pointer - RED_ZONE_BYTES));
            }
        });
        return unused;
    }

    // Threads run again by now; whose calls cannot be followed any more may be anywhere.
    private boolean beginsAtHome(int tid, MemorySegment registers, Mappings mappings) {
        Unwind unwind = new Unwind(session.memory(), files, inProcess);
        Unwind.Chain chain = unwind.chain(
                registers,
                Registers.get(registers, Registers.RSP),
                MemorySegment.ofArray(new byte[0]),
                SignalReturns.find(session.memory(), mappings));
        return chain.isComplete()
                && !chain.returnAddresses().isEmpty()
                && isBeginning(tid, chain.returnAddresses().getLast());
    }

    // The program's entry code calls what the first thread does; the others go on behind the call that made them.
    private boolean isBeginning(int tid, long address) {
        if (tid == session.firstThread()) {
            LoadedFile program = files.program().orElseThrow();
            long entry = program.bias() + program.elf().header().entryAddress();
            return address > entry && address < entry + BEGINNING_BYTES;
        }
        byte[] before = session.memory().read(address - BEGINNING_BYTES, BEGINNING_BYTES);
        for (int at = 0; at + CALL_BYTES <= before.length; at++) {
            int from = at;
            if (MAKE_THREADS.stream().anyMatch(number -> isCall(before, from, number))) {
                return true;
            }
        }
        return false;
    }

    // mov $number,%eax; syscall
    private static boolean isCall(byte[] code, int at, int number) {
        MemorySegment bytes = MemorySegment.ofArray(code);
        return code[at] == (byte) 0xb8
                && LittleEndian.u32(bytes, at + 1) == number
                && code[at + 5] == 0x0f
                && code[at + 6] == 0x05;
    }

    private static OptionalLong firstStackStart(Mappings mappings, long pointer) {
        return mappings.firstStack()
                .filter(mapping -> mapping.contains(pointer))
                .map(mapping -> OptionalLong.of(mapping.start()))
                .orElse(OptionalLong.empty());
    }

    // What lies below a thread's stack may be the stack of a coroutine, with nothing between them. Where a thread's own
    // begins C libraries note beside its variables, as an address and a size: the end is where these variables are.
    private OptionalLong threadStackStart(long own, long pointer) {
        MemorySegment notes = MemorySegment.ofArray(session.memory().read(own, NOTES_BYTES));
        OptionalLong found = OptionalLong.empty();
        for (long word = 0; word + 16 <= notes.byteSize(); word += 8) {
            long start = LittleEndian.u64(notes, word);
            long end = start + LittleEndian.u64(notes, word + 8);
            boolean isStack = start > 0 && start < pointer && pointer < own && end > own && end <= own + NOTES_BYTES;
            if (isStack && (found.isEmpty() || found.getAsLong() < start)) {
                found = OptionalLong.of(start);
            }
        }
        return found;
    }

    private Optional<String> search(Mapping mapping, List<Span> unused) {
        // What nobody has touched is zero: most of the stacks of threads.
        boolean isZeroAtFirst = !mapping.isFile() && mapping.permissions().charAt(3) == 'p';
        for (long from = mapping.start(); from < mapping.end(); ) {
            if (isZeroAtFirst) {
                from = session.touched().firstFrom(from, mapping.end());
            }
            int size = (int) Math.min(mapping.end() - from, isZeroAtFirst ? PART_BYTES : WINDOW_BYTES);
            searchedBytes += size;
            if (searchedBytes > MOST_BYTES) {
                return Optional.of("it has more than %,d bytes of memory, too much to search".formatted(MOST_BYTES));
            }
            MemorySegment bytes = MemorySegment.ofArray(session.memory().read(from, size));
            if (bytes.byteSize() < size) {
                return Optional.of("its memory at 0x%x cannot be read".formatted(from + bytes.byteSize()));
            }
            for (long word = 0; word + 8 <= bytes.byteSize(); word += 8) {
                long value = LittleEndian.u64(bytes, word);
                if (payload.holds(value)) {
                    long at = from + word;
                    if (unused.stream().noneMatch(span -> span.holds(at))) {
                        return Optional.of("0x%x is at 0x%x%s"
                                .formatted(value, at, mapping.name().isEmpty() ? "" : " (" + mapping.name() + ")"));
                    }
                }
            }
            from += size;
        }
        return Optional.empty();
    }
}
