package dev.suture.diff;

import dev.suture.diff.Correlation.MatchedBy;
import dev.suture.elf.Symbol;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;

/**
 * Finds each piece's twin.
 *
 * <p>What a programmer named is matched by its name. What a compiler numbered ({@code last.1}, {@code __func__.7},
 * {@code CSWTCH.12}, {@code f.part.0}) is numbered anew with each change of the source, so those are matched by their
 * stem and then, level by level until nothing is left: by the functions that use them, by their contents, by the whole
 * name, and at last by their order. For example {@code count.1} and {@code count.2}, static locals of {@code f} and
 * {@code g}, may come back as {@code count.2} and {@code count.3}: their users tell them apart.
 *
 * <p>Strings, constants, fragments and entries have no twins: they are compared where they are referred to.
 */
public final class Correlate {
    private final ObjectPieces original;
    private final ObjectPieces patched;
    private final int[] twinOfOriginal;
    private final int[] twinOfPatched;
    private final MatchedBy[] matchedBy;
    private final List<Set<String>> usersInOriginal;
    private final List<Set<String>> usersInPatched;

    private Correlate(ObjectPieces original, ObjectPieces patched) {
        this.original = original;
        this.patched = patched;
        twinOfOriginal = new int[original.pieces().size()];
        twinOfPatched = new int[patched.pieces().size()];
        Arrays.fill(twinOfOriginal, -1);
        Arrays.fill(twinOfPatched, -1);
        matchedBy = new MatchedBy[patched.pieces().size()];
        usersInOriginal = users(original);
        usersInPatched = users(patched);
    }

    /** {@return which piece of the original is which piece of the patched object} */
    public static Correlation correlate(ObjectPieces original, ObjectPieces patched) {
        Correlate correlate = new Correlate(original, patched);
        correlate.run();
        return new Correlation(
                original, patched, correlate.twinOfPatched, correlate.twinOfOriginal, correlate.matchedBy);
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
        matchBy(ofOriginal, ofPatched, MatchedBy.USERS, (object, piece) -> {
            Set<String> users = (object == original ? usersInOriginal : usersInPatched).get(piece.index());
            return users.isEmpty() ? "" : users + " " + piece.sizeBytes();
        });
        matchBy(ofOriginal, ofPatched, MatchedBy.CONTENTS, Correlate::contents);
        matchBy(
                ofOriginal,
                ofPatched,
                MatchedBy.USERS,
                (object, piece) -> (object == original ? usersInOriginal : usersInPatched)
                        .get(piece.index())
                        .toString());
        matchBy(ofOriginal, ofPatched, MatchedBy.NUMBERED_NAME, (object, piece) -> piece.name());
        List<Piece> leftOfOriginal =
                ofOriginal.stream().filter(this::isOriginalUnmatched).toList();
        List<Piece> leftOfPatched =
                ofPatched.stream().filter(this::isPatchedUnmatched).toList();
        if (leftOfOriginal.size() == leftOfPatched.size()) {
            for (int i = 0; i < leftOfPatched.size(); i++) {
                match(leftOfOriginal.get(i), leftOfPatched.get(i), MatchedBy.POSITION);
            }
        }
    }

    /** Matches those that are alone in both objects with their key; an empty key matches nothing. */
    private void matchBy(
            List<Piece> ofOriginal,
            List<Piece> ofPatched,
            MatchedBy level,
            BiFunction<ObjectPieces, Piece, String> keyOf) {
        Map<String, List<Piece>> byKey = new LinkedHashMap<>();
        for (Piece piece : ofOriginal) {
            if (isOriginalUnmatched(piece)) {
                byKey.computeIfAbsent(keyOf.apply(original, piece), key -> new ArrayList<>())
                        .add(piece);
            }
        }
        Map<String, List<Piece>> patchedByKey = new LinkedHashMap<>();
        for (Piece piece : ofPatched) {
            if (isPatchedUnmatched(piece)) {
                patchedByKey
                        .computeIfAbsent(keyOf.apply(patched, piece), key -> new ArrayList<>())
                        .add(piece);
            }
        }
        patchedByKey.forEach((key, pieces) -> {
            List<Piece> twins = byKey.getOrDefault(key, List.of());
            if (!key.isEmpty() && pieces.size() == 1 && twins.size() == 1) {
                match(twins.getFirst(), pieces.getFirst(), level);
            }
        });
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

    /**
     * The candidates by kind and stem. Code that is given back after boot and code that stays are never twins: the one
     * is not there any more.
     */
    private static Map<String, List<Piece>> groups(ObjectPieces object) {
        Map<String, List<Piece>> groups = new LinkedHashMap<>();
        for (Piece piece : object.pieces()) {
            if (piece.isNamed()) {
                String phase = piece.kind() == Piece.Kind.FUNCTION && piece.role() == SectionRole.INIT ? "init " : "";
                String key = phase + piece.kind() + " " + Names.stem(piece.name());
                groups.computeIfAbsent(key, stem -> new ArrayList<>()).add(piece);
            } else if (piece.kind() == Piece.Kind.ASSEMBLY || piece.kind() == Piece.Kind.NAMELESS_DATA) {
                String key = piece.kind() + " " + piece.section().name();
                groups.computeIfAbsent(key, section -> new ArrayList<>()).add(piece);
            }
        }
        return groups;
    }

    /** {@return for each piece the stems of the functions that refer to it, themselves or through their fragments} */
    private static List<Set<String>> users(ObjectPieces object) {
        List<Set<String>> users = new ArrayList<>();
        object.pieces().forEach(piece -> users.add(new TreeSet<>()));
        for (Piece piece : object.pieces()) {
            boolean named = piece.kind() == Piece.Kind.FUNCTION;
            boolean cold =
                    piece.kind() == Piece.Kind.FRAGMENT && !piece.symbols().isEmpty();
            if (named || cold) {
                String user = Names.stem(piece.name()).replaceFirst("\\.(cold|part|isra|constprop).*$", "");
                for (Reference reference : object.references(piece)) {
                    if (reference.target() instanceof Reference.InPiece target) {
                        users.get(target.pieceIndex()).add(user);
                    }
                }
            }
        }
        return users;
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
