package dev.suture.state;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.elf.LittleEndian;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import dev.suture.isa.Move;
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
import java.util.OptionalLong;
import java.util.Set;

/** What one instruction does to what is known of a variable's address and contents. */
final class Transfer {
    private final Functions functions;
    private final Variable variable;
    private final MemorySegment first;
    private final List<Reference> addressesInFirst;
    private final boolean isOfOne;
    private final boolean isRing;

    Transfer(Functions functions, Variable variable) {
        this.functions = functions;
        this.variable = variable;
        Piece piece = variable.piece();
        ObjectPieces object = functions.object(new Node(variable.object(), piece.index()));
        first = object.contents(piece);
        addressesInFirst = object.references(piece);
        isOfOne = functions.usersOf(variable).size() == 1;
        isRing = addressesInFirst.stream().anyMatch(reference -> variable.isMeantBy(variable.object(), reference));
    }

    /** {@return whether only one function uses it by name, so that what it fills is what it uses} */
    boolean isOfOne() {
        return isOfOne;
    }

    /** {@return whether what a call fills is what is used, as far as is known} */
    boolean isFilled(Flow flow, int call, String function) {
        return isOfOne && Fills.mayFill(flow, call, function, variable.sizeBytes());
    }

    /** {@return whether a function of the library that makes what it is given may make all of it} */
    boolean isMade(String function) {
        return LibraryCalls.makes(function, variable.sizeBytes());
    }

    /** {@return whether to write somewhere in it is to write it: what one function fills, element by element} */
    boolean partsCount() {
        return isOfOne && variable.sizeBytes() > Long.BYTES;
    }

    /** The bytes of the piece that an instruction's operand is. */
    record Extent(long offset, long sizeBytes) {}

    /** {@return which bytes of it an instruction's operand is; empty if that is not known} */
    Optional<Extent> extent(Flow flow, int step, List<Reference> here, Addresses held) {
        Instruction instruction = flow.steps().get(step);
        Operation operation = flow.operation(step);
        OptionalInt size = flow.isa().operandBytes(instruction, flow.bytes());
        if (size.isEmpty()) {
            return Optional.empty();
        }
        if (isPlainOperand(flow, step, here)) {
            return Optional.of(new Extent(offset(here.getFirst(), instruction), size.getAsInt()));
        }
        int through = operation.through();
        boolean isExact = here.isEmpty()
                && Integer.bitCount(through) == 1
                && (through & held.exact()) != 0
                && flow.displacement(step) == 0;
        return isExact ? Optional.of(new Extent(0, size.getAsInt())) : Optional.empty();
    }

    /** {@return whether some bytes are all of it} */
    boolean covers(Extent extent) {
        return variable.isCoveredBy(extent.offset(), extent.sizeBytes());
    }

    /** {@return whether an instruction stores a sum} @see Sums#isSum */
    boolean isSum(Flow flow, int step, Place place) {
        return Sums.isSum(flow, step, place, variable.sizeBytes());
    }

