package dev.suture.diff;

import dev.suture.diff.Correlation.MatchedBy;
import dev.suture.elf.Symbol;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;

/**
 * Finds each piece's twin.
 *
 * <p>What a programmer named is matched by its name. What a compiler numbered ({@code last.1}, {@code __func__.7},
 * {@code CSWTCH.12}, {@code f.part.0}) is numbered anew with each change of the source, so those are matched by their
 * stem and then, level by level until nothing is left: by the functions that use them, by the function that debug
 * information says they are declared in, by their contents, by their order, and at last by the whole name. For example
 * {@code count.1} and {@code count.2}, static locals of {@code f} and {@code g}, may come back as {@code count.2} and
 * {@code count.3}: their users tell them apart.
 *
 * <p>A wrong guess does no harm to functions and constants, which are compared with whatever they are taken for. A
 * variable has a state that the contents of the object do not tell: there {@link Select} refuses to rely on a guess.
 *
 * <p>Strings, constants, fragments and entries have no twins: they are compared where they are referred to.
 */
public final class Correlate {
    private final ObjectPieces original;
    private final ObjectPieces patched;
    private final int[] twinOfOriginal;
    private final int[] twinOfPatched;
    private final MatchedBy[] matchedBy;
    // Made when first asked for: most objects have nothing that needs them.
    private UsersOfPieces usersInOriginal;
    private UsersOfPieces usersInPatched;
    private final BlockVariables blocks;
    private boolean knowsScopes;

    private Correlate(ObjectPieces original, ObjectPieces patched, SourceLines lines) {
        blocks = new BlockVariables(original, patched, lines);
        this.original = original;
        this.patched = patched;
        twinOfOriginal = new int[original.pieces().size()];
        twinOfPatched = new int[patched.pieces().size()];
        Arrays.fill(twinOfOriginal, -1);
        Arrays.fill(twinOfPatched, -1);
        matchedBy = new MatchedBy[patched.pieces().size()];
    }

    /** {@return which piece is which in two builds of which no more is known} */
    public static Correlation correlate(ObjectPieces original, ObjectPieces patched) {
        return correlate(original, patched, SourceLines.UNKNOWN);
    }

    /**
     * {@return which piece of the original is which piece of the patched object}
     *
     * @param lines what the patch does to the sources
     */
    public static Correlation correlate(ObjectPieces original, ObjectPieces patched, SourceLines lines) {
        Correlate correlate = new Correlate(original, patched, lines);
        correlate.run();
        return new Correlation(
                original,
                patched,
                correlate.twinOfPatched,
                correlate.twinOfOriginal,
                correlate.matchedBy,
                correlate.blocks);
    }

    private void run() {
        Map<String, List<Piece>> originals = groups(original);
        Map<String, List<Piece>> patcheds = groups(patched);
        patcheds.forEach((stem, ofPatched) -> {
            List<Piece> ofOriginal = originals.getOrDefault(stem, List.of());
            if (ofOriginal.size() == 1 && ofPatched.size() == 1 && !isNumbered(ofPatched.getFirst())) {
                match(ofOriginal.getFirst(), ofPatched.getFirst(), MatchedBy.NAME);
            } else if (!ofOriginal.isEmpty()) {
                matchGroup(ofOriginal, ofPatched);
            }
        });
    }

