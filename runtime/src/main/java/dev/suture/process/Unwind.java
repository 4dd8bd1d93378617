package dev.suture.process;

import dev.suture.elf.LittleEndian;
import dev.suture.linux.Memory;
import dev.suture.linux.Registers;
import dev.suture.process.Ledger.Span;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Follows the call chain of a stopped thread by the unwinding information of its files.
 *
 * @see "System V ABI, AMD64 supplement, 3.6.2 and 4.2.4; DWARF 5, 6.4"
 */
final class Unwind {
    private static final int MOST_FRAMES = 1 << 22;
    private static final int STACK_POINTER = 7;
    // Of struct ucontext: r8 to r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, by their numbers in DWARF.
    private static final int INTERRUPTED_AT = 40;
    private static final int[] INTERRUPTED = {8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7, 16};
    private static final int[] REGISTERS = {
        Registers.RAX, Registers.RDX, Registers.RCX, Registers.RBX, Registers.RSI, Registers.RDI, Registers.RBP,
        Registers.RSP, Registers.R8, Registers.R9, Registers.R10, Registers.R11, Registers.R12, Registers.R13,
        Registers.R14, Registers.R15, Registers.RIP
    };

    private final Memory memory;
    private final LoadedFiles files;
    private final Ledger ledger;
    private final Map<LoadedFile, FrameTable> tables = new HashMap<>();
    private final Map<String, FrameTable> payloadTables = new HashMap<>();

    Unwind(Memory memory, LoadedFiles files, Ledger ledger) {
        this.memory = memory;
        this.files = files;
        this.ledger = ledger;
    }

    /**
     * A call chain.
     *
     * @param returnAddresses where the thread will return to, innermost first
     * @param calls how each function of it was entered, in the same order
     * @param isComplete whether the chain was followed to its end
     * @param end the stack pointer of its outermost frame
     * @param lastAddress the outermost address
     */
    record Chain(List<Long> returnAddresses, List<Call> calls, boolean isComplete, long end, long lastAddress) {}

    /**
     * A step of a chain.
     *
     * @param function what was entered; empty for the kernel's frame of a signal
     * @param address where it is in it
     * @param ownPointer the stack pointer there
     * @param returnAddress where it will return to
     * @param stackPointer what the stack pointer will be then
     * @param isPlain whether the return address is where a call puts it
     */
    record Call(
            Optional<Span> function,
            long address,
            long ownPointer,
            long returnAddress,
            long stackPointer,
            boolean isPlain) {}

    private record Found(FrameTable.Frame frame, Span function) {}

    /**
     * {@return the call chain of a thread}
     *
     * @param stack a copy of what is at the stack pointer, as much as there is
     * @param signalReturns where signal handlers return to
     */
    Chain chain(MemorySegment threadRegisters, long stackPointer, MemorySegment stack, Set<Long> signalReturns) {
        long[] registers = new long[FrameTable.REGISTERS];
        for (int i = 0; i < REGISTERS.length; i++) {
            registers[i] = Registers.get(threadRegisters, REGISTERS[i]);
        }
        FrameTable.Words words = address -> {
            long offset = address - stackPointer;
            return offset >= 0 && offset + 8 <= stack.byteSize()
                    ? LittleEndian.u64(stack, offset)
                    : wordInMemory(address);
        };
        List<Call> calls = new ArrayList<>();
        try {
            long[] earlier = new long[2];
            for (int i = 0; i < MOST_FRAMES; i++) {
                long address = registers[FrameTable.RETURN_ADDRESS];
                long pointer = registers[STACK_POINTER];
                if (address == earlier[0] && pointer == earlier[1]) {
                    return chain(calls, false, registers);
                }
                // What goes in a circle comes by one of these again.
                if (Integer.bitCount(i) == 1) {
                    earlier[0] = address;
                    earlier[1] = pointer;
                }
                if (signalReturns.contains(address)) {
                    interrupted(registers, words);
                    signalFrame = true;
                    calls.add(call(Optional.empty(), address, pointer, registers, false));
                    continue;
                }
                long inside = isCall(calls) ? address - 1 : address;
                Optional<Found> found = found(inside);
                if (found.isEmpty()) {
                    return chain(calls, isMadeEnd(address, inside), registers);
                }
                FrameTable.Frame frame = found.get().frame();
                if (!frame.step(registers, words) || registers[FrameTable.RETURN_ADDRESS] == 0) {
                    return chain(calls, true, registers);
                }
                signalFrame = frame.isSignal();
                boolean isPlain =
                        !signalFrame && words.at(registers[STACK_POINTER] - 8) == registers[FrameTable.RETURN_ADDRESS];
                calls.add(call(Optional.of(found.get().function()), address, pointer, registers, isPlain));
            }
        } catch (FrameTable.BrokenException e) {
            return chain(calls, false, registers);
        } finally {
            signalFrame = false;
        }
        return chain(calls, false, registers);
    }