    static boolean isPlainOperand(Flow flow, int step, List<Reference> here) {
        return here.size() == 1
                && flow.isOperand(step, here.getFirst())
                && !flow.isThroughTable(here.getFirst())
                && flow.operation(step).through() == 0;
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
                if (!isFirst(flow, step, extent(flow, step, here, Addresses.NOWHERE))) {
                    found.add(flow.isa().constant(instruction, flow.bytes()));
                }
            }
        }
        return found;
    }

    /** {@return the references of an instruction that mean the variable} */
    List<Reference> here(Node node, Flow flow, int step) {
        List<Reference> all = flow.in(step);
        return all.isEmpty()
                ? all
                : all.stream()
                        .filter(reference -> variable.isMeantBy(node.object(), reference))
                        .toList();
    }

    /** {@return what is known behind an instruction of where its address and its contents are} */
    Place move(
            Flow flow,
            int step,
            Operation operation,
            List<Reference> here,
            Place before,
            Place after,
            boolean isWritten) {
        Optional<Looks.First> operand = before.touched() ? Optional.empty() : operand(flow, step, here);
        Derived derived = derived(flow, step, operation, here, before);
        return after.with(
                addresses(flow, step, operation, here, before.addresses()),
                isWritten ? derived.changed() : derived,
                before.looks().after(flow, step, operation, operand));
    }

    /**
     * @param returned registers that may hold its address then; empty if the code that was called is not known. Compilers know
     *     which registers other code of theirs leaves alone
     */
    Place behindCall(Flow flow, Place place, Optional<Integer> returned) {
        int kept = flow.isa().preservedRegisters();
        int mayKeep = returned.isPresent() ? -1 : kept;
        Addresses addresses = place.addresses();
        return place.with(
                new Addresses(
                        addresses.registers() & mayKeep | returned.orElse(0),
                        addresses.exact() & kept,
                        addresses.frames() & mayKeep,
                        addresses.slots(),
                        addresses.isAnywhere()),
                new Derived(place.derived().registers() & kept, false, 0, 0),
                place.looks().behindCall(flow.isa()));
    }

    /** {@return what the operand of an instruction holds at first, if that is the variable} */
    Optional<Looks.First> operand(Flow flow, int step, List<Reference> here) {
        if (!isPlainOperand(flow, step, here)) {
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
        OptionalLong slot = flow.stackSlot(step);
        boolean loadsSpilled = isOfStack && operation.memory() == Memory.READ && held.isIn(slot);
        boolean goesOn = (from & held.registers()) != 0;
        int kept = held.registers() & ~operation.writes();
        boolean leadsToStack = operation.memory() == Memory.ADDRESS && isOfStack
                || operation.memory() == Memory.NONE && (from & frames) != 0;
        int ofStack = held.frames() & ~operation.writes() | (leadsToStack ? operation.writes() : 0);
        boolean stores = stores(flow, step, operation, here, held);
        boolean isWhole =
                flow.isa().operandBytes(flow.steps().get(step), flow.bytes()).orElse(0) == Long.BYTES;
        return new Addresses(
                takes || loads || goesOn || loadsSpilled ? kept | operation.writes() : kept,
                exact(flow, step, operation, here, held),
                ofStack,
                isOfStack && operation.memory() == Memory.WRITTEN ? held.stored(slot, stores, isWhole) : held.slots(),
                held.isAnywhere() || isOfStack && stores && slot.isEmpty());
    }

    private int exact(Flow flow, int step, Operation operation, List<Reference> here, Addresses held) {
        Instruction instruction = flow.steps().get(step);
        int kept = operation.isKnown() ? held.exact() & ~operation.writes() : 0;
        boolean isWhole = variable.offset() == 0 && operation.writes() != 0 && here.size() == 1;
        boolean takes = isWhole
                && !flow.isOperand(step, here.getFirst())
                && operation.memory() == Memory.NONE
                && (operation.keeps() | operation.mixes()) == 0;
        boolean loads = isWhole
                && (flow.isThroughTable(here.getFirst()) || operation.memory() == Memory.ADDRESS)
                && operation.through() == 0;
        boolean isAtStart =
                (takes || loads) && (flow.isThroughTable(here.getFirst()) || offset(here.getFirst(), instruction) == 0);
        boolean moves = flow.isa()
                .move(instruction, flow.bytes())
                .filter(move -> (move.from() & held.exact()) != 0 && move.sizeBytes() == Long.BYTES)
                .isPresent();
        return isAtStart || moves ? kept | operation.writes() : kept;
    }

    private static int frames(Flow flow, Addresses held) {
        return held.frames() | flow.isa().stackRegisters() | Flow.FRAME_POINTER;
    }

    /** {@return whether an instruction puts the address into memory that is neither the stack's nor the variable's own} */
    boolean escapes(Flow flow, int step, Operation operation, List<Reference> here, Place place) {
        Addresses held = place.addresses();
        boolean isOwn = (operation.through() & held.registers()) != 0
                || here.stream().anyMatch(reference -> flow.isOperand(step, reference));
        return !isRing
                && !isOwn
                && (operation.through() & (held.frames() | flow.isa().stackRegisters())) == 0
                && stores(flow, step, operation, here, held);
    }

    private static boolean stores(Flow flow, int step, Operation operation, List<Reference> here, Addresses held) {
        boolean isConstant = here.stream()
                .anyMatch(reference -> !flow.isOperand(step, reference) && !flow.isThroughTable(reference));
        return operation.memory() == Memory.WRITTEN
                && (isConstant && !flow.isBranch(step) || (stored(operation) & held.registers()) != 0);
    }

    /** What moves or fills a string counts on in the registers that lead to it. */
    static int stored(Operation operation) {
        boolean isString = (operation.writes() & operation.through()) != 0;
        return (operation.keeps() | operation.mixes()) & ~(isString ? operation.writes() : 0);
    }

    private Derived derived(Flow flow, int step, Operation operation, List<Reference> here, Place place) {
        Derived held = place.derived();
        Instruction instruction = flow.steps().get(step);
        Isa isa = flow.isa();
        if (!operation.isKnown()) {
            return Derived.NOTHING;
        }
        boolean reads = operation.memory() == Memory.READ || operation.memory() == Memory.WRITTEN;
        // Its first byte and a distance is inside of it.
        boolean isInside = (operation.through() & place.addresses().exact()) != 0;
        boolean isOwn = isInside
                || here.stream()
                        .anyMatch(reference -> flow.isOperand(step, reference) && !flow.isThroughTable(reference));
        boolean readsIt = reads && isOwn && !isa.overwrites(instruction, flow.bytes());
        boolean exchanges = isOwn && isa.move(instruction, flow.bytes()).isPresent();
        boolean goesOn = operation.memory() != Memory.ADDRESS
                && ((operation.keeps() | operation.mixes()) & held.registers()) != 0;
        boolean isOfFlags = held.flags() && isa.dependsOnFlags(instruction, flow.bytes());
        boolean makes = (readsIt || exchanges || goesOn || isOfFlags || isOfLea(operation, held))
                && !isa.setsBits(instruction, flow.bytes());
        int kept = held.registers() & ~operation.writes();
        OptionalInt flags = isa.setsFlags(instruction, flow.bytes());
        Optional<Move> move = isa.move(instruction, flow.bytes());
        boolean isCopy = move.filter(made -> made.from() == 0
                                ? extent(flow, step, here, place.addresses())
                                        .filter(this::covers)
                                        .isPresent()
                                : (made.from() & held.copies()) != 0)
                        .isPresent()
                && operation.memory() != Memory.WRITTEN;
        int from = operation.memory() == Memory.ADDRESS ? operation.through() : operation.writes();
        boolean raises = operation.memory() != Memory.READ
                && Integer.bitCount(from) == 1
                && (from & held.copies()) != 0
                && isa.counts(instruction, flow.bytes()) > 0;
        boolean isRaised = raises
                || move.filter(made -> (made.from() & held.raised()) != 0).isPresent();
        return new Derived(
                makes ? kept | operation.writes() : kept,
                flags.isEmpty() ? held.flags() : readsIt || (flags.getAsInt() & held.registers()) != 0,
                held.copies() & ~operation.writes() | (isCopy ? operation.writes() : 0),
                held.raised() & ~operation.writes() | (isRaised ? operation.writes() : 0));
    }

    private static boolean isOfLea(Operation operation, Derived held) {
        return operation.memory() == Memory.ADDRESS && (operation.through() & held.registers()) != 0;
    }

    /**
     * {@return whether an instruction writes what the variable holds at first, a whole number}
     *
     * @param extent where it writes
     */
    boolean isFirst(Flow flow, int step, Optional<Extent> extent) {
        Instruction instruction = flow.steps().get(step);
        OptionalLong number = Sums.constant(flow, step);
        boolean isWhole = extent.filter(bytes -> variable.isCoveredBy(bytes.offset(), bytes.sizeBytes()))
                .isPresent();
        if (number.isEmpty() || !isWhole || !flow.isa().overwrites(instruction, flow.bytes())) {
            return false;
        }
        for (int i = 0; i < variable.sizeBytes(); i++) {
            long at = variable.offset() + i;
            long shift = 8 * (at - extent.orElseThrow().offset());
            int written = (int) (number.getAsLong() >> Math.min(shift, Long.SIZE - 1)) & 0xff;
            int held = first.byteSize() == 0 ? 0 : LittleEndian.u8(first, at);
            boolean isAddress = addressesInFirst.stream()
                    .anyMatch(reference -> reference.pieceOffset() <= at && reference.pieceOffset() + Long.BYTES > at);
            if (written != held || isAddress) {
                return false;
            }
        }
        return true;
    }

    static long offset(Reference reference, Instruction instruction) {
        return switch (reference.target()) {
            case Reference.InPiece target -> target.delta();
            case Reference.Elsewhere target -> target.addend() + (instruction.endOffset() - reference.pieceOffset());
            case Reference.Constant _, Reference.Nothing _ -> -1;
        };
    }
}
