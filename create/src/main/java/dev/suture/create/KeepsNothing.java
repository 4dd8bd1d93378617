package dev.suture.create;

import dev.suture.diff.Comparison;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.diff.SectionRole;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.image.Image.ImageSymbol;
import dev.suture.image.LinkedCode;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import dev.suture.isa.Operation;
import dev.suture.isa.Operation.Memory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds out from the code of a hypervisor which of its functions keep no address that they are given.
 *
 * <p>Each register that arguments come in is followed through the function, with all that gets its value: none may be put
 * into memory, be returned, or be given to another function that does so. What {@code memcpy()} copies is not kept, and
 * where it copies to is returned. What is not followed counts as kept, such as what {@code printk()} does with the arguments
 * that it finds by a list.
 */
final class KeepsNothing {
    private final Image image;
    private final LinkedCode linked;
    private final Isa isa;
    private final Map<Long, ImageSymbol> byAddress = new HashMap<>();
    /** By address, the registers in which a function keeps nothing; none while that is being found out. */
    private final Map<Long, Integer> known = new HashMap<>();

    private KeepsNothing(Image image) {
        this.image = image;
        linked = new LinkedCode(image.elf());
        isa = Isa.of(image.elf().header().machine());
    }

    /** {@return those among what objects with changed constants refer to, and the registers in which it is so} */
    static Map<String, Integer> of(Image image, List<Comparison> comparisons) {
        Set<String> names = new TreeSet<>();
        for (Comparison comparison : comparisons) {
            if (hasChangedConstant(comparison)) {
                addNames(comparison.original(), names);
            }
        }
        Map<String, Integer> found = new HashMap<>();
        if (!names.isEmpty()) {
            KeepsNothing pass = new KeepsNothing(image);
            pass.readSymbols();
            for (String name : names) {
                List<ImageSymbol> symbols = image.all(name);
                int registers = symbols.size() == 1 ? pass.of(symbols.getFirst()) : 0;
                if (registers != 0) {
                    found.put(name, registers);
                }
            }
        }
        return found;
    }

    private static boolean hasChangedConstant(Comparison comparison) {
        return comparison.patched().pieces().stream()
                .anyMatch(piece -> piece.kind() == Piece.Kind.DATA
                        && piece.role() == SectionRole.READ_ONLY
                        && comparison.status(piece) == Comparison.Status.CHANGED);
    }

    private static void addNames(ObjectPieces object, Set<String> names) {
        for (List<Reference> references : object.references()) {
            for (Reference reference : references) {
                if (reference.target() instanceof Reference.Elsewhere elsewhere) {
                    names.add(elsewhere.symbol().name());
                }
            }
        }
    }

    private void readSymbols() {
        for (Symbol symbol : image.symbolsFrom().symbols()) {
            if (symbol.isFunction() && symbol.isInSection() && symbol.sizeBytes() > 0) {
                byAddress.putIfAbsent(
                        symbol.value(),
                        new ImageSymbol(symbol.name(), symbol.value(), symbol.sizeBytes(), symbol.type()));
            }
        }
    }

    private int of(ImageSymbol function) {
        Integer found = known.get(function.address());
        if (found != null) {
            return found;
        }
        known.put(function.address(), 0);
        boolean isCode = byAddress.containsKey(function.address());
        Optional<MemorySegment> bytes =
                isCode ? linked.bytes(function.address(), function.sizeBytes()) : Optional.empty();
        int registers = 0;
        for (int register = 1; bytes.isPresent() && register != 0; register <<= 1) {
            boolean isArgument = (isa.argumentRegisters() & register) != 0;
            if (isArgument && isGone(bytes.get(), function.address(), register)) {
                registers |= register;
            }
        }
        known.put(function.address(), registers);
        return registers;
    }

    /** {@return whether nobody has what a register held, and what was made of it, when the code is done} */
    private boolean isGone(MemorySegment code, long address, int register) {
        Map<Long, Integer> held = new HashMap<>();
        ArrayDeque<Long> open = new ArrayDeque<>();
        reach(0, register, held, open);
        while (!open.isEmpty()) {
            long at = open.remove();
            Optional<Instruction> decoded = at < code.byteSize() ? isa.decode(code, at) : Optional.empty();
            if (decoded.isEmpty() || !follow(decoded.get(), code, address, held.get(at), held, open)) {
                return false;
            }
        }
        return true;
    }

    private static void reach(long at, int registers, Map<Long, Integer> held, ArrayDeque<Long> open) {
        int before = held.getOrDefault(at, 0);
        if (!held.containsKey(at) || (before | registers) != before) {
            held.put(at, before | registers);
            open.add(at);
        }
    }

    private boolean follow(
            Instruction instruction,
            MemorySegment code,
            long address,
            int registers,
            Map<Long, Integer> held,
            ArrayDeque<Long> open) {
        if (registers == 0) {
            return true;
        }
        Operation operation = isa.operation(instruction, code);
        boolean goesOn = ((operation.keeps() | operation.mixes()) & registers) != 0;
        boolean isStored = operation.memory() == Memory.WRITTEN && goesOn && !isa.copies(instruction, code);
        if (!operation.isKnown() || isStored) {
            return false;
        }
        int kept = registers & ~operation.writes() | (goesOn ? operation.writes() : 0);
        return switch (instruction.flow()) {
            case NEXT, TRAP -> {
                reach(instruction.endOffset(), kept, held, open);
                yield true;
            }
            case CALL -> {
                reach(instruction.endOffset(), kept & isa.preservedRegisters(), held, open);
                yield isGoneIn(instruction.branchTarget(code), address, kept);
            }
            case JUMP, CONDITIONAL -> {
                if (instruction.flow() == Instruction.Flow.CONDITIONAL) {
                    reach(instruction.endOffset(), kept, held, open);
                }
                long target = instruction.branchTarget(code).orElseThrow();
                boolean isInside = target >= 0 && target < code.byteSize();
                if (isInside) {
                    reach(target, kept, held, open);
                }
                yield isInside || isGoneIn(OptionalLong.of(target), address, kept);
            }
            case RETURN -> (kept & isa.resultRegister()) == 0;
            case INDIRECT_CALL, INDIRECT_JUMP -> false;
        };
    }

    private boolean isGoneIn(OptionalLong target, long address, int registers) {
        int passed = registers & isa.argumentRegisters();
        if (passed == 0) {
            return true;
        }
        ImageSymbol callee = byAddress.get(target.orElseThrow() + address);
        return callee != null && (of(callee) & passed) == passed;
    }
}
