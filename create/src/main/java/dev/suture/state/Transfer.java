package dev.suture.state;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.elf.LittleEndian;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import dev.suture.isa.Operation;
import dev.suture.isa.Operation.Memory;
import dev.suture.state.Functions.Node;
import dev.suture.state.Place.Addresses;
import dev.suture.state.Place.Derived;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** What one instruction does to what is known of a variable's address and contents. */
final class Transfer {
    /** rbp, where a function has a frame pointer; and what leads to the stack in any case. */
    private static final int FRAME_POINTER = 1 << 5;

    private final Functions functions;
    private final Variable variable;
    private final MemorySegment first;
    private final List<Reference> addressesInFirst;
    private final boolean partsCount;
    private final boolean isRing;

    Transfer(Functions functions, Variable variable) {
        this.functions = functions;
        this.variable = variable;
        Piece piece = variable.piece();
        ObjectPieces object = functions.object(new Node(variable.object(), piece.index()));
        first = object.contents(piece);
        addressesInFirst = object.references(piece);
        partsCount = functions.usersOf(variable).size() == 1 || variable.sizeBytes() <= Long.BYTES;
        isRing = addressesInFirst.stream().anyMatch(reference -> variable.isMeantBy(variable.object(), reference));
    }

    /** {@return whether to write a part of it is to write it} */
    boolean partsCount() {
        return partsCount;
    }

    /** {@return the numbers that are put there by name, but for the first one; empty if something else is, too} */
    Set<Long> others() {
        Set<Long> found = new HashSet<>();
        for (Node node : functions.usersOf(variable)) {
            Flow flow = functions.flow(node);
            for (int step = 0; step < flow.steps().size(); step++) {
                List<Reference> here = here(node, flow, step);
                int at = step;
                boolean isUse = here.stream().anyMatch(reference -> flow.isOperand(at, reference));
                if (here.isEmpty() || isUse && flow.operation(step).memory() == Memory.READ) {
                    continue;
                }
                Instruction instruction = flow.steps().get(step);
                boolean isNumber = isUse
                        && instruction.immediateBytes() > 0
                        && operand(flow, step, here).isPresent()
                        && flow.isa().overwrites(instruction, flow.bytes());
                if (!isNumber) {
                    return Set.of();
                }
                if (!isFirst(flow, step, here)) {
                    found.add(flow.isa().constant(instruction, flow.bytes()));
                }
            }
        }
        return found;
    }

    /** {@return the references of an instruction that mean the variable} */
    List<Reference> here(Node node, Flow flow, int step) {
        return flow.in(step).stream()
                .filter(reference -> variable.isMeantBy(node.object(), reference))
                .toList();
    }

    /** {@return what is known behind an instruction of where its address and its contents are} */
    Place move(Flow flow, int step, Operation operation, List<Reference> here, Place before, Place after) {
        Optional<Looks.First> operand = before.touched() ? Optional.empty() : operand(flow, step, here);
        return after.with(
                addresses(flow, step, operation, here, before.addresses()),
                derived(flow, step, operation, here, before),
                before.looks().after(flow, step, operation, operand));
    }

    Place behindCall(Flow flow, Place place, int returned, boolean isReadThere) {
        Isa isa = flow.isa();
        int kept = isa.preservedRegisters();
        Addresses addresses = place.addresses();
        Derived derived = place.derived();
        boolean isMadeOfIt = (derived.registers() & isa.argumentRegisters()) != 0 || isReadThere;
        int result = isMadeOfIt ? isa.resultRegister() : 0;
        return place.with(
                new Addresses(addresses.registers() & kept | returned, addresses.frames() & kept, addresses.spilled()),
                new Derived(derived.registers() & kept | result, false, false, derived.spilled(), derived.kept()),
                place.looks().behindCall(isa));
    }

    /** {@return what the operand of an instruction holds at first, if that is the variable} */
    Optional<Looks.First> operand(Flow flow, int step, List<Reference> here) {
        if (here.size() != 1
                || !flow.isOperand(step, here.getFirst())
                || flow.isThroughTable(here.getFirst())
                || flow.operation(step).through() != 0) {
            return Optional.empty();
        }
        long offset = offset(here.getFirst(), flow.steps().get(step));
        return variable.isFrom(offset) ? Optional.of(sizeBytes -> number(offset, sizeBytes)) : Optional.empty();
    }

