package dev.suture.certify;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.elf.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Proves that a piece of a program is at a place of the running system.
 *
 * <p>It is there if its bytes are, and each of its relocations leads to a place where the piece is that it refers to. That
 * is one more claim of the same kind, so a proof collects claims until none is left, or one fails. Claims may need each
 * other in circles ({@code f} jumps into {@code f.cold}, and that jumps back): a claim that is already being proved
 * counts, since if all of them are consistent there is nothing left that could differ.
 *
 * <p>Three kinds of references need no proof of what they lead to. A function of the linked program, or one that a payload
 * below brought, is known by its name at its first byte, whatever became of it: each function is judged by itself, and a
 * replaced one goes on to its replacement. Assembly is the same. A variable is known by its name, too, or by being the only piece of the program that
 * anything has been proved to find at that place: {@code last.1} may have been {@code last.2} before the patch.
 */
final class Prove {
    private final Program program;
    private final RunningSystem system;
    private final CompareContents contents;
    private final FindPlaces places;

    private final Set<Claim> proved = new HashSet<>();
    private final Map<Claim, Proof> results = new HashMap<>();
    private final Set<Text> provedTexts = new LinkedHashSet<>();
    private final Map<Part, Place> placeOfVariable = new HashMap<>();
    private final Map<Place, Part> variableAt = new HashMap<>();

    // Of the proof under way.
    private final ArrayDeque<Claim> open = new ArrayDeque<>();
    private final Set<Claim> assumed = new LinkedHashSet<>();
    private final Map<Part, Place> newVariables = new HashMap<>();
    private final Set<Text> texts = new LinkedHashSet<>();
    private boolean lineNumbersDiffer;

    /**
     * A text, or the end of one, that was found at a place.
     *
     * @param sizeBytes with its final NUL
     */
    record Text(Place at, long sizeBytes) {}

    Prove(Program program, RunningSystem system, Tolerance tolerance, FindPlaces places) {
        this.program = program;
        this.system = system;
        this.places = places;
        contents = new CompareContents(system, tolerance);
    }

    /** {@return whether a piece is at a place} */
    Proof prove(Part part, Place at) {
        Claim root = new Claim(part, at);
        Proof known = results.get(root);
        if (known == null) {
            known = run(root);
            results.put(root, known);
        }
        return known;
    }

    private Proof run(Claim root) {
        open.clear();
        assumed.clear();
        newVariables.clear();
        texts.clear();
        lineNumbersDiffer = false;
        claim(root);
        while (!open.isEmpty()) {
            Claim claim = open.remove();
            Optional<String> difference = check(claim);
            if (difference.isPresent()) {
                boolean own = claim.equals(root);
                String what = own
                        ? difference.get()
                        : "`%s`, which belongs to it, differs: %s"
                                .formatted(program.piece(claim.part()).name(), difference.get());
                return Proof.differs(what);
            }
        }
        proved.addAll(assumed);
        provedTexts.addAll(texts);
        newVariables.forEach((part, place) -> {
            placeOfVariable.put(part, place);
            variableAt.put(place, part);
        });
        return new Proof(true, lineNumbersDiffer, "");
    }

    /** {@return all claims that have been proved} */
    Set<Claim> proved() {
        return proved;
    }

    /** {@return all texts that proved pieces refer to} */
    Set<Text> provedTexts() {
        return provedTexts;
    }

    /** {@return where the proofs so far have found a variable} */
    Optional<Place> placeOfVariable(Part part) {
        return Optional.ofNullable(placeOfVariable.get(part));
    }

    private void claim(Claim claim) {
        if (!proved.contains(claim) && assumed.add(claim)) {
            open.add(claim);
        }
    }

    private Optional<String> check(Claim claim) {
        ObjectPieces object = program.object(claim.part());
        Piece piece = program.piece(claim.part());
        CompareContents.Found found = contents.compare(object, piece, claim.at());
        lineNumbersDiffer |= found.onlyLineNumbers();
        if (!found.difference().isEmpty()) {
            return Optional.of(found.difference());
        }
        for (CompareContents.Lead lead : found.leads()) {
            Optional<String> difference = follow(claim.part(), lead);
            if (difference.isPresent()) {
                return difference;
            }
        }
        return piece.isCode()
                ? CodePlacement.difference(object, piece, claim.at(), system)
                        .or(() -> checkEntries(claim, object, piece))
                : Optional.empty();
    }

    /** The entries of special tables that speak of code: as many as there should be, and each where it should be. */
    private Optional<String> checkEntries(Claim claim, ObjectPieces object, Piece piece) {
        Map<String, List<Piece>> wanted = object.attachments(piece).stream()
                .filter(entry -> system.tables().table(entry.section().name()).isPresent())
                .collect(Collectors.groupingBy(entry -> entry.section().name()));
        Map<String, List<RunningSystem.TableEntry>> present = system.entriesOf(claim.at(), piece.sizeBytes()).stream()
                .collect(Collectors.groupingBy(RunningSystem.TableEntry::table));
        Set<String> tables = new LinkedHashSet<>(wanted.keySet());
        tables.addAll(present.keySet());
        for (String table : tables) {
            List<Piece> entries = new ArrayList<>(wanted.getOrDefault(table, List.of()));
            List<Place> there = present.getOrDefault(table, List.of()).stream()
                    .map(RunningSystem.TableEntry::at)
                    .sorted()
                    .toList();
            if (entries.size() != there.size()) {
                return Optional.of("it has %d entries in %s, not %d".formatted(there.size(), table, entries.size()));
            }
            for (int i = 0; i < there.size(); i++) {
                claim(new Claim(new Part(claim.part().object(), entries.get(i).index()), there.get(i)));
            }
        }
        return Optional.empty();
    }

