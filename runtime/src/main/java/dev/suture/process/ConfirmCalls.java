package dev.suture.process;

import dev.suture.elf.Elf;
import dev.suture.elf.LittleEndian;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import dev.suture.linux.Memory;
import dev.suture.process.Ledger.Span;
import dev.suture.process.Unwind.Call;
import dev.suture.process.Unwind.Chain;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Tells whether the code itself says the same of a call chain as the tables by which it was followed.
 *
 * <p>The problem: a word on a stack leads into a function, and the chain does not come by there. Either the word is left
 * over from an earlier call, within a frame that has not written there; or a table is wrong, and a frame was passed over.
 * In the second case the chain goes from a function to one that did not call it. For example {@code a} calls {@code b},
 * which calls {@code c}, and by the table of {@code c} that returns to {@code a}: in front of that return address there
 * is {@code call b}, and {@code b} nowhere ends in {@code c}.
 *
 * <p>So of each function on the way to the word the instructions have to make a frame of just that size
 * ({@link StackHeight}); or the call has to name it, by a distance, or by a variable of the linker's or the program's that
 * still has it, or to name a function that ends in it by jumps of that kind.
 */
final class ConfirmCalls {
    private static final Isa ISA = Isa.of(Elf.EM_X86_64);
    private static final int CALL_BYTES = 6;
    private static final int STUB_BYTES = 16;
    private static final int MOST_STUBS = 4;
    private static final int MOST_JUMPS = 3;
    private static final int MOST_FUNCTIONS = 16;
    private static final int LARGEST_FUNCTION_BYTES = 1 << 16;
    private static final byte[] ENTRY_MARK = {(byte) 0xf3, 0x0f, 0x1e, (byte) 0xfa};

    private final Memory memory;
    private final Unwind unwind;
    private final Map<Place, OptionalLong> heights = new HashMap<>();
    private final Map<Place, Boolean> named = new HashMap<>();
    private boolean hasReadVariable;

    private record Place(Span function, long address) {}

    ConfirmCalls(Memory memory, Unwind unwind) {
        this.memory = memory;
        this.unwind = unwind;
    }

    /**
     * {@return whether a word on a stack is within a frame of a chain, and the code confirms all calls up to that one}
     *
     * @param address of the word
     */
    boolean isWithinFrame(Chain chain, long address) {
        for (Call call : chain.calls()) {
            if (!call.isPlain() || !isConfirmed(call)) {
                return false;
            }
            if (Long.compareUnsigned(address, call.stackPointer()) < 0) {
                return true;
            }
        }
        return false;
    }

    private boolean isConfirmed(Call call) {
        if (call.function().isEmpty()) {
            return false;
        }
        Span function = call.function().get();
        OptionalLong height = heights.computeIfAbsent(new Place(function, call.address()), this::height);
        return height.isPresent() && call.ownPointer() + height.getAsLong() + 8 == call.stackPointer()
                || isNamed(new Place(function, call.returnAddress()));
    }

    private OptionalLong height(Place place) {
        Span function = place.function();
        long size = function.end() - function.start();
        return size > LARGEST_FUNCTION_BYTES
                ? OptionalLong.empty()
                : StackHeight.at(
                        MemorySegment.ofArray(memory.read(function.start(), (int) size)),
                        place.address() - function.start());
    }

    // Variables change between attempts.
    private boolean isNamed(Place place) {
        Boolean known = named.get(place);
        if (known != null) {
            return known;
        }
        hasReadVariable = false;
        boolean isNamed = isNamedNow(place);
        if (!hasReadVariable) {
            named.put(place, isNamed);
        }
        return isNamed;
    }