    private void matchGroup(List<Piece> ofOriginal, List<Piece> ofPatched) {
        // Debug information takes longer to read than all else takes: only what has another of its name needs it here.
        if (ofPatched.getFirst().holdsState() && (ofOriginal.size() > 1 || ofPatched.size() > 1)) {
            matchByPlace(ofOriginal, ofPatched);
        }
        matchBy(ofOriginal, ofPatched, MatchedBy.USERS, (object, piece) -> {
            String users = users(object, piece);
            return users.isEmpty() ? "" : users + " " + piece.sizeBytes();
        });
        matchBy(ofOriginal, ofPatched, MatchedBy.CONTENTS, (object, piece) -> {
            String users = users(object, piece);
            return users.isEmpty() ? "" : users + " " + contents(object, piece);
        });
        matchBy(ofOriginal, ofPatched, MatchedBy.USERS, this::users);
        matchInOrder(ofOriginal, ofPatched);
        if (ofOriginal.stream().anyMatch(this::isOriginalUnmatched)
                && ofPatched.stream().anyMatch(piece -> isPatchedUnmatched(piece) && piece.holdsState())) {
            knowsScopes = blocks.areKnown();
            matchBy(ofOriginal, ofPatched, MatchedBy.SCOPE, blocks::scope);
        }
        matchBy(ofOriginal, ofPatched, MatchedBy.CONTENTS, Correlate::contents);
        matchBy(ofOriginal, ofPatched, MatchedBy.NUMBERED_NAME, (object, piece) -> piece.name());
        List<Piece> leftOfOriginal =
                ofOriginal.stream().filter(this::isOriginalUnmatched).toList();
        List<Piece> leftOfPatched =
                ofPatched.stream().filter(this::isPatchedUnmatched).toList();
        if (leftOfOriginal.size() == leftOfPatched.size()) {
            for (int i = 0; i < leftOfPatched.size(); i++) {
                if (mayBeTwins(leftOfOriginal.get(i), leftOfPatched.get(i))) {
                    match(leftOfOriginal.get(i), leftOfPatched.get(i), MatchedBy.POSITION);
                }
            }
        }
    }

    /** {@return whether debug information, as far as it was looked at, does not say that they are two variables} */
    private boolean mayBeTwins(Piece ofOriginal, Piece ofPatched) {
        return !ofPatched.holdsState()
                || !knowsScopes
                || blocks.scope(original, ofOriginal).equals(blocks.scope(patched, ofPatched));
    }

    private void matchByPlace(List<Piece> ofOriginal, List<Piece> ofPatched) {
        for (Piece after : ofPatched) {
            ofOriginal.stream()
                    .filter(before -> isOriginalUnmatched(before) && blocks.isSame(before, after))
                    .findFirst()
                    .ifPresent(before -> match(before, after, MatchedBy.PLACE));
        }
    }

    /** Matches those that are as many in both objects with the same users, in their order. */
    private void matchInOrder(List<Piece> ofOriginal, List<Piece> ofPatched) {
        Map<String, List<Piece>> byUsers = unmatched(original, ofOriginal, this::users);
        unmatched(patched, ofPatched, this::users).forEach((users, pieces) -> {
            List<Piece> twins = byUsers.getOrDefault(users, List.of());
            if (!users.isEmpty() && twins.size() == pieces.size()) {
                List<Piece> before = inOrder(twins);
                List<Piece> after = inOrder(pieces);
                for (int i = 0; i < after.size(); i++) {
                    match(before.get(i), after.get(i), MatchedBy.ORDER);
                }
            }
        });
    }

    private static List<Piece> inOrder(List<Piece> pieces) {
        return pieces.stream()
                .sorted(Comparator.comparingInt((Piece piece) -> piece.name().length())
                        .thenComparing(Piece::name))
                .toList();
    }

    /** Matches those that are alone in both objects with their key; an empty key matches nothing. */
    private void matchBy(
            List<Piece> ofOriginal,
            List<Piece> ofPatched,
            MatchedBy level,
            BiFunction<ObjectPieces, Piece, String> keyOf) {
        Map<String, List<Piece>> byKey = unmatched(original, ofOriginal, keyOf);
        unmatched(patched, ofPatched, keyOf).forEach((key, pieces) -> {
            List<Piece> twins = byKey.getOrDefault(key, List.of());
            if (!key.isEmpty()
                    && pieces.size() == 1
                    && twins.size() == 1
                    && mayBeTwins(twins.getFirst(), pieces.getFirst())) {
                match(twins.getFirst(), pieces.getFirst(), level);
            }
        });
    }

