package dev.suture.dwarf;

import java.util.List;

/**
 * A call that the compiler replaced with the body of the function called.
 *
 * @param callee the name of the function called
 * @param calleeLinkageName its name for the linker where that is another, as in C++; empty if not
 * @param ranges the code made of the body, in no particular order; empty if nothing is left of it
 * @param call where the call is
 * @param inlined calls in the body that were replaced in turn
 */
public record InlinedCall(
        String callee, String calleeLinkageName, List<CodeRange> ranges, SourceLine call, List<InlinedCall> inlined) {
    public InlinedCall {
        ranges = List.copyOf(ranges);
        inlined = List.copyOf(inlined);
    }
}
