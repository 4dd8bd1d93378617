package dev.suture.process;

import dev.suture.elf.Elf;
import dev.suture.elf.LittleEndian;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import dev.suture.process.Ledger.Span;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Code out of which no instruction leads: neither a return, nor a call, a system call, a jump to where a register says, or
 * code that is not known.
 *
 * <p>For example {@code 1: add $1,%eax; jmp 1b}. Who is there stays there, unless a signal's handler jumps elsewhere
 * ({@code siglongjmp}) or the thread is ended ({@code pthread_cancel}); of all other loops nobody can tell.
 */
final class EndlessLoops {
    private static final Isa ISA = Isa.of(Elf.EM_X86_64);
    private static final int LARGEST_LOOP = 4096;

    private final MemorySegment code;
    private final Span span;

    /** @param code from the start of the span on */
    EndlessLoops(Span span, byte[] code) {
        this.span = new Span(span.start(), Math.min(span.end(), span.start() + code.length));
        this.code = MemorySegment.ofArray(code);
    }

    /** {@return whether there is such a loop at all} */
    boolean areThere() {
        for (long at = 0; at < span.end() - span.start(); ) {
            Optional<Instruction> decoded = ISA.decode(code, at);
            if (decoded.isEmpty()) {
                at++;
                continue;
            }
            long target = decoded.get().branchTarget(code).orElse(Long.MAX_VALUE);
            if (target <= at && hasNoWayOut(span.start() + target)) {
                return true;
            }
            at = decoded.get().endOffset();
        }
        return false;
    }

    /** {@return whether no instruction leads a thread out of this code whose next one is at an address} */
    boolean hasNoWayOut(long address) {
        Set<Long> seen = new HashSet<>();
        Deque<Long> open = new ArrayDeque<>(Set.of(address));
        while (!open.isEmpty()) {
            long at = open.removeLast();
            if (!seen.add(at)) {
                continue;
            }
            Optional<Instruction> decoded = span.holds(at) && seen.size() <= LARGEST_LOOP
                    ? ISA.decode(code, at - span.start())
                    : Optional.empty();
            if (decoded.isEmpty() || mayAskTheSystem(decoded.get())) {
                return false;
            }
            Instruction instruction = decoded.get();
            long target = span.start() + instruction.branchTarget(code).orElse(0);
            long next = span.start() + instruction.endOffset();
            switch (instruction.flow()) {
                case NEXT -> open.add(next);
                case JUMP -> open.add(target);
                case CONDITIONAL -> {
                    open.add(target);
                    open.add(next);
                }
                case CALL, INDIRECT_CALL, INDIRECT_JUMP, RETURN, TRAP -> {
                    return false;
                }
            }
        }
        return true;
    }

    // syscall, sysenter, int: or what has such bytes as a constant.
    private boolean mayAskTheSystem(Instruction instruction) {
        for (long at = instruction.offset(); at + 1 < instruction.endOffset(); at++) {
            int first = LittleEndian.u8(code, at);
            int second = LittleEndian.u8(code, at + 1);
            if (first == 0xcd || first == 0x0f && (second == 0x05 || second == 0x34)) {
                return true;
            }
        }
        return false;
    }
}
