package dev.suture.process;

import dev.suture.elf.Elf;
import dev.suture.elf.LittleEndian;
import dev.suture.isa.Instruction;
import dev.suture.isa.Instruction.Flow;
import dev.suture.isa.Isa;
import dev.suture.process.CodeMap.Chunk;
import dev.suture.process.CodeMap.Piece;
import dev.suture.process.Ledger.Span;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Finds all code that a function is made of.
 *
 * <p>The problem: compilers put the unlikely half of a function elsewhere ({@code f.cold}), and linkers and optimizers
 * split functions further. A thread in such a part is in the function: it uses its frame, returns to its caller, and often
 * jumps back into it. For example {@code f} jumps to 0x1040 when it fails, and there is {@code call report; jmp f+0x20}.
 *
 * <p>A piece of code is a part if the function jumps to it and it is no function of its own: it is entered midway, by its
 * middle or with a frame that is already there, or has no name; and in any case if it jumps back to where no call leads.
 * What only leads elsewhere, as the linker's stubs do, is none. The names that compilers give to parts count as one more
 * reason to take a piece for one. Too much is harmless here: a thread is waited for that would not have to be.
 */
final class FindParts {
    private static final Isa ISA = Isa.of(Elf.EM_X86_64);
    /** From how far a branch with a distance of 8 bits can come, instruction included. */
    private static final int NEAR_BYTES = 144;

    private static final int WINDOW_BYTES = 1 << 20;
    private static final int LONGEST_BRANCH_BYTES = 6;
    private static final int STUB_INSTRUCTIONS = 3;

    /**
     * A branch with a known destination.
     *
     * @param from the address of its instruction
     * @param to where it leads, in the function, at its start or behind that
     * @param isOwn whether it is in the function, or in a part that only the function can get to
     */
    record Branch(long from, long to, boolean isOwn) {}

    /**
     * What was found.
     *
     * @param parts besides the function itself
     * @param branches into the function; of those to its start only its own
     * @param openJumps where it or a part of it jumps to where a register or a table says
     */
    record Found(List<Span> parts, List<Branch> branches, List<Long> openJumps) {}

    private final CodeMap map;
    private final Span function;
    private final Set<Span> parts = new LinkedHashSet<>();
    private final Set<Span> shared = new HashSet<>();

    private FindParts(CodeMap map, Span function) {
        this.map = map;
        this.function = function;
    }

    /** {@return the parts of each of some functions} */
    static List<Found> of(CodeMap map, List<Span> functions) {
        List<Set<Piece>> leadingIn = leadingIn(map, functions);
        List<Found> found = new ArrayList<>();
        for (int i = 0; i < functions.size(); i++) {
            found.add(new FindParts(map, functions.get(i)).find(leadingIn.get(i)));
        }
        return found;
    }

    private Found find(Set<Piece> leadingIn) {
        for (Piece piece : leadingIn) {
            eachInstruction(piece.span(), (address, instruction, target) -> {
                if (isJump(instruction) && target > function.start() && target < function.end()) {
                    add(piece);
                }
            });
        }
        List<Span> open = new ArrayList<>(parts);
        open.add(function);
        while (!open.isEmpty()) {
            Span span = open.removeLast();
            Set<Span> before = new HashSet<>(parts);
            eachInstruction(span, (address, instruction, target) -> {
                if (isJump(instruction) && !isKnown(target)) {
                    map.piece(target).filter(piece -> isPart(piece, target)).ifPresent(this::add);
                }
            });
            parts.stream().filter(part -> !before.contains(part)).forEach(open::add);
        }
        List<Branch> branches = new ArrayList<>();
        List<Long> openJumps = new ArrayList<>();
        Set<Span> all = new LinkedHashSet<>(parts);
        all.add(function);
        leadingIn.forEach(piece -> all.add(piece.span()));
        for (Span span : all) {
            boolean isOwn = span.equals(function) || parts.contains(span) && !shared.contains(span);
            eachInstruction(span, (address, instruction, target) -> {
                boolean isInside = target > function.start() && target < function.end();
                if (isInside || isOwn && isJump(instruction) && target == function.start()) {
                    branches.add(new Branch(address, target, isOwn));
                }
                if (isOwn && instruction.flow() == Flow.INDIRECT_JUMP && !instruction.ripRelative()) {
                    openJumps.add(address);
                }
            });
        }
        return new Found(List.copyOf(parts), branches, openJumps);
    }

    private void add(Piece piece) {
        if (piece.span().start() <= function.start() && piece.span().end() >= function.end()) {
            return;
        }
        parts.add(piece.span());
        if (piece.isFunction()) {
            shared.add(piece.span());
        }
    }

    private boolean isKnown(long target) {
        return function.holds(target) || parts.stream().anyMatch(part -> part.holds(target));
    }

