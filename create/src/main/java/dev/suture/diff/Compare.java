package dev.suture.diff;

import dev.suture.diff.Comparison.Status;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Section;
import dev.suture.isa.Isa;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Decides for each pair of twins whether they do the same.
 *
 * <p>Twins do the same if their bytes are equal, their relocations refer to the same things, and so do the special
 * entries that belong to them. A reference to something named is the same if it goes to the twin; a reference to
 * something nameless (a string, a constant, a jump table, a cold half) is the same if that has equal contents, wherever
 * it is. So a function that prints {@code "x"} through {@code .LC5} before and through {@code .LC7} after the patch does
 * the same, and one whose {@code .cold} half changed does not.
 */
public final class Compare {
    /** PC32 and PLT32 mean the same for a symbol that needs no PLT, and assemblers differ in which they write. */
    private static final Set<Integer> CALL_OR_JUMP = Set.of(2, 4);

    /** In bytes: what compilers give to every function. */
    private static final long USUAL_ALIGNMENT = 16;

    private final Correlation correlation;
    private final ObjectPieces original;
    private final ObjectPieces patched;
    private final Isa isa;
    private final LineNumbers lines;
    private final Set<Long> knownSame = new HashSet<>();
    private final Set<Long> knownDifferent = new HashSet<>();
    // While a pair of nameless pieces is compared: what is still to be looked at for that, and all that was to be.
    private ArrayDeque<Long> openPairs;
    private final Set<Long> seenPairs = new HashSet<>();
    /** Evidence goes one level deep: nameless pieces may refer to each other in circles. */
    private boolean describing;

    private Compare(Correlation correlation, LineNumbers lines) {
        this.correlation = correlation;
        this.lines = lines;
        original = correlation.original();
        patched = correlation.patched();
        isa = Isa.of(patched.elf().header().machine());
    }

    /**
     * Compares all twins.
     *
     * @param correlation which piece is which
     * @param lines which line numbers the patch moved
     * @return the verdicts
     */
    public static Comparison compare(Correlation correlation, LineNumbers lines) {
        return new Compare(correlation, lines).run();
    }

    private Comparison run() {
        int count = patched.pieces().size();
        Status[] status = new Status[count];
        Difference[] differences = new Difference[count];
        for (Piece piece : patched.pieces()) {
            status[piece.index()] = judge(piece, differences);
        }
        List<Piece> removed = original.pieces().stream()
                .filter(Compare::isJudged)
                .filter(piece -> correlation.twinOfOriginal(piece).isEmpty())
                .toList();
        return new Comparison(patched.name(), correlation, status, differences, removed);
    }

    /** {@return whether two variables of any objects have equal sizes and bytes, whatever they refer to} */
    static boolean sameBytes(ObjectPieces original, Piece before, ObjectPieces patched, Piece after) {
        return before.sizeBytes() == after.sizeBytes()
                && before.section().isNobits() == after.section().isNobits()
                && original.contents(before).mismatch(patched.contents(after)) < 0
                && original.references(before).size()
                        == patched.references(after).size();
    }

    private static boolean isJudged(Piece piece) {
        return switch (piece.kind()) {
            case FUNCTION, DATA, ASSEMBLY, NAMELESS_DATA -> true;
            case FRAGMENT, STRING, CONSTANT, SPECIAL_ENTRY -> false;
        };
    }

    private Status judge(Piece piece, Difference[] differences) {
        if (!isJudged(piece)) {
            return Status.UNNAMED;
        }
        Optional<Piece> twin = correlation.twinOfPatched(piece);
        if (twin.isEmpty()) {
            return Status.NEW;
        }
        Optional<Difference> difference = difference(twin.get(), piece);
        if (difference.isEmpty()) {
            return Status.SAME;
        }
        differences[piece.index()] = difference.get();
        return difference.get().kind() == Difference.Kind.LINE_NUMBER ? Status.ONLY_LINE_NUMBERS : Status.CHANGED;
    }

