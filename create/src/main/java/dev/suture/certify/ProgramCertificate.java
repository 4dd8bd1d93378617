package dev.suture.certify;

import java.util.List;

/**
 * What was proved of a payload for a program or shared library. The same inputs give the same certificate: it has no time
 * and no place of a machine in it, so that it can be signed and kept.
 *
 * @param formatVersion of this record, 1
 * @param suture the version of the program that made it
 * @param verdict {@link Certificate#EXACT} or {@link Certificate#NOT_EXACT}
 * @param reasons why it is not exact, one sentence each; empty if it is
 * @param payload what was certified
 * @param below the payloads that it is stacked on, the lowest first
 * @param applied what these do to the source
 * @param patches what the payload is to do
 * @param program what it is for
 * @param counts how much was looked at
 * @param replaced functions that the payload replaces by what they are in the patched program
 * @param brought what else of the patched program is in the payload
 * @param hooks functions of the patch that run around apply and revert, with their kinds
 * @param missing what the patch changes and the payload does not
 * @param extra what is in the payload and is not the patch's
 * @param unchangedInSource functions that the compiler made otherwise though they do what they did, with the proof of that;
 *     they do not count as missing
 * @param startOnly functions that differ, and were proved to have run when the program started, and not to run again; they
 *     do not count as missing
 * @param leftToHooks variables whose first value changes, which the payload's hooks have to see to
 * @param unproved what nothing here proves
 * @param otherOutputs what else of the build the patch reaches
 */
public record ProgramCertificate(
        int formatVersion,
        String suture,
        String verdict,
        List<String> reasons,
        PayloadFile payload,
        List<PayloadFile> below,
        List<Certificate.NamedFile> applied,
        List<Certificate.NamedFile> patches,
        Program program,
        Counts counts,
        List<String> replaced,
        List<String> brought,
        List<String> hooks,
        List<Finding> missing,
        List<Finding> extra,
        List<Finding> unchangedInSource,
        List<Finding> startOnly,
        List<Finding> leftToHooks,
        List<Finding> unproved,
        List<String> otherOutputs) {
    /**
     * A payload.
     *
     * @param name of the file, without its folder
     * @param sha256 of its contents
     * @param buildId its own
     * @param target the build id of the file it is for
     * @param depends the build id of what it is stacked on
     */
    public record PayloadFile(String name, String sha256, String buildId, String target, String depends) {}

    /**
     * The program or library.
     *
     * @param name of the file, without its folder
     * @param buildId in hexadecimal digits
     * @param sha256 of its contents
     */
    public record Program(String name, String buildId, String sha256) {}

    /**
     * How much was looked at.
     *
     * @param objects that differ between the program and the patched one
     * @param functions of these objects
     * @param same functions that run just as they are
     */
    public record Counts(int objects, int functions, int same) {}

    public ProgramCertificate {
        reasons = List.copyOf(reasons);
        below = List.copyOf(below);
        applied = List.copyOf(applied);
        patches = List.copyOf(patches);
        replaced = List.copyOf(replaced);
        brought = List.copyOf(brought);
        hooks = List.copyOf(hooks);
        missing = List.copyOf(missing);
        extra = List.copyOf(extra);
        unchangedInSource = List.copyOf(unchangedInSource);
        startOnly = List.copyOf(startOnly);
        leftToHooks = List.copyOf(leftToHooks);
        unproved = List.copyOf(unproved);
        otherOutputs = List.copyOf(otherOutputs);
    }

    /** {@return whether the verdict is {@link Certificate#EXACT}} */
    public boolean isExact() {
        return verdict.equals(Certificate.EXACT);
    }
}
