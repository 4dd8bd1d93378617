package dev.suture.linked;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.elf.Elf;
import dev.suture.elf.Section;
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

    /** {@return whether an offset of a section is as aligned as the piece is} */
    boolean isAligned(Section section, long offset) {
        if (piece.kind() == Piece.Kind.STRING || piece.kind() == Piece.Kind.SPECIAL_ENTRY) {
            return true;
        }
        long ofSection = Math.max(1, piece.section().alignment());
        long ofOffset = piece.sectionOffset() == 0 ? ofSection : Long.lowestOneBit(piece.sectionOffset());
        long needed = Math.min(ofSection, ofOffset);
        return section.alignment() >= needed && offset % needed == 0;
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