    /** {@return the first difference between a piece and its twin} */
    private Optional<Difference> difference(Piece before, Piece after) {
        Optional<Difference> found = differenceWithPadding(before, after);
        boolean ofCode = found.isPresent()
                && found.get().kind() != Difference.Kind.SPECIAL_ENTRY
                && found.get().kind() != Difference.Kind.PLACE;
        boolean onlyPadding = ofCode
                && new SameButAlignment(correlation, isa, (was, is) -> sameType(was, is) && sameTarget(was, is))
                        .holds(before, after);
        return onlyPadding ? attachmentDifference(before, after).or(() -> placeDifference(before, after)) : found;
    }

    private Optional<Difference> differenceWithPadding(Piece before, Piece after) {
        if (before.sizeBytes() != after.sizeBytes()) {
            return Optional.of(new Difference(Difference.Kind.SIZE, 0, sizes(before, after)));
        }
        if (before.section().isNobits() != after.section().isNobits()) {
            return Optional.of(new Difference(
                    Difference.Kind.BYTES,
                    0,
                    after.section().isNobits() ? "it is no longer initialized" : "it becomes initialized"));
        }
        Optional<Difference> reference = referenceDifference(before, after);
        long mismatch = original.contents(before).mismatch(patched.contents(after));
        if (mismatch >= 0 && (reference.isEmpty() || mismatch < reference.get().originalOffset())) {
            if (reference.isEmpty()
                    && after.isCode()
                    && new OnlyLineNumbers(isa, lines).differ(original.contents(before), patched.contents(after))) {
                return attachmentDifference(before, after)
                        .or(() -> Optional.of(new Difference(
                                Difference.Kind.LINE_NUMBER,
                                mismatch,
                                "only line numbers of the source differ, first at +0x%x".formatted(mismatch))));
            }
            return Optional.of(new Difference(
                    Difference.Kind.BYTES,
                    mismatch,
                    "its %s first at +0x%x".formatted(after.isCode() ? "code differs" : "contents differ", mismatch)));
        }
        return reference
                .or(() -> attachmentDifference(before, after))
                .or(() -> placeDifference(before, after))
                .or(() -> NeighbourJumps.difference(correlation, isa, before, after));
    }

    /**
     * Code may be put on purpose where a cache line has its upper half: thunks whose {@code ret} must not be in the lower
     * one. That shows only in its section's alignment and in the padding before it. Among neighbours in one section each
     * place follows from the others' sizes, and says nothing.
     */
    private Optional<Difference> placeDifference(Piece before, Piece after) {
        long alignment = after.section().alignment();
        boolean mayMatter = after.isCode() && alignment > USUAL_ALIGNMENT;
        if (!mayMatter || !isAlone(original, before) || !isAlone(patched, after)) {
            return Optional.empty();
        }
        long place = after.sectionOffset() % alignment;
        boolean kept = before.section().alignment() >= alignment && before.sectionOffset() % alignment == place;
        return kept
                ? Optional.empty()
                : Optional.of(new Difference(
                        Difference.Kind.PLACE,
                        0,
                        "it has to be 0x%x bytes behind a multiple of %d, and was aligned to %d"
                                .formatted(place, alignment, before.section().alignment())));
    }

    private static boolean isAlone(ObjectPieces object, Piece piece) {
        return object.pieces().stream()
                .allMatch(other -> other.index() == piece.index()
                        || other.section().index() != piece.section().index());
    }

    /** With what the compiler put behind a function it may be longer than its symbol says, which is what people know. */
    private static String sizes(Piece before, Piece after) {
        boolean stated = before.statedSizeBytes() != after.statedSizeBytes();
        return "its size changes from %d to %d bytes"
                .formatted(
                        stated ? before.statedSizeBytes() : before.sizeBytes(),
                        stated ? after.statedSizeBytes() : after.sizeBytes());
    }

