package dev.suture.process;

import dev.suture.elf.Elf;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Symbol;
import dev.suture.isa.Instruction;
import dev.suture.isa.Instruction.Flow;
import dev.suture.isa.Isa;
import dev.suture.process.CodeMap.Chunk;
import dev.suture.process.CodeMap.Piece;
import dev.suture.process.Ledger.Span;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Finds what some functions get to by jumps within their file, also through tables and variables that hold an address, as
 * these are in the process now.
 *
 * <p>For example {@code malloc} is {@code jmp slow}: who is in {@code slow} has no return address into {@code malloc}, and
 * came from there all the same. Calls are not followed: who was called has one.
 */
final class ReachedCode {
    private static final Isa ISA = Isa.of(Elf.EM_X86_64);

    private final Session session;
    private final CodeMap map;
    private final Set<Span> reached = new LinkedHashSet<>();
    private final Deque<Span> open = new ArrayDeque<>();

    private ReachedCode(Session session, LoadedFile file) {
        this.session = session;
        List<Symbol> symbols = new ArrayList<>(file.elf().symbols());
        symbols.addAll(file.elf().dynamicSymbols());
        map = CodeMap.of(file, symbols);
    }

    /** {@return the functions at some addresses of a file, and all that they get to} */
    static List<Span> from(Session session, LoadedFile file, List<Long> entries) {
        ReachedCode code = new ReachedCode(session, file);
        entries.forEach(code::reach);
        while (!code.open.isEmpty()) {
            code.follow(code.open.removeLast());
        }
        return List.copyOf(code.reached);
    }

    private void reach(long address) {
        Optional<Span> function = map.piece(address).map(Piece::span);
        if (function.isPresent() && reached.add(function.get())) {
            open.add(function.get());
        }
    }

    // What is no instruction is data between them; code falls into step again soon.
    private void follow(Span function) {
        Chunk chunk = map.chunk(function.start()).orElseThrow();
        MemorySegment bytes = chunk.bytes();
        long end = Math.min(bytes.byteSize(), function.end() - chunk.address());
        for (long at = function.start() - chunk.address(); at < end; ) {
            Optional<Instruction> decoded = ISA.decode(bytes, at);
            if (decoded.isEmpty()) {
                at++;
                continue;
            }
            Instruction instruction = decoded.get();
            OptionalLong target = instruction.branchTarget(bytes);
            if (target.isPresent() && instruction.flow() != Flow.CALL) {
                reach(chunk.address() + target.getAsLong());
            }
            boolean isThroughMemory = instruction.flow() == Flow.INDIRECT_JUMP && instruction.ripRelative();
            if (isThroughMemory) {
                int distance = LittleEndian.s32(bytes, at + instruction.displacementAt());
                reach(session.word(chunk.address() + instruction.endOffset() + distance));
            }
            at = instruction.endOffset();
        }
    }
}
