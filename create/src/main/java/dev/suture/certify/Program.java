package dev.suture.certify;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.SectionRole;
import dev.suture.elf.Symbol;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A program as the objects that it is linked from. */
final class Program {
    /** What {@code xen.lds} throws away, and so is in no hypervisor. */
    private static final Set<String> THROWN_AWAY =
            Set.of(".text.exit", ".exit.text", ".exit.data", ".exitcall.exit", ".dtors", ".fini_array");

    /**
     * Where a global symbol is defined.
     *
     * @param part the piece it is in
     * @param offset in the piece, in bytes
     */
    record Definition(Part part, long offset) {}

    private final List<ObjectPieces> objects;
    private final Map<String, Definition> globals = new HashMap<>();

    Program(List<ObjectPieces> objects) {
        this.objects = List.copyOf(objects);
        for (int index = 0; index < objects.size(); index++) {
            ObjectPieces object = objects.get(index);
            for (Symbol symbol : object.elf().symbols()) {
                int piece = symbol.isLocal() ? -1 : object.pieceOfSymbol()[symbol.index()];
                if (piece >= 0) {
                    long offset = symbol.value() - object.pieces().get(piece).sectionOffset();
                    globals.putIfAbsent(symbol.name(), new Definition(new Part(index, piece), offset));
                }
            }
        }
    }

    List<ObjectPieces> objects() {
        return objects;
    }

    ObjectPieces object(Part part) {
        return objects.get(part.object());
    }

    Piece piece(Part part) {
        return objects.get(part.object()).pieces().get(part.piece());
    }

    /** {@return where a global symbol is defined; empty for what the linker defines} */
    Optional<Definition> global(String name) {
        return Optional.ofNullable(globals.get(name));
    }

    /** {@return whether the linker leaves a piece out of the program} */
    static boolean isThrownAway(Piece piece) {
        String section = piece.section().name();
        return THROWN_AWAY.contains(section) || section.startsWith(".discard") || section.startsWith(".dtors.");
    }

    /** {@return whether a piece is code or data that is used while the hypervisor boots, and given back then} */
    static boolean isOnlyForBoot(Piece piece) {
        return piece.role() == SectionRole.INIT;
    }
}
