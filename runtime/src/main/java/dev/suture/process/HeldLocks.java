package dev.suture.process;

import dev.suture.elf.LittleEndian;
import dev.suture.elf.Symbol;
import dev.suture.linux.Calls;
import dev.suture.linux.Registers;
import dev.suture.process.Ledger.Span;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Tells whether a thread may be inside of the unwinder or the allocator, and hold what a call of theirs would then wait for
 * without end: the thread itself.
 *
 * <p>For example one that throws exceptions all the time is mostly in {@code _Unwind_Find_FDE}, which holds the lock that
 * {@code __register_frame_info} wants. It is elsewhere a moment later.
 */
final class HeldLocks {
    /**
     * Which take the unwinder's lock: all that libgcc's unwind-dw2-fde.c has for others. What they call has left a return
     * address into them.
     */
    private static final Set<String> UNWINDER = Set.of(
            "_Unwind_Find_FDE",
            "__register_frame",
            "__register_frame_info",
            "__register_frame_info_bases",
            "__register_frame_table",
            "__register_frame_info_table",
            "__register_frame_info_table_bases",
            "__deregister_frame",
            "__deregister_frame_info",
            "__deregister_frame_info_bases");

    /**
     * What allocators have for programs (malloc.h). In C libraries they are one object with all that they call and that
     * holds their locks, so whatever lies between the first and the last of them is the allocator.
     */
    private static final Set<String> ALLOCATOR = Set.of(
            "malloc",
            "calloc",
            "realloc",
            "free",
            "memalign",
            "posix_memalign",
            "aligned_alloc",
            "valloc",
            "pvalloc",
            "malloc_trim",
            "malloc_usable_size",
            "malloc_stats",
            "malloc_info",
            "mallinfo",
            "mallinfo2",
            "mallopt");

    /**
     * The same in C++ (Itanium C++ ABI, 5.1.5.3: operator new, new[], delete, delete[]), where a file that has malloc has
     * them as well: libstdc++'s call malloc.
     */
    private static final List<String> OPERATORS = List.of("_Znw", "_Zna", "_Zdl", "_Zda");

    /** Take all of the allocator's locks before the system call, and let go of them behind it. */
    private static final Set<String> FORKS = Set.of("fork", "__libc_fork", "_Fork");

    private static final String STARTS_PROGRAMS = "__libc_start_main";

    /** In the midst of these the allocator may be, and others of its locks are not held while a thread waits. */
    private static final Set<Long> OF_ALLOCATORS = Set.of(
            (long) Calls.MMAP,
            (long) Calls.MPROTECT,
            (long) Calls.MUNMAP,
            (long) Calls.BRK,
            (long) Calls.MREMAP,
            (long) Calls.MADVISE,
            (long) Calls.CLONE,
            (long) Calls.FORK,
            (long) Calls.CLONE3);

    /** Where its functions are further apart than one object is large, they are not one. */
    private static final long LARGEST_OBJECT_BYTES = 1 << 18;

    /** What nobody outside may call lies before the first and behind the last that they may. */
    private static final long LARGEST_INSIDE_BYTES = 1 << 15;

    private static final int LONGEST_STACK_BYTES = 1 << 20;
    /** {@code mov $15,%eax; syscall}, the longer way. */
    private static final int SIGNAL_RETURN_BYTES = 9;

    private final Session session;
    private final LoadedFiles files;
    private final List<Span> unwinder = new ArrayList<>();
    private final List<Span> allocator = new ArrayList<>();
    private final Set<Long> signalReturns;
    private final Unwind unwind;

    HeldLocks(Session session, LoadedFiles files, Ledger ledger) {
        this.session = session;
        this.files = files;
        this.signalReturns = SignalReturns.find(session.memory(), files.mappings());
        this.unwind = new Unwind(session.memory(), files, ledger);
        for (LoadedFile file : files.all()) {
            unwinder.addAll(functions(file, UNWINDER::contains));
            allocator.addAll(functions(file, FORKS::contains));
            allocator.addAll(allocator(file));
        }
    }

    // Of the C library it is known that it is one object, and that its functions call each other. Other allocators
    // jump, and nothing on the stack tells of that. A file that has more than an allocator may be where threads mostly
    // are: there it is what they get to.
    private List<Span> allocator(LoadedFile file) {
        List<Span> functions = functions(file, ALLOCATOR::contains);
        if (functions.isEmpty()) {
            return List.of();
        }
        boolean isCLibrary = StackSwitches.isKnown(file.elf());
        boolean startsPrograms = !functions(file, STARTS_PROGRAMS::equals).isEmpty();
        if (!isCLibrary && !startsPrograms && !file.equals(files.program().orElseThrow())) {
            return List.of(new Span(file.start(), file.end()));
        }
        List<Span> all = new ArrayList<>(functions);
        if (isCLibrary || startsPrograms) {
            all.addAll(object(file, functions));
        }
        if (!isCLibrary) {
            if (!startsPrograms) {
                all.addAll(between(functions));
            }
            all.addAll(functions(file, name -> OPERATORS.stream().anyMatch(name::startsWith)));
            all.addAll(ReachedCode.from(
                    session, file, all.stream().map(Span::start).toList()));
        }
        return all;
    }