    private boolean isNamedNow(Place place) {
        long returnAddress = place.address();
        byte[] before = memory.read(returnAddress - CALL_BYTES, CALL_BYTES);
        if (before.length < CALL_BYTES) {
            return false;
        }
        MemorySegment bytes = MemorySegment.ofArray(before);
        OptionalLong called = OptionalLong.empty();
        if ((before[1] & 0xff) == 0xe8) {
            called = OptionalLong.of(returnAddress + LittleEndian.s32(bytes, 2));
        } else if ((before[0] & 0xff) == 0xff && before[1] == 0x15) {
            called = word(returnAddress + LittleEndian.s32(bytes, 2));
        }
        return called.isPresent() && endsIn(called.getAsLong(), place.function());
    }

    private boolean endsIn(long called, Span function) {
        Set<Long> seen = new HashSet<>();
        List<Long> next = List.of(called);
        for (int jumps = 0; jumps <= MOST_JUMPS && !next.isEmpty(); jumps++) {
            List<Long> further = new ArrayList<>();
            for (long start : next) {
                List<Long> way = throughStubs(start);
                if (way.stream().anyMatch(function::holds)) {
                    return true;
                }
                long end = way.getLast();
                if (seen.size() < MOST_FUNCTIONS && seen.add(end)) {
                    further.addAll(jumps(end));
                }
            }
            next = further;
        }
        return false;
    }

    // What is patched, and what is in another file, begins with a jump there.
    private List<Long> throughStubs(long start) {
        List<Long> way = new ArrayList<>(List.of(start));
        for (int i = 0; i < MOST_STUBS; i++) {
            OptionalLong next = stub(way.getLast());
            if (next.isEmpty()) {
                break;
            }
            way.add(next.getAsLong());
        }
        return way;
    }

    private OptionalLong stub(long address) {
        byte[] code = memory.read(address, STUB_BYTES);
        MemorySegment bytes = MemorySegment.ofArray(code);
        long at = 0;
        if (code.length == STUB_BYTES && bytes.asSlice(0, 4).mismatch(MemorySegment.ofArray(ENTRY_MARK)) < 0) {
            at = ENTRY_MARK.length;
        }
        Optional<Instruction> first = code.length < STUB_BYTES ? Optional.empty() : ISA.decode(bytes, at);
        return first.isEmpty() ? OptionalLong.empty() : jump(first.get(), bytes, address);
    }

    // Where an instruction jumps to, if it says so.
    private OptionalLong jump(Instruction instruction, MemorySegment code, long codeAddress) {
        return switch (instruction.flow()) {
            case JUMP, CONDITIONAL ->
                OptionalLong.of(codeAddress + instruction.branchTarget(code).getAsLong());
            case INDIRECT_JUMP ->
                instruction.ripRelative()
                        ? word(codeAddress
                                + instruction.endOffset()
                                + LittleEndian.s32(code, instruction.offset() + instruction.displacementAt()))
                        : OptionalLong.empty();
            case NEXT, CALL, INDIRECT_CALL, RETURN, TRAP -> OptionalLong.empty();
        };
    }

    private List<Long> jumps(long start) {
        Optional<Span> function = unwind.function(start);
        List<Long> found = new ArrayList<>();
        if (function.isEmpty()) {
            return found;
        }
        Span span = function.get();
        byte[] code = memory.read(span.start(), (int) Math.min(LARGEST_FUNCTION_BYTES, span.end() - span.start()));
        MemorySegment bytes = MemorySegment.ofArray(code);
        for (long at = 0; at < code.length; ) {
            Optional<Instruction> instruction = ISA.decode(bytes, at);
            if (instruction.isEmpty()) {
                return found;
            }
            OptionalLong to = jump(instruction.get(), bytes, span.start());
            if (to.isPresent() && !span.holds(to.getAsLong())) {
                found.add(to.getAsLong());
            }
            at = instruction.get().endOffset();
        }
        return found;
    }

    private OptionalLong word(long address) {
        hasReadVariable = true;
        byte[] bytes = memory.read(address, 8);
        return bytes.length < 8
                ? OptionalLong.empty()
                : OptionalLong.of(LittleEndian.u64(MemorySegment.ofArray(bytes), 0));
    }
}
