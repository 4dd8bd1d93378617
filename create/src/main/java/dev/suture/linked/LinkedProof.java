package dev.suture.linked;

import java.util.List;

/**
 * What the comparison of the linked programs with what will run gave.
 *
 * @param missing what of the patched program would not run, or otherwise
 * @param extra what the payload has besides
 * @param replaced the functions whose replacement was proved
 * @param brought what is new in the patched program and was proved to be in the payload
 * @param hooks functions of the patch that run around apply and revert, with their kinds
 * @param startOnly functions that differ, and were proved to have run when the program started, and not to run again
 * @param unchangedInSource functions that differ, and were proved to do what they did: the compiler makes the same of both
 *     sources when it looks at each function alone
 * @param leftToHooks variables that begin otherwise, which the payload's hooks have to see to
 * @param unproved functions that differ and are left as they run on somebody's word; nothing here proves them
 * @param byNumber variables of several with one name, which are told apart by the compiler's numbers alone
 * @param functions how many functions of objects that the patches reach were looked at
 * @param same how many of these are what they were
 */
public record LinkedProof(
        List<Finding> missing,
        List<Finding> extra,
        List<String> replaced,
        List<String> brought,
        List<String> hooks,
        List<Finding> startOnly,
        List<Finding> unchangedInSource,
        List<Finding> leftToHooks,
        List<Finding> unproved,
        List<Finding> byNumber,
        int functions,
        int same) {
    public LinkedProof {
        missing = List.copyOf(missing);
        extra = List.copyOf(extra);
        replaced = List.copyOf(replaced);
        brought = List.copyOf(brought);
        hooks = List.copyOf(hooks);
        startOnly = List.copyOf(startOnly);
        unchangedInSource = List.copyOf(unchangedInSource);
        leftToHooks = List.copyOf(leftToHooks);
        unproved = List.copyOf(unproved);
        byNumber = List.copyOf(byNumber);
    }
}
