package dev.suture.explain;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.isa.Instruction;
import dev.suture.isa.Instruction.Flow;
import dev.suture.isa.Isa;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Cuts a piece of code into instructions, each with what it refers to, where it leads and where it comes from. */
final class ListCode {
    private static final HexFormat HEX = HexFormat.ofDelimiter(" ");

    /**
     * An instruction, ready to be compared.
     *
     * @param line as a reader sees it
     * @param key a text that is the same for instructions that do the same, but for the distances of inner branches
     * @param branchesTo where in the piece a relative branch leads, in bytes; empty for all else
     * @param isPadding whether it only fills space
     */
    record Line(CodeLine line, String key, OptionalLong branchesTo, boolean isPadding) {}

    private final NameTargets names;
    private final SourcePlaces places;
    private final Disassembly disassembly;
    private final Isa isa;

    ListCode(NameTargets names, SourcePlaces places, Disassembly disassembly) {
        this.names = names;
        this.places = places;
        this.disassembly = disassembly;
        isa = Isa.of(names.object().elf().header().machine());
    }

    List<Line> list(Piece code) {
        ObjectPieces object = names.object();
        MemorySegment bytes = object.contents(code);
        List<Reference> references = object.references(code);
        Map<Long, String> assembly = disassembly.of(object, code);
        List<Line> lines = new ArrayList<>();
        int next = 0;
        long at = 0;
        while (at < bytes.byteSize()) {
            Optional<Instruction> decoded = isa.decode(bytes, at);
            long end = decoded.isPresent() ? decoded.get().endOffset() : at + 1;
            List<Reference> own = new ArrayList<>();
            while (next < references.size() && references.get(next).pieceOffset() < end) {
                own.add(references.get(next++));
            }
            Shown shown = decoded.map(instruction -> show(code, bytes, instruction, own))
                    .orElse(new Shown("data", HEX.formatHex(cut(bytes, end - 1, end)), OptionalLong.empty(), false));
            long sectionOffset = code.sectionOffset() + at;
            CodeLine line = new CodeLine(
                    at,
                    HEX.formatHex(cut(bytes, at, end)),
                    assembly.getOrDefault(sectionOffset, ""),
                    shown.effect(),
                    places.line(code.section().index(), sectionOffset),
                    places.inlined(code.section().index(), sectionOffset));
            lines.add(new Line(line, shown.key(), shown.branchesTo(), shown.isPadding()));
            at = end;
        }
        return lines;
    }

    private static byte[] cut(MemorySegment bytes, long from, long end) {
        return bytes.asSlice(from, end - from).toArray(ValueLayout.JAVA_BYTE);
    }

    private record Shown(String effect, String key, OptionalLong branchesTo, boolean isPadding) {}

    private Shown show(Piece code, MemorySegment bytes, Instruction instruction, List<Reference> references) {
        if (references.isEmpty() && isa.isPadding(instruction, bytes)) {
            return new Shown("", "padding", OptionalLong.empty(), true);
        }
        OptionalLong branch = instruction.branchTarget(bytes);
        if (branch.isPresent() && references.isEmpty()) {
            long target = branch.getAsLong();
            boolean inside = target >= 0 && target < bytes.byteSize();
            String key = instruction.flow() + " " + isa.branchOpcode(instruction, bytes);
            if (inside) {
                return new Shown(
                        effect(instruction.flow(), "+0x%x".formatted(target)), key, OptionalLong.of(target), false);
            }
            Place place = neighbour(code, target);
            return new Shown(
                    effect(instruction.flow(), place.name()),
                    key + " " + place.identity(),
                    OptionalLong.empty(),
                    false);
        }
        StringBuilder key = new StringBuilder(HEX.formatHex(cut(bytes, instruction.offset(), instruction.endOffset())));
        List<String> targets = new ArrayList<>();
        for (Reference reference : references) {
            long past = pastAddend(instruction, branch.isPresent(), reference);
            key.append(" | ").append(reference.pieceOffset() - instruction.offset());
            key.append(' ').append(names.identity(reference, past));
            targets.add(names.text(reference, past));
        }
        return new Shown(
                effect(instruction.flow(), String.join(", ", targets)), key.toString(), OptionalLong.empty(), false);
    }

    private static long pastAddend(Instruction instruction, boolean isBranch, Reference reference) {
        long inInstruction = reference.pieceOffset() - instruction.offset();
        boolean fromEnd = isBranch && inInstruction == instruction.immediateAt()
                || instruction.ripRelative() && inInstruction == instruction.displacementAt();
        return fromEnd ? instruction.endOffset() - reference.pieceOffset() : 0;
    }

    private record Place(String name, String identity) {}

    /** What the assembler put beside it in the same section, it may refer to without a relocation. */
    private Place neighbour(Piece code, long target) {
        long sectionOffset = code.sectionOffset() + target;
        return names.object().pieces().stream()
                .filter(piece -> piece.section().index() == code.section().index()
                        && piece.sectionOffset() <= sectionOffset
                        && sectionOffset < piece.endOffset())
                .findFirst()
                .map(piece -> {
                    long delta = sectionOffset - piece.sectionOffset();
                    return new Place(NameTargets.text(names.object(), piece, delta), names.identity(piece, delta));
                })
                .orElseGet(() -> {
                    String nowhere = "%s+0x%x".formatted(code.section().name(), sectionOffset);
                    return new Place(nowhere, nowhere);
                });
    }

    private static String effect(Flow flow, String target) {
        boolean known = !target.isEmpty();
        return switch (flow) {
            case NEXT -> known ? "refers to " + target : "";
            case CALL -> "calls " + target;
            case JUMP -> "jumps to " + target;
            case CONDITIONAL -> "may jump to " + target;
            case INDIRECT_CALL -> known ? "calls what is in " + target : "calls through a pointer";
            case INDIRECT_JUMP -> known ? "jumps to what is in " + target : "jumps through a pointer";
            case RETURN -> "returns";
            case TRAP -> "traps";
        };
    }
}