    private Optional<Long> number(long offset, int sizeBytes) {
        boolean isAddress = addressesInFirst.stream()
                .anyMatch(reference ->
                        reference.pieceOffset() < offset + sizeBytes && reference.pieceOffset() + Long.BYTES > offset);
        if (isAddress || offset < 0 || offset + sizeBytes > variable.piece().sizeBytes()) {
            return Optional.empty();
        }
        long value = 0;
        for (int i = 0; i < sizeBytes; i++) {
            value |= (first.byteSize() == 0 ? 0L : LittleEndian.u8(first, offset + i)) << 8 * i;
        }
        int shift = Long.SIZE - 8 * sizeBytes;
        return Optional.of(value << shift >> shift);
    }

    private Addresses addresses(Flow flow, int step, Operation operation, List<Reference> here, Addresses held) {
        boolean takes = here.stream()
                .anyMatch(reference -> !flow.isOperand(step, reference) || operation.memory() == Memory.ADDRESS);
        // A slot of the table that the loader fills holds the address.
        boolean loads = here.stream().anyMatch(flow::isThroughTable);
        int frames = frames(flow, held);
        int from = operation.keeps() | operation.mixes();
        boolean isOfStack = (operation.through() & frames) != 0;
        boolean loadsSpilled = held.spilled() && isOfStack && operation.memory() == Memory.READ;
        boolean goesOn = (from & held.registers()) != 0;
        int kept = held.registers() & ~operation.writes();
        boolean leadsToStack = operation.memory() == Memory.ADDRESS && isOfStack
                || operation.memory() == Memory.NONE && (from & frames) != 0;
        int ofStack = held.frames() & ~operation.writes() | (leadsToStack ? operation.writes() : 0);
        return new Addresses(
                takes || loads || goesOn || loadsSpilled ? kept | operation.writes() : kept,
                ofStack,
                held.spilled() || isOfStack && stores(flow, step, operation, here, held));
    }

    private static int frames(Flow flow, Addresses held) {
        return held.frames() | flow.isa().stackRegisters() | FRAME_POINTER;
    }

    /** {@return whether an instruction puts the address into memory that is neither the stack's nor the variable's own} */
    boolean escapes(Flow flow, int step, Operation operation, List<Reference> here, Place place) {
        Addresses held = place.addresses();
        boolean isOwn = (operation.through() & held.registers()) != 0
                || here.stream().anyMatch(reference -> flow.isOperand(step, reference));
        return !isRing
                && !isOwn
                && (operation.through() & frames(flow, held)) == 0
                && stores(flow, step, operation, here, held);
    }

    private static boolean stores(Flow flow, int step, Operation operation, List<Reference> here, Addresses held) {
        boolean isConstant = here.stream()
                .anyMatch(reference -> !flow.isOperand(step, reference) && !flow.isThroughTable(reference));
        return operation.memory() == Memory.WRITTEN
                && (isConstant && !flow.isBranch(step) || (stored(operation) & held.registers()) != 0);
    }

    /** What moves or fills a string counts on in the registers that lead to it. */
    private static int stored(Operation operation) {
        boolean isString = (operation.writes() & operation.through()) != 0;
        return (operation.keeps() | operation.mixes()) & ~(isString ? operation.writes() : 0);
    }

