package dev.suture.diff;

import dev.suture.diff.Piece.Kind;
import dev.suture.elf.Elf;
import dev.suture.elf.LittleEndian;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import dev.suture.isa.Operation;
import dev.suture.isa.Operation.Memory;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Tells what becomes of the address of data in one piece of code: whether the code only gets at the data with it, or whether
 * somebody else may have it afterwards.
 *
 * <p>The registers that hold the address are followed along all ways through the code. In {@code lea table(%rip), %rax; mov
 * (%rax,%rdi,4), %eax; ret} it is used in place: what is returned was read from the table. With {@code mov %rax, 8(%rsi)}
 * instead of the second instruction it is stored. A register counts as certain to hold the address where every instruction
 * on one way there is understood, and only such a one is said to be stored.
 */
final class FollowAddress {
    private static final int STV_HIDDEN = 2;

    /** What becomes of an address, from the best to the worst. */
    enum Fate {
        /** It is gone when the code is done. */
        USED_IN_PLACE,
        /** Somebody gets it who may keep it. */
        HANDED_ON,
        /** It is in memory that is not the code's own stack. */
        STORED
    }

    /**
     * What was found.
     *
     * @param fate the worst
     * @param how and where, as what follows a function's name in a sentence; empty for {@link Fate#USED_IN_PLACE}
     */
    record Use(Fate fate, String how) {
        static final Use IN_PLACE = new Use(Fate.USED_IN_PLACE, "");
    }

    /** Which registers hold what, before an instruction; sets as in {@link Operation}. */
    private record State(int certain, int maybe, int stack) {
        State or(State other) {
            return new State(certain | other.certain, maybe | other.maybe, stack | other.stack);
        }

        int any() {
            return certain | maybe;
        }

        State keepingOnly(int registers) {
            return new State(certain & registers, maybe & registers, stack & registers);
        }
    }

    private final ObjectPieces object;
    private final DecodedCode code;
    private final Isa isa;
    private final Piece data;
    private final boolean throughData;
    /** Whether it is about addresses of single instructions, and the data is their code. */
    private final boolean ofLabels;

    private final TargetTraits traits;
    /** What is followed already, with the registers that hold the address at its beginning: calls may go in circles. */
    private final Set<List<Integer>> entered;

    private final Map<Long, State> before = new HashMap<>();
    private final ArrayDeque<Long> open = new ArrayDeque<>();
    /** Jumps that may lead to a label. */
    private final Set<Instruction> dispatches = new LinkedHashSet<>();

    private Use worst = Use.IN_PLACE;

    private FollowAddress(
            ObjectPieces object,
            Piece code,
            Piece data,
            boolean throughData,
            boolean ofLabels,
            TargetTraits traits,
            Set<List<Integer>> entered) {
        this.object = object;
        this.code = new DecodedCode(object, code);
        this.isa = this.code.isa();
        this.data = data;
        this.throughData = throughData;
        this.ofLabels = ofLabels;
        this.traits = traits;
        this.entered = entered;
    }

    /**
     * {@return what becomes of the address of data}
     *
     * @param object in which both are
     * @param code a function or a part of one
     * @param data to whose address it refers
     * @param throughData whether it is what the data holds that matters: addresses of other data
     * @param traits knows functions that the object does not define and that keep no address they are given
     */
    static Use of(ObjectPieces object, Piece code, Piece data, boolean throughData, TargetTraits traits) {
        return new FollowAddress(object, code, data, throughData, false, traits, new HashSet<>()).run(0);
    }

    /**
     * {@return what becomes of the addresses of single instructions} To jump to one is to use it in place.
     *
     * @param code a function or a part of one
     * @param labelled the code that the instructions are of, or a table that holds their addresses
     * @param throughData whether it is such a table
     */
    static Use ofLabels(ObjectPieces object, Piece code, Piece labelled, boolean throughData, TargetTraits traits) {
        return new FollowAddress(object, code, labelled, throughData, true, traits, new HashSet<>()).run(0);
    }

