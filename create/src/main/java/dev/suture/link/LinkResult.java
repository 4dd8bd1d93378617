package dev.suture.link;

import dev.suture.Refusal;
import dev.suture.payload.Explanation;
import java.util.List;

/**
 * A linked payload, or the reasons why there is none.
 *
 * @param payload the file; empty if there are refusals
 * @param buildId the payload's own, in hexadecimal digits; empty if there are refusals
 * @param functions what it replaces, in the order of {@code .livepatch.funcs}
 * @param added what else is in it, in the order of objects
 * @param refusals why it could not be linked
 */
public record LinkResult(
        byte[] payload,
        String buildId,
        List<Function> functions,
        List<Explanation.Added> added,
        List<Refusal> refusals) {
    /** What there is before anything was linked. */
    public static final LinkResult NOTHING = new LinkResult(new byte[0], "", List.of(), List.of(), List.of());

    /**
     * A function that is replaced.
     *
     * @param name the name by which the target knows it
     * @param object the object file it is in
     * @param oldSize in bytes
     * @param newSize in bytes
     * @param reason why it is replaced
     */
    public record Function(String name, String object, long oldSize, long newSize, String reason) {}

    public LinkResult {
        functions = List.copyOf(functions);
        added = List.copyOf(added);
        refusals = List.copyOf(refusals);
    }
}
