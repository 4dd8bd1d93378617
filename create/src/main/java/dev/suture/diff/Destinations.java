package dev.suture.diff;

import dev.suture.diff.Selection.Destination;
import dev.suture.diff.Selection.Empty;
import dev.suture.diff.Selection.Fixed;
import dev.suture.diff.Selection.InPayload;
import dev.suture.diff.Selection.InTarget;
import dev.suture.diff.Selection.Named;
import dev.suture.diff.Selection.PieceId;
import dev.suture.elf.Elf;
import dev.suture.elf.Symbol;
import java.util.HashMap;
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
    private final TargetTraits traits;
    /** What the objects of the patch define for all as they become, by name. */
    private final Map<String, PieceId> patchedGlobals = new HashMap<>();
    /** What they define for all as they were. */
    private final Map<String, Definition> originalGlobals = new HashMap<>();

    /** A piece of an original object. */
    record Definition(int objectIndex, ObjectPieces object, Piece piece) {}

    /**
     * @param objects all objects of the patch
     * @param replacedConstants constants of which the payload has a changed copy
     * @param traits what is special about the target
     */
    Destinations(List<Comparison> objects, Set<PieceId> replacedConstants, TargetTraits traits) {
        this.objects = List.copyOf(objects);
        this.traits = traits;
        this.replacedConstants = replacedConstants;
        for (int index = 0; index < objects.size(); index++) {
            int object = index;
            ObjectPieces original = objects.get(object).original();
            original.pieces()
                    .forEach(piece -> globalNames(piece)
                            .forEach(name ->
                                    originalGlobals.putIfAbsent(name, new Definition(object, original, piece))));
            objects.get(object)
                    .patched()
                    .pieces()
                    .forEach(piece -> globalNames(piece)
                            .forEach(name -> patchedGlobals.putIfAbsent(name, new PieceId(object, piece.index()))));
        }
    }

    private static List<String> globalNames(Piece piece) {
        return piece.symbols().stream()
                .filter(symbol -> !symbol.isLocal())
                .map(Symbol::name)
                .toList();
    }

    /** {@return the variable that a global one without a twin was, if the patch moved it here from another object} */
    Optional<Definition> originalElsewhere(int object, Piece patchedPiece) {
        if (patchedPiece.kind() != Piece.Kind.DATA
                || !patchedPiece.isGlobal()
                || objects.get(object).correlation().twinOfPatched(patchedPiece).isPresent()) {
            return Optional.empty();
        }
        return Optional.ofNullable(originalGlobals.get(patchedPiece.name()))
                .filter(definition -> definition.objectIndex() != object);
    }

    /** {@return where a reference leads} */
    public Destination of(int object, Piece from, Reference reference) {
        return switch (reference.target()) {
            case Reference.Constant constant -> new Fixed();
            case Reference.Nothing nothing -> new Empty(nothing.section());
            case Reference.Elsewhere elsewhere -> {
                PieceId id = patchedGlobals.get(elsewhere.symbol().name());
                yield id == null ? new Named(elsewhere.symbol().name()) : ofGlobal(id, elsewhere.symbol());
            }
            case Reference.InPiece target -> ofPiece(object, from, reference, target);
        };
    }

    /** A global that another object of the patch defines: the running target knows it unless it is new there. */
    private Destination ofGlobal(PieceId id, Symbol symbol) {
        Comparison comparison = objects.get(id.object());
        Piece piece = comparison.patched().pieces().get(id.piece());
        Optional<Piece> twin = comparison.correlation().twinOfPatched(piece);
        if (twin.isPresent() && !replacedConstants.contains(id)) {
            return new InTarget(id.object(), twin.get());
        }
        Definition before = originalGlobals.get(symbol.name());
        boolean isGone =
                before == null || before.piece().role() == SectionRole.INIT && piece.role() != SectionRole.INIT;
        return isGone || replacedConstants.contains(id) ? new InPayload(id) : new Named(symbol.name());
    }

    private Destination ofPiece(int object, Piece from, Reference reference, Reference.InPiece target) {
        Comparison comparison = objects.get(object);
        Piece piece = comparison.patched().pieces().get(target.pieceIndex());
        PieceId id = new PieceId(object, piece.index());
        Optional<Piece> twin = comparison.correlation().twinOfPatched(piece);
        Optional<Definition> moved = originalElsewhere(object, piece);
        if (moved.isPresent()) {
            return new InTarget(moved.get().objectIndex(), moved.get().piece());
        }
        Optional<String> shared = twin.isPresent() ? Optional.empty() : sharedName(piece);
        if (shared.isPresent()) {
            return new Named(shared.get());
        }
        boolean stays = switch (piece.kind()) {
            case FUNCTION -> twin.isPresent() && !isInside(from, reference, target);
            case DATA -> twin.isPresent() && !replacedConstants.contains(id);
            case ASSEMBLY -> twin.isPresent() && !piece.symbols().isEmpty();
            case NAMELESS_DATA, FRAGMENT, STRING, CONSTANT, SPECIAL_ENTRY -> false;
        };
        return stays ? new InTarget(object, twin.get()) : new InPayload(id);
    }

    /** {@return the name of what is new in its object, but the target has it from another one} */
    private Optional<String> sharedName(Piece piece) {
        return piece.symbols().stream()
                .filter(symbol -> symbol.binding() == Elf.STB_WEAK || symbol.binding() == Elf.STB_GNU_UNIQUE)
                .map(Symbol::name)
                .filter(traits.sharedNames()::contains)
                .findFirst();
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