    /** @param held registers that may hold the address at the beginning */
    private Use run(int held) {
        if (!code.isComplete()) {
            return new Use(Fate.HANDED_ON, "uses its address in code that is not understood");
        }
        State atFirst = new State(0, 0, isa.stackRegisters());
        if (!ofLabels || held != 0) {
            reach(0, new State(0, held, isa.stackRegisters()));
        }
        for (Reference reference : object.references(code.piece())) {
            if (isToData(reference)) {
                code.with(reference.pieceOffset()).ifPresent(instruction -> reach(instruction.offset(), atFirst));
            }
        }
        code.instructions().stream()
                .filter(this::takesOwnLabel)
                .forEach(instruction -> reach(instruction.offset(), atFirst));
        while (!open.isEmpty()) {
            long at = open.remove();
            code.at(at)
                    .ifPresentOrElse(
                            instruction -> follow(instruction, before.get(at)),
                            () -> found(Fate.HANDED_ON, "uses its address in code that is not understood", at));
            if (open.isEmpty()) {
                goOnAtLabels();
            }
        }
        dispatches.stream()
                .filter(jump -> !leadsToLabel(jump))
                .forEach(jump -> leave(jump, before.get(jump.offset()), -1));
        return worst;
    }

    private void goOnAtLabels() {
        for (Instruction jump : dispatches) {
            if (leadsToLabel(jump)) {
                State state = before.get(jump.offset());
                labels().forEach(label -> reach(label, state));
            }
        }
    }

    /** {@return whether a jump goes through what may be a label} */
    private boolean leadsToLabel(Instruction jump) {
        int through =
                isa.branchRegister(jump, code.bytes()) | code.operation(jump).through();
        boolean isOfTable = throughData && code.in(jump).stream().anyMatch(this::isToData);
        return isOfTable || (through & before.get(jump.offset()).any()) != 0;
    }

    private boolean isToData(Reference reference) {
        return reference.target() instanceof Reference.InPiece target
                && target.pieceIndex() == data.index()
                && (!ofLabels || throughData || target.delta() != 0 && !isBranch(reference));
    }

    private boolean isBranch(Reference reference) {
        return code.with(reference.pieceOffset())
                .filter(instruction -> instruction.branchTarget(code.bytes()).isPresent())
                .isPresent();
    }

    /** The assembler itself knows where an instruction of the same section is. */
    private boolean takesOwnLabel(Instruction instruction) {
        if (!ofLabels || throughData || data.index() != code.piece().index()) {
            return false;
        }
        boolean isAddress = instruction.ripRelative()
                && instruction.displacementBytes() == 4
                && code.operation(instruction).memory() == Memory.ADDRESS
                && code.in(instruction).isEmpty();
        long target = instruction.endOffset() + (isAddress ? displacement(instruction) : 0);
        return isAddress && target > 0 && target < code.bytes().byteSize();
    }

    private void reach(long offset, State state) {
        State known = before.get(offset);
        State merged = known == null ? state : known.or(state);
        if (!merged.equals(known)) {
            before.put(offset, merged);
            open.add(offset);
        }
    }

    private void found(Fate fate, String how, long at) {
        if (fate.compareTo(worst.fate()) > 0) {
            worst = new Use(fate, "%s (+0x%x)".formatted(how, at));
        }
    }

    private void follow(Instruction instruction, State state) {
        State after = operate(instruction, state);
        switch (instruction.flow()) {
            case NEXT, TRAP -> next(instruction, after); // Behind a trap it goes on, if that is a warning's.
            case CALL, INDIRECT_CALL -> call(instruction, after);
            case RETURN -> {
                if ((after.any() & isa.resultRegister()) != 0) {
                    found(Fate.HANDED_ON, "returns its address", instruction.offset());
                }
            }
            case INDIRECT_JUMP -> {
                if (ofLabels) {
                    dispatches.add(instruction);
                } else {
                    leave(instruction, after, isa.argumentRegisters());
                }
            }
            case JUMP -> jump(instruction, after);
            case CONDITIONAL -> {
                jump(instruction, after);
                next(instruction, after);
            }
        }
    }