    /** Follows one reference: {@code lead} says where it leads in the running system. */
    private Optional<String> follow(Part from, CompareContents.Lead lead) {
        return switch (lead.target()) {
            case Reference.Nothing _ -> Optional.empty();
            case Reference.Constant target ->
                lead.place().isInImage() && same32(lead, target.value())
                        ? Optional.empty()
                        : Optional.of(lead.mismatch("0x%x".formatted(target.value()), system));
            case Reference.Elsewhere target -> {
                Place symbol = lead.place().plus(-lead.distance());
                String name = target.symbol().name();
                Optional<Program.Definition> definition = program.global(name);
                if (definition.isPresent()) {
                    Part part = definition.get().part();
                    long offset = definition.get().offset();
                    yield expect(part, offset, symbol.plus(-offset), lead, from);
                }
                yield isLinkers(name, symbol) ? Optional.empty() : Optional.of(lead.mismatch("`" + name + "`", system));
            }
            case Reference.InPiece target ->
                expect(
                        new Part(from.object(), target.pieceIndex()),
                        target.delta(),
                        lead.place().plus(-lead.statedDelta(target)),
                        lead,
                        from);
        };
    }

    private static boolean same32(CompareContents.Lead lead, long value) {
        return lead.place().offset() == value
                || lead.kind().sizeBytes() == 4 && (int) lead.place().offset() == (int) value;
    }

    /** A symbol that the linker defines; a weak one that nobody defines is at address 0. */
    private boolean isLinkers(String name, Place symbol) {
        return symbol.isInImage()
                && symbol.offset() == system.symbols().global(name).orElse(0);
    }

    /** Expects a piece at a place, to which a reference leads. */
    private Optional<String> expect(Part part, long delta, Place at, CompareContents.Lead lead, Part from) {
        ObjectPieces object = program.object(part);
        Piece piece = program.piece(part);
        switch (piece.kind()) {
            case STRING -> {
                if (!contents.sameText(object, piece, delta, at)) {
                    return Optional.of(lead.mismatch(contents.text(object, piece, delta), system));
                }
                texts.add(new Text(at, piece.sizeBytes()));
                return Optional.empty();
            }
            case FRAGMENT, CONSTANT, NAMELESS_DATA, SPECIAL_ENTRY -> {
                claim(new Claim(part, at));
                return Optional.empty();
            }
            case FUNCTION, ASSEMBLY, DATA -> {
                boolean there = isThere(part, object, piece, delta, at);
                return there ? Optional.empty() : Optional.of(lead.mismatch("`" + piece.name() + "`", system));
            }
        }
        throw new IllegalStateException("a kind of piece that is not known");
    }

    private boolean isThere(Part part, ObjectPieces object, Piece piece, long delta, Place at) {
        Set<Place> running = places.running(object, piece);
        boolean known = running.contains(at);
        if (piece.holdsState()) {
            // One more of several that the compiler numbers; whether there are more than before is counted at the end.
            boolean fresh = !at.isInImage() && !known && (places.isNumbered(piece) || running.isEmpty());
            if (fresh) {
                claim(new Claim(part, at));
            }
            return (known || fresh) && isOnlyVariable(part, at);
        }
        if (piece.kind() == Piece.Kind.DATA) {
            claim(new Claim(part, at));
            return true;
        }
        // Where both the linked program and a payload have one of that name, either may be the wrong one.
        boolean isTheOnlyOne = running.stream().allMatch(Place::isInImage) || running.size() == 1;
        if (known && delta == 0 && !places.isNumbered(piece) && isTheOnlyOne) {
            return true;
        }
        if (known && piece.kind() == Piece.Kind.ASSEMBLY) {
            return true;
        }
        Place judged = places.replacementOf(at).orElse(at);
        if (!at.isInImage() || known) {
            claim(new Claim(part, delta == 0 ? judged : at));
            return true;
        }
        return false;
    }

    /** A variable is at one place for all of the program, and no other variable is there. */
    private boolean isOnlyVariable(Part part, Place at) {
        Place before = placeOfVariable.getOrDefault(part, newVariables.getOrDefault(part, at));
        Part other = variableAt.getOrDefault(at, part);
        boolean free = newVariables.entrySet().stream()
                .allMatch(entry ->
                        entry.getKey().equals(part) || !entry.getValue().equals(at));
        boolean fits = before.equals(at) && sameVariable(other, part) && free;
        if (fits) {
            newVariables.put(part, at);
        }
        return fits;
    }

    private static boolean sameVariable(Part one, Part other) {
        return Objects.equals(one, other);
    }

    /** {@return the bytes of a place, for messages} */
    static String hex(MemorySegment bytes) {
        StringBuilder text = new StringBuilder();
        for (long at = 0; at < Math.min(bytes.byteSize(), 8); at++) {
            text.append("%02x ".formatted(LittleEndian.u8(bytes, at)));
        }
        return text.toString().strip();
    }
}