    private Derived derived(Flow flow, int step, Operation operation, List<Reference> here, Place place) {
        Derived held = place.derived();
        Instruction instruction = flow.steps().get(step);
        Isa isa = flow.isa();
        int addresses = place.addresses().registers();
        boolean isOfStack = (operation.through() & frames(flow, place.addresses())) != 0;
        boolean reads = operation.memory() == Memory.READ || operation.memory() == Memory.WRITTEN;
        boolean isOwn = (operation.through() & addresses) != 0
                || here.stream()
                        .anyMatch(reference -> flow.isOperand(step, reference) && !flow.isThroughTable(reference));
        boolean readsIt =
                reads && (isOwn || (operation.through() & held.registers()) != 0 || held.spilled() && isOfStack);
        boolean goesOn = ((operation.keeps() | operation.mixes()) & held.registers()) != 0
                || held.flags() && isa.dependsOnFlags(instruction, flow.bytes());
        boolean isForgotten = isa.setsBits(instruction, flow.bytes());
        boolean makes = (readsIt || goesOn) && !isForgotten;
        int registers = operation.isKnown() ? held.registers() & ~operation.writes() : 0;
        OptionalInt flags = isa.setsFlags(instruction, flow.bytes());
        boolean isStore = operation.memory() == Memory.WRITTEN && (operation.writes() & operation.through()) == 0;
        boolean stores = isStore && isDerived(flow, step, place) && !isOwn;
        boolean isVector = operation.writes() == 0 && operation.memory() == Memory.READ && flags.isEmpty();
        return new Derived(
                makes ? registers | operation.writes() : registers,
                flags.isEmpty() ? held.flags() : readsIt || (flags.getAsInt() & held.registers()) != 0,
                held.vector() || isVector && readsIt,
                held.spilled() || stores && isOfStack,
                held.kept() || stores && !isOfStack);
    }

    /** {@return whether what an instruction stores depends on what the variable held} */
    boolean isDerived(Flow flow, int step, Place place) {
        Derived held = place.derived();
        Instruction instruction = flow.steps().get(step);
        Operation operation = flow.operation(step);
        int from = stored(operation) | flow.isa().storedRegister(instruction, flow.bytes());
        boolean isVector = from == 0 && instruction.immediateBytes() == 0;
        return (from & held.registers()) != 0
                || held.vector() && isVector
                || held.flags() && flow.isa().dependsOnFlags(instruction, flow.bytes());
    }

    /** {@return whether what the variable held is stored elsewhere directly behind an instruction: {@code new->next = old}} */
    boolean isKeptNext(Flow flow, int step, Place place) {
        int derived = place.derived().registers();
        for (int at = step + 1; at < flow.steps().size() && !flow.isBranch(at) && derived != 0; at++) {
            Operation operation = flow.operation(at);
            boolean isOfStack = (operation.through() & frames(flow, place.addresses())) != 0;
            boolean isStore = operation.memory() == Memory.WRITTEN && operation.through() != 0 && !isOfStack;
            if (isStore && (stored(operation) & derived) != 0) {
                return true;
            }
            derived &= ~operation.writes();
        }
        return false;
    }

    /** {@return whether an instruction stores more than the variable held, 1, or less, -1; 0 if that is not known} */
    int counts(Flow flow, int step) {
        Isa isa = flow.isa();
        int sign = isa.counts(flow.steps().get(step), flow.bytes());
        int from =
                stored(flow.operation(step)) | isa.storedRegister(flow.steps().get(step), flow.bytes());
        for (int at = step - 1; sign == 0 && from != 0 && at >= 0 && !flow.isBranch(at); at--) {
            if ((flow.operation(at).writes() & from) != 0) {
                return isa.counts(flow.steps().get(at), flow.bytes());
            }
        }
        return sign;
    }

    /** {@return whether an instruction writes what the variable holds at first, a whole number} */
    boolean isFirst(Flow flow, int step, List<Reference> here) {
        Instruction instruction = flow.steps().get(step);
        int size = instruction.immediateBytes();
        long sizeBytes = variable.sizeBytes();
        // What is as long as the variable is all of it, wherever the address is from.
        boolean isWhole = here.isEmpty() && size == sizeBytes
                || here.size() == 1 && offset(here.getFirst(), instruction) == variable.offset();
        if (size == 0 || sizeBytes > Long.BYTES || !flow.isa().overwrites(instruction, flow.bytes()) || !isWhole) {
            return false;
        }
        for (int i = 0; i < sizeBytes; i++) {
            int written =
                    i < size ? LittleEndian.u8(flow.bytes(), instruction.offset() + instruction.immediateAt() + i) : 0;
            int held = first.byteSize() == 0 ? 0 : LittleEndian.u8(first, variable.offset() + i);
            if (written != held) {
                return false;
            }
        }
        return true;
    }

    private static long offset(Reference reference, Instruction instruction) {
        return switch (reference.target()) {
            case Reference.InPiece target -> target.delta();
            case Reference.Elsewhere target -> target.addend() + (instruction.endOffset() - reference.pieceOffset());
            case Reference.Constant _, Reference.Nothing _ -> -1;
        };
    }
}
