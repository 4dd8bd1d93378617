package dev.suture.types;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.dwarf.TypeGraph;
import dev.suture.dwarf.TypeGraph.Body;
import dev.suture.dwarf.TypeGraph.Global;
import dev.suture.dwarf.TypeNode;
import dev.suture.dwarf.TypeNode.Kind;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Knows which functions may get at memory of which no type is known: through a {@code void *} in a variable that they
 * refer to, or in a struct that one of their parameters or locals points to.
 */
final class Untyped {
    private final TypeGraph graph;
    private final Set<String> functions = new HashSet<>();
    private final Set<String> withCode = new HashSet<>();

    Untyped(TypeGraph graph) {
        this.graph = graph;
    }

    /** Finds the functions that refer to variables without a type behind them. */
    void read(ObjectPieces object) {
        Set<String> variables = new HashSet<>();
        Map<Integer, Map<Long, Global>> placed = new HashMap<>();
        for (Global variable : graph.variables()) {
            if (leadsNowhere(variable.type()) || mayBeAddress(variable.type())) {
                variables.add(variable.symbol());
                placed.computeIfAbsent(variable.sectionIndex(), section -> new HashMap<>())
                        .put(variable.sectionOffset(), variable);
            }
        }
        if (variables.isEmpty()) {
            return;
        }
        for (Piece piece : object.pieces()) {
            if (piece.kind() == Piece.Kind.FUNCTION) {
                piece.symbols().forEach(symbol -> withCode.add(symbol.name()));
            }
            if (piece.kind() == Piece.Kind.FUNCTION
                    && object.references(piece).stream()
                            .anyMatch(reference -> refers(object, reference, variables, placed))) {
                piece.symbols().forEach(symbol -> functions.add(symbol.name()));
            }
        }
    }

    private static boolean refers(
            ObjectPieces object, Reference reference, Set<String> variables, Map<Integer, Map<Long, Global>> placed) {
        return switch (reference.target()) {
            case Reference.InPiece in -> {
                Piece piece = object.pieces().get(in.pieceIndex());
                yield placed.getOrDefault(piece.section().index(), Map.of()).containsKey(piece.sectionOffset());
            }
            case Reference.Elsewhere elsewhere ->
                variables.contains(elsewhere.symbol().name());
            case Reference.Nothing _, Reference.Constant _ -> false;
        };
    }

    /** An integer can hold an address, and then nothing says of what. */
    private static boolean mayBeAddress(TypeNode type) {
        return (type.kind() == Kind.UNSIGNED || type.kind() == Kind.SIGNED) && type.sizeBytes() == Long.BYTES;
    }

    private static boolean leadsNowhere(TypeNode type) {
        TypeNode at = type;
        boolean isPointer = false;
        for (int step = 0; step < 8; step++) {
            if (at.kind() == Kind.POINTER || at.kind() == Kind.ARRAY) {
                isPointer |= at.kind() == Kind.POINTER;
                at = at.target();
            } else {
                return isPointer && at.kind() == Kind.VOID;
            }
        }
        return false;
    }

    /** {@return whether it gets at such memory} */
    boolean isReached(Body function) {
        // What is inlined everywhere refers to variables from somewhere else.
        boolean isInlined = !functions.isEmpty() && !withCode.contains(function.symbol());
        return functions.contains(function.symbol())
                || isInlined
                || function.locals().stream().anyMatch(local -> {
                    TypeNode type = local.type();
                    return type.kind() == Kind.POINTER
                            && type.target().isComposite()
                            && type.target().fields().stream().anyMatch(field -> leadsNowhere(field.type()));
                });
    }

    /** {@return whether the same bytes are something else; for integers of one size only the sign may be} */
    boolean isAnother(TypeNode original, TypeNode patched) {
        if (!isScalar(original) || !isScalar(patched)) {
            return false;
        }
        boolean areIntegers = isInteger(original) && isInteger(patched);
        return original.sizeBytes() != patched.sizeBytes() || !areIntegers && original.kind() != patched.kind();
    }

    private static boolean isScalar(TypeNode type) {
        return switch (type.kind()) {
            case SIGNED, UNSIGNED, BOOLEAN, FLOAT, COMPLEX, ENUM, POINTER -> true;
            case VOID, MEMBER_POINTER, ARRAY, VECTOR, STRUCT, UNION, FUNCTION, INCOMPLETE, OTHER -> false;
        };
    }

    private static boolean isInteger(TypeNode type) {
        return type.kind() == Kind.SIGNED || type.kind() == Kind.UNSIGNED || type.kind() == Kind.ENUM;
    }
}
