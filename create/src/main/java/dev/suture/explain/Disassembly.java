package dev.suture.explain;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import java.util.Map;

/** Tells how instructions are written in assembly language, if somebody knows. */
@FunctionalInterface
public interface Disassembly {
    /** Nobody knows. */
    Disassembly NONE = (object, code) -> Map.of();

    /**
     * {@return instructions as text, without addresses and bytes, by their offsets in the section of the code; empty if
     * nobody knows}
     *
     * @param object in which the code is
     * @param code a piece of machine code
     */
    Map<Long, String> of(ObjectPieces object, Piece code);
}
