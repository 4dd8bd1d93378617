package dev.suture.linked;

import java.util.List;

/**
 * What the comparison of the linked programs with what will run gave.
 *
 * @param missing what of the patched program would not run, or otherwise
 * @param extra what the payload has besides
 * @param replaced the functions whose replacement was proved
 * @param brought what is new in the patched program and was proved to be in the payload
 * @param unproved functions that differ and are left as they run, for which somebody else answers; nothing here proves them
 * @param same how many functions are what they were
 */
public record LinkedProof(
        List<Finding> missing,
        List<Finding> extra,
        List<String> replaced,
        List<String> brought,
        List<Finding> unproved,
        int same) {
    public LinkedProof {
        missing = List.copyOf(missing);
        extra = List.copyOf(extra);
        replaced = List.copyOf(replaced);
        brought = List.copyOf(brought);
        unproved = List.copyOf(unproved);
    }
}
