package dev.suture.explain;

import dev.suture.diff.Correlation;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.elf.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import java.util.Optional;

/** Says what a reference refers to, for a reader and for comparing the two sides. */
final class NameTargets {
    private static final int STRING_SHOWN = 200;
    private static final int CONSTANT_SHOWN_BYTES = 64;

    private final Correlation correlation;
    private final ObjectPieces object;
    private final boolean isOriginal;

    NameTargets(Correlation correlation, boolean isOriginal) {
        this.correlation = correlation;
        this.isOriginal = isOriginal;
        this.object = isOriginal ? correlation.original() : correlation.patched();
    }

    ObjectPieces object() {
        return object;
    }

    /**
     * {@return what is referred to, for a reader}
     *
     * @param pastAddend what the addend takes off because the CPU counts from behind the field, in bytes
     */
    String text(Reference reference, long pastAddend) {
        return switch (reference.target()) {
            case Reference.InPiece target -> text(object, piece(target), target.delta());
            case Reference.Elsewhere target -> plus(target.symbol().name(), target.addend() + pastAddend);
            case Reference.Nothing target -> "an empty place in " + target.section();
            case Reference.Constant target -> "0x%x".formatted(target.value());
        };
    }

    /** {@return a text that is the same for both objects if they refer to the same} */
    String identity(Reference reference, long pastAddend) {
        return switch (reference.target()) {
            case Reference.InPiece target -> identity(piece(target), target.delta());
            case Reference.Elsewhere target -> plus("global " + target.symbol().name(), target.addend() + pastAddend);
            case Reference.Nothing target -> "nothing " + target.section();
            case Reference.Constant target -> "number " + target.value();
        };
    }

    /** {@return the same for a place in a piece} */
    String identity(Piece piece, long delta) {
        Optional<Piece> twin = isOriginal ? correlation.twinOfOriginal(piece) : Optional.of(piece);
        if (piece.isNamed()) {
            String side = twin.isPresent() ? "both " : "original ";
            String name = piece.isGlobal()
                    ? "global " + piece.name()
                    : side + twin.orElse(piece).index();
            return plus(name, delta);
        }
        return switch (piece.kind()) {
            case STRING, CONSTANT -> plus(piece.kind() + " " + contents(object, piece), delta);
            case FUNCTION, FRAGMENT, ASSEMBLY, DATA, NAMELESS_DATA, SPECIAL_ENTRY ->
                plus(piece.kind() + " " + piece.section().name(), piece.kind() == Piece.Kind.FRAGMENT ? delta : 0);
        };
    }

    private Piece piece(Reference.InPiece target) {
        return object.pieces().get(target.pieceIndex());
    }

    static String text(ObjectPieces object, Piece piece, long delta) {
        return switch (piece.kind()) {
            case STRING -> "the string " + quoted(object, piece, delta);
            case CONSTANT -> plus("the constant " + contents(object, piece), delta);
            case FUNCTION, FRAGMENT, ASSEMBLY, DATA, NAMELESS_DATA, SPECIAL_ENTRY -> plus(piece.name(), delta);
        };
    }

    /** {@return a string as text, other contents in hexadecimal if they are short; else empty} */
    static String contents(ObjectPieces object, Piece piece) {
        if (piece.kind() == Piece.Kind.STRING) {
            return quoted(object, piece, 0);
        }
        byte[] bytes = object.contents(piece).toArray(ValueLayout.JAVA_BYTE);
        return bytes.length > CONSTANT_SHOWN_BYTES
                ? ""
                : HexFormat.ofDelimiter(" ").formatHex(bytes);
    }

    private static String quoted(ObjectPieces object, Piece string, long from) {
        StringBuilder text = new StringBuilder("\"");
        MemorySegment contents = object.contents(string);
        long start = Math.clamp(from, 0, contents.byteSize());
        for (long at = start; at < contents.byteSize() - 1 && at < start + STRING_SHOWN; at++) {
            int character = LittleEndian.u8(contents, at);
            switch (character) {
                case '\n' -> text.append("\\n");
                case '\t' -> text.append("\\t");
                case '"', '\\' -> text.append('\\').append((char) character);
                default ->
                    text.append(
                            character >= ' ' && character < 127 ? Character.toString(character) : escape(character));
            }
        }
        return text.append(contents.byteSize() - 1 - start > STRING_SHOWN ? "…\"" : "\"")
                .toString();
    }

    private static String escape(int character) {
        return "\\x%02x".formatted(character);
    }

    static String plus(String name, long delta) {
        if (delta == 0) {
            return name;
        }
        return delta < 0 ? "%s-0x%x".formatted(name, -delta) : "%s+0x%x".formatted(name, delta);
    }
}