    private boolean isPart(Piece piece, long target) {
        if (piece.startsMidway() && target == piece.span().start()) {
            return true;
        }
        boolean isMidway = target != piece.span().start() || !piece.isFunction();
        return isMidway && !leadsElsewhere(target);
    }

    // The linker's stubs: nothing but a jump through a table of addresses.
    private boolean leadsElsewhere(long target) {
        if (map.isInFunction(target)) {
            return false;
        }
        Chunk chunk = map.chunk(target).orElseThrow();
        long at = target - chunk.address();
        for (int i = 0; i < STUB_INSTRUCTIONS && at < chunk.bytes().byteSize(); i++) {
            Optional<Instruction> instruction = ISA.decode(chunk.bytes(), at);
            if (instruction.isEmpty()) {
                return false;
            }
            if (instruction.get().flow() == Flow.INDIRECT_JUMP) {
                return instruction.get().ripRelative();
            }
            if (instruction.get().flow() != Flow.NEXT) {
                return false;
            }
            at = instruction.get().endOffset();
        }
        return false;
    }

    private static boolean isJump(Instruction instruction) {
        return instruction.flow() == Flow.JUMP || instruction.flow() == Flow.CONDITIONAL;
    }

    private interface Visit {
        /** @param target of a branch; the instruction's own address for all else */
        void instruction(long address, Instruction instruction, long target);
    }

    // What is no instruction is data between them; code falls into step again soon.
    private void eachInstruction(Span span, Visit visit) {
        Optional<Chunk> found = map.chunk(span.start());
        if (found.isEmpty()) {
            return;
        }
        MemorySegment bytes = found.get().bytes();
        long base = found.get().address();
        long end = Math.min(bytes.byteSize(), span.end() - base);
        for (long at = span.start() - base; at < end; ) {
            Optional<Instruction> instruction = ISA.decode(bytes, at);
            if (instruction.isEmpty()) {
                at++;
                continue;
            }
            long target = instruction.get().branchTarget(bytes).orElse(Long.MIN_VALUE - base);
            visit.instruction(base + at, instruction.get(), base + target);
            at = instruction.get().endOffset();
        }
    }

    // All pieces that seem to hold a branch into a function: whether they do is seen when they are decoded.
    private static List<Set<Piece>> leadingIn(CodeMap map, List<Span> functions) {
        List<Set<Piece>> found = new ArrayList<>();
        for (Span function : functions) {
            Set<Piece> near = new LinkedHashSet<>();
            for (long at = function.start() - NEAR_BYTES; at < function.end() + NEAR_BYTES; at++) {
                if (function.holds(at)) {
                    at = function.end() - 1;
                } else {
                    Optional<Piece> piece = map.piece(at);
                    piece.filter(it -> !it.span().holds(function.start())).ifPresent(near::add);
                    at = piece.map(it -> Math.max(it.span().end() - 1, 0)).orElse(at);
                }
            }
            found.add(near);
        }
        long lowest = functions.stream().mapToLong(Span::start).min().orElse(0);
        long highest = functions.stream().mapToLong(Span::end).max().orElse(0);
        eachBranch(map, lowest, highest, branch -> {
            for (int i = 0; i < functions.size(); i++) {
                Span function = functions.get(i);
                if (branch.to() > function.start() && branch.to() < function.end() && !function.holds(branch.from())) {
                    map.piece(branch.from())
                            .filter(it -> !it.span().holds(function.start()))
                            .ifPresent(found.get(i)::add);
                }
            }
        });
        return found;
    }

    // At any byte, and without decoding: there may be millions of instructions.
    private static void eachBranch(CodeMap map, long lowest, long highest, Consumer<Branch> visit) {
        for (Chunk chunk : map.chunks()) {
            long size = chunk.bytes().byteSize();
            for (long from = 0; from < size; from += WINDOW_BYTES) {
                int count = (int) Math.min(size - from, WINDOW_BYTES + LONGEST_BRANCH_BYTES);
                byte[] window = chunk.bytes().asSlice(from, count).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
                scan(window, chunk.address() + from, lowest, highest, visit);
            }
        }
    }

    private static void scan(byte[] window, long address, long lowest, long highest, Consumer<Branch> visit) {
        MemorySegment bytes = MemorySegment.ofArray(window);
        for (int at = 0; at + 5 <= window.length; at++) {
            int opcode = window[at] & 0xff;
            int distanceAt;
            if (opcode == 0xe8 || opcode == 0xe9) {
                distanceAt = at + 1;
            } else if (opcode == 0x0f && (window[at + 1] & 0xf0) == 0x80 && at + 6 <= window.length) {
                distanceAt = at + 2;
            } else {
                continue;
            }
            long to = address + distanceAt + 4 + LittleEndian.s32(bytes, distanceAt);
            if (to > lowest && to < highest) {
                visit.accept(new Branch(address + at, to, false));
            }
        }
    }
}