    // An allocator that is linked in has others beside those (jemalloc: mallocx, sdallocx, mallctl), in the same
    // object.
    private static List<Span> between(List<Span> functions) {
        long start = functions.stream().mapToLong(Span::start).min().orElse(0);
        long end = functions.stream().mapToLong(Span::end).max().orElse(0);
        return end - start > LARGEST_OBJECT_BYTES ? List.of() : List.of(new Span(start, end));
    }

    // From where what others may call ends before it, to where that begins again behind it.
    private static List<Span> object(LoadedFile file, List<Span> functions) {
        long start = functions.stream().mapToLong(Span::start).min().orElse(0);
        long end = functions.stream().mapToLong(Span::end).max().orElse(0);
        if (end - start > LARGEST_OBJECT_BYTES || start == end) {
            return List.of();
        }
        long from = Math.max(file.start(), start - LARGEST_INSIDE_BYTES);
        long to = Math.min(file.end(), end + LARGEST_INSIDE_BYTES);
        for (Symbol symbol : file.elf().dynamicSymbols()) {
            if (symbol.isFunction() && symbol.isInSection()) {
                long address = file.bias() + symbol.value();
                long behind = address + Math.max(1, symbol.sizeBytes());
                from = behind <= start ? Math.max(from, behind) : from;
                to = address >= end ? Math.min(to, address) : to;
            }
        }
        boolean isExporting = file.elf().dynamicSymbols().stream()
                .anyMatch(symbol -> symbol.isInSection() && ALLOCATOR.contains(symbol.name()));
        return List.of(isExporting ? new Span(from, to) : new Span(start, end));
    }

    private static List<Span> functions(LoadedFile file, Predicate<String> isMeant) {
        return Stream.concat(file.elf().dynamicSymbols().stream(), file.elf().symbols().stream())
                .filter(symbol -> symbol.isFunction() && symbol.isInSection() && isMeant.test(symbol.name()))
                .map(symbol -> new Span(
                        file.bias() + symbol.value(), file.bias() + symbol.value() + Math.max(1, symbol.sizeBytes())))
                .distinct()
                .toList();
    }

    /** {@return what a stopped thread is in the midst of; empty if nothing} */
    Optional<String> why(MemorySegment registers) {
        long call = Registers.get(registers, Registers.ORIG_RAX);
        long address = Registers.get(registers, Registers.RIP);
        long stackPointer = Registers.get(registers, Registers.RSP) & -8;
        MemorySegment stack = MemorySegment.ofArray(session.memory().read(stackPointer, LONGEST_STACK_BYTES));
        boolean allocates = isIn(allocator, address) || isOnStack(stack, allocator);
        boolean throwsOne = isIn(unwinder, address) || isOnStack(stack, unwinder);
        if (!OF_ALLOCATORS.contains(call) && !allocates && !throwsOne && !isInHandler(address, stack)) {
            return Optional.empty();
        }
        // What the stack has of functions that returned long ago tells nothing, as long as the calls can be followed.
        Unwind.Chain chain = unwind.chain(registers, stackPointer, stack, signalReturns);
        List<Long> addresses = new ArrayList<>(List.of(address));
        addresses.addAll(chain.returnAddresses());
        if (!chain.isComplete()) {
            addresses.addAll(words(stack, chain.end() - stackPointer));
            boolean isElsewhere = chain.end() < stackPointer || chain.end() - stackPointer > stack.byteSize();
            if (isElsewhere) {
                byte[] other = session.memory().read(chain.end() & -8, LONGEST_STACK_BYTES);
                addresses.addAll(words(MemorySegment.ofArray(other), 0));
            }
        }
        if (addresses.stream().anyMatch(caller -> isIn(unwinder, caller))) {
            return Optional.of("is in the midst of throwing an exception");
        }
        return OF_ALLOCATORS.contains(call) || addresses.stream().anyMatch(caller -> isIn(allocator, caller))
                ? Optional.of("is in the midst of allocating memory")
                : Optional.empty();
    }

    // Of a signal. What it interrupted may be on another stack (sigaltstack).
    private boolean isInHandler(long address, MemorySegment stack) {
        List<Span> returns = signalReturns.stream()
                .map(start -> new Span(start, start + SIGNAL_RETURN_BYTES))
                .toList();
        return isIn(returns, address) || isOnStack(stack, returns);
    }

    private static List<Long> words(MemorySegment stack, long from) {
        List<Long> words = new ArrayList<>();
        for (long at = from < 0 || from > stack.byteSize() ? 0 : from; at + 8 <= stack.byteSize(); at += 8) {
            words.add(LittleEndian.u64(stack, at));
        }
        return words;
    }

    // Asked for each word of a stack, while the thread is stopped.
    private static boolean isIn(List<Span> files, long address) {
        for (Span file : files) {
            if (file.holds(address)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isOnStack(MemorySegment stack, List<Span> functions) {
        for (long word = 0; word + 8 <= stack.byteSize(); word += 8) {
            if (isIn(functions, LittleEndian.u64(stack, word))) {
                return true;
            }
        }
        return false;
    }
}
