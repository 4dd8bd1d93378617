package dev.suture.diff;

import dev.suture.diff.Selection.Destination;
import dev.suture.diff.Selection.Empty;
import dev.suture.diff.Selection.Fixed;
import dev.suture.diff.Selection.InPayload;
import dev.suture.diff.Selection.InTarget;
import dev.suture.diff.Selection.Named;
import dev.suture.diff.Selection.PieceId;
import dev.suture.elf.Symbol;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Decides where each reference of the payload leads.
 *
 * <p>What the running target has is referred to there, by name, also when the payload replaces it: a call of a replaced
 * function goes to the old address and from there through its trampoline. That keeps function pointers equal, and when a
 * later payload replaces the function once more, this payload's calls follow. Only what is inside of a replaced function
 * (labels of jump tables, fix-ups, its own entries) leads to the new copy.
 */
public final class Destinations {
    private final List<Comparison> objects;
    private final Set<PieceId> replacedConstants;
    private final Map<String, PieceId> newGlobals = new HashMap<>();

    /**
     * @param objects all objects of the patch
     * @param replacedConstants constants of which the payload has a changed copy
     */
    Destinations(List<Comparison> objects, Set<PieceId> replacedConstants) {
        this.objects = List.copyOf(objects);
        this.replacedConstants = replacedConstants;
        Set<String> stays = new HashSet<>();
        for (Comparison object : objects) {
            object.patched().pieces().stream()
                    .filter(piece -> !isGivenBack(piece))
                    .forEach(piece -> stays.addAll(globalNames(piece)));
        }
        Set<String> known = new HashSet<>();
        for (Comparison object : objects) {
            for (Piece piece : object.original().pieces()) {
                // The running target has no boot code any more: what is none after the patch is new to it.
                globalNames(piece).stream()
                        .filter(name -> !isGivenBack(piece) || !stays.contains(name))
                        .forEach(known::add);
            }
        }
        for (int object = 0; object < objects.size(); object++) {
            for (Piece piece : objects.get(object).patched().pieces()) {
                for (Symbol symbol : piece.symbols()) {
                    if (!symbol.isLocal() && !known.contains(symbol.name())) {
                        newGlobals.putIfAbsent(symbol.name(), new PieceId(object, piece.index()));
                    }
                }
            }
        }
    }

    private static List<String> globalNames(Piece piece) {
        return piece.symbols().stream()
                .filter(symbol -> !symbol.isLocal())
                .map(Symbol::name)
                .toList();
    }

    private static boolean isGivenBack(Piece piece) {
        return piece.kind() == Piece.Kind.FUNCTION && piece.role() == SectionRole.INIT;
    }

    /** {@return where a reference leads} */
    public Destination of(int object, Piece from, Reference reference) {
        return switch (reference.target()) {
            case Reference.Constant constant -> new Fixed();
            case Reference.Nothing nothing -> new Empty(nothing.section());
            case Reference.Elsewhere elsewhere -> {
                PieceId id = newGlobals.get(elsewhere.symbol().name());
                yield id == null ? new Named(elsewhere.symbol().name()) : new InPayload(id);
            }
            case Reference.InPiece target -> ofPiece(object, from, reference, target);
        };
    }

    private Destination ofPiece(int object, Piece from, Reference reference, Reference.InPiece target) {
        Comparison comparison = objects.get(object);
        Piece piece = comparison.patched().pieces().get(target.pieceIndex());
        PieceId id = new PieceId(object, piece.index());
        Optional<Piece> twin = comparison.correlation().twinOfPatched(piece);
        boolean stays = switch (piece.kind()) {
            case FUNCTION -> twin.isPresent() && !isInside(from, reference, target);
            case DATA -> twin.isPresent() && !replacedConstants.contains(id);
            case ASSEMBLY -> twin.isPresent() && !piece.symbols().isEmpty();
            case NAMELESS_DATA, FRAGMENT, STRING, CONSTANT, SPECIAL_ENTRY -> false;
        };
        return stays ? new InTarget(object, twin.get()) : new InPayload(id);
    }

    /** {@return whether a reference to a function means a place in its body, which only the same copy has} */
    private static boolean isInside(Piece from, Reference reference, Reference.InPiece target) {
        return switch (from.kind()) {
            case SPECIAL_ENTRY -> reference.pieceOffset() == 0 || target.delta() != 0;
            case NAMELESS_DATA -> reference.relocation().type() != 1 || target.delta() != 0;
            case FUNCTION, FRAGMENT, ASSEMBLY, DATA, STRING, CONSTANT -> target.delta() != 0;
        };
    }
}
