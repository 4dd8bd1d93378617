package dev.suture.certify;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Proves that objects are what a program was linked from, function by function and variable by variable. */
final class ProveBaseline {
    private final Program program;
    private final InImage inImage;
    private final RunningSystem system;
    private int functions;
    private int variables;
    private int different;
    private Optional<Baseline.Difference> first = Optional.empty();
    private final List<String> notLinked = new ArrayList<>();
    private final CauseOfDifference cause;

    private ProveBaseline(Program program, RunningSystem system, CauseOfDifference cause) {
        this.program = program;
        this.cause = cause;
        this.system = system;
        inImage = new InImage(program, system);
    }

    /**
     * Proves all objects of a program.
     *
     * @param system the linked program, without a payload
     * @param cause finds out why something differs
     */
    static Baseline prove(Program program, RunningSystem system, CauseOfDifference cause) {
        return new ProveBaseline(program, system, cause).prove();
    }

    private Baseline prove() {
        for (int index = 0; index < program.objects().size(); index++) {
            ObjectPieces object = program.objects().get(index);
            if (LibraryObjects.isLeftOut(program, object, system)) {
                notLinked.add(object.name());
                continue;
            }
            for (Piece piece : object.pieces()) {
                if (isJudged(piece)) {
                    judge(object, index, piece);
                }
            }
        }
        return new Baseline(different == 0, functions, variables, different, first, notLinked);
    }

    private static boolean isJudged(Piece piece) {
        return switch (piece.kind()) {
            case FUNCTION, DATA, ASSEMBLY -> !Program.isThrownAway(piece) && piece.sizeBytes() > 0;
            case FRAGMENT, STRING, CONSTANT, NAMELESS_DATA, SPECIAL_ENTRY -> false;
        };
    }

    private void judge(ObjectPieces object, int index, Piece piece) {
        if (piece.kind() == Piece.Kind.DATA) {
            variables++;
        } else {
            functions++;
        }
        Optional<String> what = inImage.difference(index, piece);
        if (what.isEmpty()) {
            return;
        }
        different++;
        if (first.isEmpty()) {
            first = Optional.of(cause.of(object, piece, what.get()));
        }
    }
}