    private static Call call(Optional<Span> function, long address, long pointer, long[] registers, boolean isPlain) {
        return new Call(
                function, address, pointer, registers[FrameTable.RETURN_ADDRESS], registers[STACK_POINTER], isPlain);
    }

    private Optional<Found> found(long address) {
        long described = described(address);
        return table(described)
                .flatMap(table -> table.at(described))
                .map(frame -> new Found(
                        frame, new Span(frame.start() - described + address, frame.end() - described + address)));
    }

    /** {@return from where to where there is unwinding information for the function at an address} */
    Optional<Span> function(long address) {
        try {
            return found(address).map(Found::function);
        } catch (FrameTable.BrokenException e) {
            return Optional.empty();
        }
    }

    // Who makes a stack for a coroutine puts a function's address where its caller's would be. No call is before that.
    private boolean isMadeEnd(long address, long inside) {
        return inside == address - 1
                && table(address)
                        .flatMap(table -> table.at(address))
                        .filter(frame -> frame.start() == address)
                        .isPresent();
    }

    private static Chain chain(List<Call> calls, boolean isComplete, long[] registers) {
        return new Chain(
                calls.stream().map(Call::returnAddress).toList(),
                calls,
                isComplete,
                registers[STACK_POINTER],
                registers[FrameTable.RETURN_ADDRESS]);
    }

    private static void interrupted(long[] registers, FrameTable.Words words) {
        long context = registers[STACK_POINTER];
        for (int i = 0; i < INTERRUPTED.length; i++) {
            registers[INTERRUPTED[i]] = words.at(context + INTERRUPTED_AT + 8L * i);
        }
    }

    private boolean signalFrame;

    // A return address is behind the call, and may be the first byte of the next function; where a signal came in it
    // is the very instruction.
    private boolean isCall(List<Call> calls) {
        return !calls.isEmpty() && !signalFrame;
    }

    private long wordInMemory(long address) {
        byte[] bytes = memory.read(address, 8);
        if (bytes.length < 8) {
            throw new FrameTable.BrokenException("0x%x cannot be read".formatted(address));
        }
        return LittleEndian.u64(MemorySegment.ofArray(bytes), 0);
    }

    // A function written over an old one is described by its payload, for where its copy is.
    private long described(long address) {
        for (String name : ledger.applied().reversed()) {
            for (Ledger.Function function : ledger.entry(name).orElseThrow().functions()) {
                if (function.isInPlace() && function.oldHolds(address)) {
                    return address - function.oldAddress() + function.newAddress();
                }
            }
        }
        return address;
    }

    private Optional<FrameTable> table(long address) {
        for (Ledger.Entry entry : ledger.entries()) {
            if (entry.holdsCode(address)) {
                return entry.frames() == 0
                        ? Optional.empty()
                        : Optional.of(payloadTables.computeIfAbsent(entry.name(), name -> {
                            int size = (int) (entry.region() + entry.regionBytes() - entry.frames());
                            return FrameTable.read(memory.read(entry.frames(), size), entry.frames());
                        }));
            }
        }
        return files.at(address).flatMap(file -> {
            FrameTable known = tables.get(file);
            if (known == null) {
                known = file.elf()
                        .section(".eh_frame")
                        .filter(section -> !section.isNobits())
                        .map(section -> FrameTable.read(section.bytes(), file.address(section)))
                        .orElse(FrameTable.NONE);
                tables.put(file, known);
            }
            return Optional.of(known);
        });
    }
}
