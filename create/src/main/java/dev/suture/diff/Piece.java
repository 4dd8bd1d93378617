package dev.suture.diff;

import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import java.util.List;

/**
 * A run of bytes of an object that is kept, dropped or replaced as a whole.
 *
 * @param index its place in {@link ObjectPieces#pieces()}
 * @param kind what it is
 * @param role what its section is for
 * @param section the section it is in
 * @param sectionOffset of its first byte, in bytes
 * @param sizeBytes how long it is; for a function this reaches to the end of what belongs to it, which may be further
 *     than its symbol says
 * @param symbols the named symbols that begin where it begins, its own first; empty for what has no name
 */
public record Piece(
        int index,
        Kind kind,
        SectionRole role,
        Section section,
        long sectionOffset,
        long sizeBytes,
        List<Symbol> symbols) {

    /** What a piece is. */
    public enum Kind {
        /** A function with a name. */
        FUNCTION,
        /** Code that belongs to what refers to it: a {@code .cold} half, a fix-up, a replacement of an alternative. */
        FRAGMENT,
        /** Code that has no function symbol with a size: hand-written assembly. */
        ASSEMBLY,
        /** A variable or constant with a name. */
        DATA,
        /** One string of a mergeable section. */
        STRING,
        /** One constant of a mergeable section. */
        CONSTANT,
        /** Data without a name, such as a jump table. */
        NAMELESS_DATA,
        /** One entry of a special section, which belongs to the code it speaks of. */
        SPECIAL_ENTRY
    }

    public Piece {
        symbols = List.copyOf(symbols);
    }

    /** {@return the name of its own symbol, or for what has none its section and offset} */
    public String name() {
        return symbols.isEmpty()
                ? "%s+0x%x".formatted(section.name(), sectionOffset)
                : symbols.getFirst().name();
    }

    /** {@return whether it is matched by its name, and referred to by it} */
    public boolean isNamed() {
        return (kind == Kind.FUNCTION || kind == Kind.DATA) && !symbols.isEmpty();
    }

    /** {@return whether its symbol is visible to other objects} */
    public boolean isGlobal() {
        return symbols.stream().anyMatch(symbol -> !symbol.isLocal());
    }

    /** {@return the first offset in its section behind it, in bytes} */
    public long endOffset() {
        return sectionOffset + sizeBytes;
    }

    /** {@return the size its symbol states, in bytes; that of the piece if it has no symbol} */
    public long statedSizeBytes() {
        return symbols.isEmpty() ? sizeBytes : symbols.getFirst().sizeBytes();
    }

    /** {@return whether it is a variable, which the running target may have written to} */
    public boolean holdsState() {
        return kind == Kind.DATA
                && (role == SectionRole.DATA || role == SectionRole.PER_CPU || role == SectionRole.THREAD_LOCAL);
    }

    /** {@return whether it is machine code} */
    public boolean isCode() {
        return switch (kind) {
            case FUNCTION, FRAGMENT, ASSEMBLY -> true;
            case DATA, STRING, CONSTANT, NAMELESS_DATA, SPECIAL_ENTRY -> false;
        };
    }
}
