package dev.suture.process;

import dev.suture.elf.LittleEndian;
import dev.suture.linux.Calls;
import dev.suture.linux.Registers;
import dev.suture.process.Ledger.Span;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Tells whether a thread may be inside of the unwinder or the allocator, and hold what a call of theirs would then wait for
 * without end: the thread itself.
 *
 * <p>For example one that throws exceptions all the time is mostly in {@code _Unwind_Find_FDE}, which holds the lock that
 * {@code __register_frame_info} wants. It is elsewhere a moment later.
 */
final class HeldLocks {
    /** Which take the unwinder's lock. What they call has left a return address into them. */
    private static final Set<String> UNWINDER = Set.of(
            "_Unwind_Find_FDE",
            "__register_frame",
            "__register_frame_info",
            "__register_frame_info_bases",
            "__deregister_frame",
            "__deregister_frame_info",
            "__deregister_frame_info_bases");

    private static final Set<String> ALLOCATOR = Set.of(
            "malloc", "calloc", "realloc", "reallocarray", "free", "memalign", "posix_memalign", "aligned_alloc");
    /** In the C library one function calls the other; other allocators jump, and nothing on the stack tells of that. */
    private static final String C_LIBRARY = "__libc_start_main";

    /** In the midst of these the allocator may be, and others of its locks are not held while a thread waits. */
    private static final Set<Long> OF_ALLOCATORS = Set.of(
            (long) Calls.MMAP, (long) Calls.MPROTECT, (long) Calls.MUNMAP, (long) Calls.BRK, (long) Calls.MREMAP);

    private static final int LONGEST_STACK_BYTES = 1 << 20;

    private final Session session;
    private final List<Span> unwinder = new ArrayList<>();
    private final List<Span> allocator = new ArrayList<>();

    HeldLocks(Session session, LoadedFiles files) {
        this.session = session;
        LoadedFile program = files.program().orElseThrow();
        for (LoadedFile file : files.all()) {
            unwinder.addAll(functions(file, UNWINDER));
            List<Span> allocates = functions(file, ALLOCATOR);
            boolean isOther = !file.equals(program)
                    && functions(file, Set.of(C_LIBRARY)).isEmpty();
            if (!allocates.isEmpty() && isOther) {
                allocator.add(new Span(file.start(), file.end()));
            }
            allocator.addAll(allocates);
        }
    }

    private static List<Span> functions(LoadedFile file, Set<String> names) {
        return Stream.concat(file.elf().dynamicSymbols().stream(), file.elf().symbols().stream())
                .filter(symbol -> symbol.isFunction() && symbol.isInSection() && names.contains(symbol.name()))
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
        if (OF_ALLOCATORS.contains(call) || isIn(allocator, address) || isOnStack(stack, allocator)) {
            return Optional.of("may be in the midst of allocating memory");
        }
        return isIn(unwinder, address) || isOnStack(stack, unwinder)
                ? Optional.of("is in the midst of throwing an exception")
                : Optional.empty();
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