    /** {@return those without a twin yet, by their keys} */
    private Map<String, List<Piece>> unmatched(
            ObjectPieces object, List<Piece> pieces, BiFunction<ObjectPieces, Piece, String> keyOf) {
        int[] twins = object == original ? twinOfOriginal : twinOfPatched;
        Map<String, List<Piece>> byKey = new LinkedHashMap<>();
        for (Piece piece : pieces) {
            if (twins[piece.index()] < 0) {
                byKey.computeIfAbsent(keyOf.apply(object, piece), key -> new ArrayList<>())
                        .add(piece);
            }
        }
        return byKey;
    }

    private void match(Piece ofOriginal, Piece ofPatched, MatchedBy level) {
        twinOfOriginal[ofOriginal.index()] = ofPatched.index();
        twinOfPatched[ofPatched.index()] = ofOriginal.index();
        matchedBy[ofPatched.index()] = level;
    }

    private boolean isOriginalUnmatched(Piece piece) {
        return twinOfOriginal[piece.index()] < 0;
    }

    private boolean isPatchedUnmatched(Piece piece) {
        return twinOfPatched[piece.index()] < 0;
    }

    private static boolean isNumbered(Piece piece) {
        return Names.isNumbered(piece.name());
    }

    /** What others can see has its name from the programmer, except for variables of blocks in C++. */
    private static String stem(Piece piece) {
        return piece.isGlobal() && !BlockVariables.isOne(piece) ? piece.name() : Names.stem(piece.name());
    }

    /**
     * The candidates by kind and stem. Code that is given back after boot and code that stays are never twins: the one
     * is not there any more.
     */
    private static Map<String, List<Piece>> groups(ObjectPieces object) {
        Map<String, List<Piece>> groups = new LinkedHashMap<>();
        for (Piece piece : object.pieces()) {
            if (piece.isNamed()) {
                String phase = piece.kind() == Piece.Kind.FUNCTION && piece.role() == SectionRole.INIT ? "init " : "";
                String key = phase + piece.kind() + " " + stem(piece);
                groups.computeIfAbsent(key, stem -> new ArrayList<>()).add(piece);
            } else if (piece.kind() == Piece.Kind.ASSEMBLY || piece.kind() == Piece.Kind.NAMELESS_DATA) {
                String key = piece.kind() + " " + piece.section().name();
                groups.computeIfAbsent(key, section -> new ArrayList<>()).add(piece);
            }
        }
        return groups;
    }

    /** {@return the functions that refer to a piece; empty if there are none} */
    private String users(ObjectPieces object, Piece piece) {
        UsersOfPieces users;
        if (object == original) {
            usersInOriginal = usersInOriginal == null ? UsersOfPieces.of(original) : usersInOriginal;
            users = usersInOriginal;
        } else {
            usersInPatched = usersInPatched == null ? UsersOfPieces.of(patched) : usersInPatched;
            users = usersInPatched;
        }
        Set<String> functions = users.functions(piece);
        return functions.isEmpty() ? "" : functions.toString();
    }

    private static String contents(ObjectPieces object, Piece piece) {
        StringBuilder key = new StringBuilder()
                .append(piece.role())
                .append(' ')
                .append(piece.sizeBytes())
                .append(' ')
                .append(Arrays.hashCode(object.contents(piece).toArray(ValueLayout.JAVA_BYTE)));
        for (Reference reference : object.references(piece)) {
            key.append(' ').append(reference.pieceOffset()).append(':').append(targetName(object, reference));
        }
        return key.toString();
    }

    private static String targetName(ObjectPieces object, Reference reference) {
        return switch (reference.target()) {
            case Reference.InPiece target -> {
                Piece piece = object.pieces().get(target.pieceIndex());
                yield (piece.symbols().isEmpty() ? piece.kind().toString() : Names.stem(piece.name())) + target.delta();
            }
            case Reference.Elsewhere target -> {
                Symbol symbol = target.symbol();
                yield symbol.name() + target.addend();
            }
            case Reference.Nothing target -> target.section();
            case Reference.Constant target -> Long.toString(target.value());
        };
    }
}