    /** {@return where a jump to a label, or through a table, may lead} */
    private Set<Long> labels() {
        Set<Long> found = new HashSet<>();
        for (Instruction instruction : code.instructions()) {
            switch (instruction.flow()) {
                case JUMP, INDIRECT_JUMP, RETURN, TRAP -> found.add(instruction.endOffset());
                case NEXT, CALL, INDIRECT_CALL, CONDITIONAL -> {}
            }
            if (takesOwnLabel(instruction)) {
                found.add(instruction.endOffset() + displacement(instruction));
            }
        }
        for (Piece piece : object.pieces()) {
            for (Reference reference : object.references(piece)) {
                if (reference.target() instanceof Reference.InPiece target
                        && target.pieceIndex() == code.piece().index()) {
                    // A distance from the beginning of a table has grown by the entry's place in it.
                    found.add(target.delta());
                    found.add(target.delta() - reference.pieceOffset());
                }
            }
        }
        found.removeIf(label -> code.at(label).isEmpty());
        return found;
    }

    private long displacement(Instruction instruction) {
        return LittleEndian.s32(code.bytes(), instruction.offset() + instruction.displacementAt());
    }

    private void next(Instruction instruction, State state) {
        if (instruction.endOffset() < code.bytes().byteSize()) {
            reach(instruction.endOffset(), state);
        } else {
            leave(instruction, state, -1);
        }
    }

    private void jump(Instruction instruction, State state) {
        OptionalLong target = instruction.branchTarget(code.bytes());
        if (isInside(instruction, target)) {
            reach(target.getAsLong(), state);
        } else {
            leave(instruction, state, leadsToFunction(instruction) ? isa.argumentRegisters() : -1);
        }
    }

    private boolean isInside(Instruction instruction, OptionalLong target) {
        return code.in(instruction).isEmpty()
                && target.isPresent()
                && target.getAsLong() > 0
                && target.getAsLong() < code.bytes().byteSize();
    }

    private boolean leadsToFunction(Instruction instruction) {
        return code.in(instruction).stream()
                .allMatch(reference -> reference.target() instanceof Reference.Elsewhere
                        || reference.target() instanceof Reference.InPiece target
                                && object.pieces().get(target.pieceIndex()).kind() == Kind.FUNCTION);
    }

    private void call(Instruction instruction, State state) {
        OptionalLong target = instruction.branchTarget(code.bytes());
        if (isInside(instruction, target)) {
            reach(target.getAsLong(), state);
            next(instruction, state);
            return;
        }
        int passed = state.any() & isa.argumentRegisters();
        if (passed != 0 && !keepsNothing(instruction, passed)) {
            found(Fate.HANDED_ON, "passes its address to " + destination(instruction), instruction.offset());
        }
        next(instruction, state.keepingOnly(isa.preservedRegisters()));
    }

    private void leave(Instruction instruction, State state, int registers) {
        int passed = state.any() & registers;
        if (passed != 0 && !keepsNothing(instruction, passed)) {
            found(Fate.HANDED_ON, "goes on with its address in " + destination(instruction), instruction.offset());
        }
    }

    /**
     * {@return whether a function is called that keeps no address in these registers: its own code says so, or it is known
     * to be the one that its name says}
     */
    private boolean keepsNothing(Instruction instruction, int passed) {
        List<Reference> references = code.in(instruction);
        boolean isIndirect = switch (instruction.flow()) {
            case INDIRECT_CALL, INDIRECT_JUMP -> true;
            case NEXT, CALL, JUMP, CONDITIONAL, RETURN, TRAP -> false;
        };
        // What is called through a variable is not what the variable is called.
        boolean toFunction = references.size() == 1
                && isa.relocation(references.getFirst().relocation().type()).throughGot() == isIndirect;
        if (!toFunction) {
            return false;
        }
        return switch (references.getFirst().target()) {
            case Reference.Elsewhere target ->
                traits.keepsNothing(target.symbol().name(), passed);
            case Reference.InPiece target ->
                target.delta() == 0 && keepsNothing(object.pieces().get(target.pieceIndex()), passed);
            case Reference.Nothing _, Reference.Constant _ -> false;
        };
    }

