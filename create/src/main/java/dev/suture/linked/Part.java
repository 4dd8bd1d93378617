package dev.suture.linked;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.elf.Elf;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashSet;
import java.util.Set;

/** One piece of one object. */
record Part(ObjectPieces object, Piece piece) {
    String name() {
        return piece.name();
    }

    MemorySegment contents() {
        return object.contents(piece);
    }

    /** {@return the names by which a linked program knows what begins where the piece does} */
    Set<String> keys() {
        Set<String> keys = new LinkedHashSet<>();
        piece.symbols().forEach(symbol -> keys.add(key(symbol)));
        return keys;
    }

    /** {@return whether it is a variable, which the running program may have written to} */
    boolean isVariable() {
        return piece.kind() == Piece.Kind.DATA && isWritable();
    }

    /** {@return whether its section stays writable once the program runs} */
    boolean isWritable() {
        String name = piece.section().name();
        boolean relocatedOnly = name.equals(".data.rel.ro") || name.startsWith(".data.rel.ro.");
        return piece.section().has(Elf.SHF_WRITE) && !relocatedOnly;
    }

    String key(Symbol symbol) {
        return symbol.isLocal() ? Image.targetNameOfLocal(object.sourceFile(), symbol.name()) : plain(symbol);
    }

    static String plain(Symbol symbol) {
        return LinkedFile.plain(symbol.name());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Part part && part.object == object && part.piece.index() == piece.index();
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(object) * 31 + piece.index();
    }
}
