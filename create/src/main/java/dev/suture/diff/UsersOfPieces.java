package dev.suture.diff;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** The references of an object the other way round: who refers to a piece. */
final class UsersOfPieces {
    private static final Pattern PART = Pattern.compile("\\.(cold|part|isra|constprop).*$");

    private final ObjectPieces object;
    /** The users of piece {@code i} are {@code users[first[i]]} up to {@code users[first[i + 1]]}, excluded. */
    private final int[] first;

    private final int[] users;

    private UsersOfPieces(ObjectPieces object, int[] first, int[] users) {
        this.object = object;
        this.first = first;
        this.users = users;
    }

    static UsersOfPieces of(ObjectPieces object) {
        int count = object.pieces().size();
        int[] first = new int[count + 1];
        for (Piece piece : object.pieces()) {
            for (Reference reference : object.references(piece)) {
                if (reference.target() instanceof Reference.InPiece target) {
                    first[target.pieceIndex() + 1]++;
                }
            }
        }
        for (int i = 0; i < count; i++) {
            first[i + 1] += first[i];
        }
        int[] next = Arrays.copyOf(first, count);
        int[] users = new int[first[count]];
        for (Piece piece : object.pieces()) {
            for (Reference reference : object.references(piece)) {
                if (reference.target() instanceof Reference.InPiece target) {
                    users[next[target.pieceIndex()]++] = piece.index();
                }
            }
        }
        return new UsersOfPieces(object, first, users);
    }

    /** {@return the pieces that refer to a piece, in order, one for each reference} */
    List<Piece> direct(Piece used) {
        return Arrays.stream(users, first[used.index()], first[used.index() + 1])
                .mapToObj(object.pieces()::get)
                .toList();
    }

    /** {@return whether all that refers to a function of this object is data that is used while the target starts} */
    boolean isListedForStart(Piece function) {
        List<Piece> direct = direct(function);
        return !function.isGlobal()
                && !direct.isEmpty()
                && direct.stream().allMatch(user -> !user.isCode() && user.role() == SectionRole.INIT);
    }

    /** {@return the stems of the functions that refer to a piece, themselves or through their parts put elsewhere} */
    Set<String> functions(Piece used) {
        Set<String> functions = new TreeSet<>();
        for (Piece user : direct(used)) {
            boolean cold = user.kind() == Piece.Kind.FRAGMENT && !user.symbols().isEmpty();
            if (user.kind() == Piece.Kind.FUNCTION || cold) {
                functions.add(PART.matcher(Names.stem(user.name())).replaceFirst(""));
            }
        }
        return functions;
    }

    /** {@return the pieces that refer to a piece, directly or through read-only nameless ones, and tell whose they are} */
    List<Piece> accountable(Piece used) {
        List<Piece> found = new ArrayList<>();
        Set<Integer> seen = new HashSet<>(Set.of(used.index()));
        ArrayDeque<Piece> open = new ArrayDeque<>(List.of(used));
        while (!open.isEmpty()) {
            for (Piece user : direct(open.remove())) {
                if (seen.add(user.index())) {
                    if (isAccountable(user)) {
                        found.add(user);
                    } else {
                        open.add(user);
                    }
                }
            }
        }
        return found;
    }

    private static boolean isAccountable(Piece user) {
        return switch (user.kind()) {
            case FUNCTION, DATA, ASSEMBLY -> true;
            case NAMELESS_DATA -> user.role() != SectionRole.READ_ONLY;
            case FRAGMENT, STRING, CONSTANT, SPECIAL_ENTRY -> false;
        };
    }
}