    /** What a function does that others can see may be, in the running program, what another object or library says. */
    private boolean keepsNothing(Piece function, int passed) {
        boolean isKnown = function.kind() == Kind.FUNCTION
                && function.symbols().stream()
                        .allMatch(symbol -> symbol.isLocal()
                                || symbol.binding() == Elf.STB_GLOBAL && symbol.visibility() == STV_HIDDEN);
        boolean isNew = entered.add(List.of(function.index(), passed));
        return isKnown
                && (!isNew
                        || new FollowAddress(object, function, data, throughData, ofLabels, traits, entered)
                                        .run(passed)
                                        .fate()
                                == Fate.USED_IN_PLACE);
    }

    private Optional<String> callee(Instruction instruction) {
        return code.in(instruction).stream().findFirst().map(reference -> Compare.describe(object, reference));
    }

    private String destination(Instruction instruction) {
        return callee(instruction).map("`%s`"::formatted).orElse("other code");
    }

    private State operate(Instruction instruction, State state) {
        Operation operation = code.operation(instruction);
        List<Reference> ofData =
                code.in(instruction).stream().filter(this::isToData).toList();
        if (ofLabels && isa.writesShadowStack(instruction, code.bytes())) {
            return state;
        }
        if (!operation.isKnown()) {
            if (state.any() != 0 || !ofData.isEmpty()) {
                found(
                        Fate.HANDED_ON,
                        "uses its address in an instruction that is not understood",
                        instruction.offset());
            }
            return new State(0, state.any(), state.stack());
        }
        boolean certain = (operation.keeps() & state.certain()) != 0;
        boolean maybe = (operation.keeps() & state.maybe()) != 0 || (operation.mixes() & state.any()) != 0;
        boolean readsData = operation.memory() == Memory.READ && (operation.through() & state.any()) != 0;
        for (Reference reference : ofData) {
            if (!DecodedCode.isDisplacement(instruction, reference)) {
                certain |= operation.writes() != 0 || operation.memory() == Memory.WRITTEN;
            } else {
                certain |= operation.memory() == Memory.ADDRESS;
                readsData |= operation.memory() == Memory.READ;
            }
        }
        maybe |= throughData && readsData;
        if (throughData && readsData && isa.isVector(instruction, code.bytes())) {
            found(Fate.HANDED_ON, "reads it into a vector register", instruction.offset());
        }
        certain |= takesOwnLabel(instruction);
        boolean onStack = ((operation.keeps() | operation.mixes()) & state.stack()) != 0;
        if (operation.memory() == Memory.WRITTEN && (certain || maybe) && !isa.copies(instruction, code.bytes())) {
            store(instruction, operation, state, certain && !throughData);
        }
        int kept = ~operation.writes();
        return new State(
                state.certain() & kept | (certain ? operation.writes() : 0),
                state.maybe() & kept | (maybe ? operation.writes() : 0),
                state.stack() & kept | (onStack ? operation.writes() : 0) | isa.stackRegisters());
    }

    private void store(Instruction instruction, Operation operation, State state, boolean certain) {
        boolean toStack = (operation.through() & state.stack()) != 0;
        if (ofLabels && toStack && isa.isPush(instruction, code.bytes())) {
            // Whoever is inside the function is looked for when it is replaced, and afterwards its stack is gone.
            return;
        }
        Optional<Reference> variable = code.in(instruction).stream()
                .filter(reference -> DecodedCode.isDisplacement(instruction, reference))
                .findFirst();
        String where = variable.map(reference -> "in `%s`".formatted(Compare.describe(object, reference)))
                .orElse("where a pointer leads");
        if (certain && !toStack) {
            found(Fate.STORED, "stores its address " + where, instruction.offset());
        } else {
            found(
                    Fate.HANDED_ON,
                    toStack ? "keeps its address on the stack" : "may store its address " + where,
                    instruction.offset());
        }
    }
}