    private Optional<Difference> referenceDifference(Piece before, Piece after) {
        List<Reference> befores = original.references(before);
        List<Reference> afters = patched.references(after);
        for (int i = 0; i < Math.min(befores.size(), afters.size()); i++) {
            Reference was = befores.get(i);
            Reference is = afters.get(i);
            if (was.pieceOffset() != is.pieceOffset() || !sameType(was, is)) {
                return Optional.of(new Difference(
                        Difference.Kind.REFERENCE,
                        Math.min(was.pieceOffset(), is.pieceOffset()),
                        "it refers to %s at +0x%x, not to %s at +0x%x"
                                .formatted(
                                        describe(patched, is), is.pieceOffset(),
                                        describe(original, was), was.pieceOffset())));
            }
            if (!sameTarget(was, is)) {
                return Optional.of(new Difference(Difference.Kind.REFERENCE, was.pieceOffset(), targetChange(was, is)));
            }
        }
        if (befores.size() != afters.size()) {
            return Optional.of(new Difference(
                    Difference.Kind.REFERENCE,
                    after.sizeBytes(),
                    "it has %d references instead of %d".formatted(afters.size(), befores.size())));
        }
        return Optional.empty();
    }

    private String targetChange(Reference was, Reference is) {
        if (!describing
                && was.target() instanceof Reference.InPiece before
                && is.target() instanceof Reference.InPiece after) {
            Piece old = original.pieces().get(before.pieceIndex());
            Piece changed = patched.pieces().get(after.pieceIndex());
            boolean comparable = old.kind() == changed.kind()
                    && !old.isNamed()
                    && !changed.isNamed()
                    && changed.kind() != Piece.Kind.STRING
                    && before.delta() == after.delta();
            if (comparable) {
                describing = true;
                Optional<Difference> inside = difference(old, changed);
                describing = false;
                if (inside.isPresent()) {
                    return "`%s`, to which it refers at +0x%x, changed: %s"
                            .formatted(
                                    changed.name(),
                                    is.pieceOffset(),
                                    inside.get().what());
                }
            }
        }
        return "at +0x%x it refers to %s instead of %s"
                .formatted(was.pieceOffset(), describe(patched, is), describe(original, was));
    }

    private Optional<Difference> attachmentDifference(Piece before, Piece after) {
        Map<String, List<Piece>> befores = bySection(original.attachments(before));
        Map<String, List<Piece>> afters = bySection(patched.attachments(after));
        Set<String> sections = new TreeSet<>(befores.keySet());
        sections.addAll(afters.keySet());
        return sections.stream()
                .flatMap(
                        section -> entryDifference(
                                section,
                                befores.getOrDefault(section, List.of()),
                                afters.getOrDefault(section, List.of()))
                                .stream())
                .findFirst()
                .map(what -> new Difference(Difference.Kind.SPECIAL_ENTRY, before.sizeBytes(), what));
    }

    /** In which order an object has its sections depends on what any of its functions needs first. */
    private static Map<String, List<Piece>> bySection(List<Piece> entries) {
        return entries.stream().collect(Collectors.groupingBy(Compare::sectionOfEntries));
    }

    private static String sectionOfEntries(Piece entry) {
        Section section = entry.section();
        return SectionRole.isExceptionTable(section) ? ".gcc_except_table" : section.name();
    }

    private Optional<String> entryDifference(String section, List<Piece> befores, List<Piece> afters) {
        if (befores.size() != afters.size()) {
            return Optional.of(
                    "it has %d entries in %s instead of %d".formatted(afters.size(), section, befores.size()));
        }
        for (int i = 0; i < afters.size(); i++) {
            if (!sameUnnamed(befores.get(i), afters.get(i))) {
                return Optional.of("one of its entries in %s differs".formatted(section));
            }
        }
        return Optional.empty();
    }

    private static boolean sameType(Reference was, Reference is) {
        int before = was.relocation().type();
        int after = is.relocation().type();
        return before == after || CALL_OR_JUMP.contains(before) && CALL_OR_JUMP.contains(after);
    }

    private boolean sameTarget(Reference was, Reference is) {
        return switch (is.target()) {
            case Reference.Elsewhere after ->
                switch (was.target()) {
                    case Reference.Elsewhere before ->
                        before.addend() == after.addend()
                                && before.symbol().name().equals(after.symbol().name());
                    case Reference.InPiece before ->
                        isGlobal(original.pieces().get(before.pieceIndex()), before, after);
                    case Reference.Constant _, Reference.Nothing _ -> false;
                };
            case Reference.Nothing after -> after.equals(was.target());
            case Reference.Constant after ->
                was.target() instanceof Reference.Constant before && before.value() == after.value();
            case Reference.InPiece after ->
                switch (was.target()) {
                    case Reference.InPiece before -> samePlace(before, after);
                    case Reference.Elsewhere before ->
                        isGlobal(patched.pieces().get(after.pieceIndex()), after, before);
                    case Reference.Constant _, Reference.Nothing _ -> false;
                };
        };
    }

