package dev.suture.isa;

import java.util.OptionalLong;

/**
 * What the registers that lead to the stack hold, counted in bytes from what the stack's held when the code began.
 *
 * @param pointer what the stack's register holds; empty if that is not known
 * @param frame what the frame's register holds; empty if that is not known, or no place of the stack
 */
public record StackPlaces(OptionalLong pointer, OptionalLong frame) {
    /** Nothing is known. */
    public static final StackPlaces UNKNOWN = new StackPlaces(OptionalLong.empty(), OptionalLong.empty());

    /** Where code begins. */
    public static final StackPlaces BEGIN = new StackPlaces(OptionalLong.of(0), OptionalLong.empty());

    /** {@return what is known if one of two holds} */
    public StackPlaces or(StackPlaces other) {
        return new StackPlaces(
                pointer.equals(other.pointer) ? pointer : OptionalLong.empty(),
                frame.equals(other.frame) ? frame : OptionalLong.empty());
    }
}