    /** {@return whether a reference to a piece is one to that global, which the patch moved to or from this object} */
    private static boolean isGlobal(Piece piece, Reference.InPiece here, Reference.Elsewhere there) {
        return here.statedDelta() == there.addend()
                && piece.isNamed()
                && piece.symbols().stream()
                        .anyMatch(symbol -> !symbol.isLocal()
                                && symbol.name().equals(there.symbol().name()));
    }

    private boolean samePlace(Reference.InPiece before, Reference.InPiece after) {
        Piece was = original.pieces().get(before.pieceIndex());
        Piece is = patched.pieces().get(after.pieceIndex());
        if (was.isNamed() || is.isNamed()) {
            return before.delta() == after.delta()
                    && correlation.twinOfPatched(is).filter(was::equals).isPresent();
        }
        if (was.kind() == Piece.Kind.STRING && is.kind() == Piece.Kind.STRING) {
            return sameText(was, before.delta(), is, after.delta());
        }
        return before.delta() == after.delta() && sameUnnamed(was, is);
    }

    private boolean sameText(Piece was, long wasFrom, Piece is, long isFrom) {
        MemorySegment before = original.contents(was);
        MemorySegment after = patched.contents(is);
        if (wasFrom < 0 || wasFrom > before.byteSize() || isFrom < 0 || isFrom > after.byteSize()) {
            return wasFrom == isFrom && before.mismatch(after) < 0;
        }
        return before.asSlice(wasFrom).mismatch(after.asSlice(isFrom)) < 0;
    }

    /**
     * {@return whether two nameless pieces have equal contents, and so have all nameless pieces that they lead to}
     *
     * <p>These may refer to each other in circles. All pairs that must be equal are collected and looked at one after the
     * other; if none differs, all of them are the same.
     */
    private boolean sameUnnamed(Piece was, Piece is) {
        long first = pair(was, is);
        if (openPairs != null) {
            if (!knownSame.contains(first) && seenPairs.add(first)) {
                openPairs.add(first);
            }
            return true;
        }
        if (knownSame.contains(first)) {
            return true;
        }
        if (knownDifferent.contains(first)) {
            return false;
        }
        openPairs = new ArrayDeque<>(List.of(first));
        seenPairs.add(first);
        boolean same = true;
        while (same && !openPairs.isEmpty()) {
            long next = openPairs.remove();
            Piece before = original.pieces().get((int) (next >>> 32));
            Piece after = patched.pieces().get((int) next);
            same = before.kind() == after.kind() && difference(before, after).isEmpty();
        }
        if (same) {
            knownSame.addAll(seenPairs);
        } else {
            knownDifferent.add(first);
        }
        openPairs = null;
        seenPairs.clear();
        return same;
    }

    private static long pair(Piece was, Piece is) {
        return (long) was.index() << 32 | is.index();
    }

    static String describe(ObjectPieces object, Reference reference) {
        return switch (reference.target()) {
            case Reference.Elsewhere target -> target.symbol().name();
            case Reference.Nothing target -> "an empty place in " + target.section();
            case Reference.Constant target -> "0x%x".formatted(target.value());
            case Reference.InPiece target -> {
                Piece piece = object.pieces().get(target.pieceIndex());
                yield piece.kind() == Piece.Kind.STRING ? text(object, piece, target.delta()) : piece.name();
            }
        };
    }

    private static String text(ObjectPieces object, Piece string, long from) {
        StringBuilder text = new StringBuilder("the string \"");
        MemorySegment contents = object.contents(string);
        for (long at = Math.clamp(from, 0, contents.byteSize()); at < contents.byteSize() - 1; at++) {
            int character = LittleEndian.u8(contents, at);
            text.append(character >= ' ' && character < 127 ? (char) character : '.');
        }
        return text.append('"').toString();
    }
}
