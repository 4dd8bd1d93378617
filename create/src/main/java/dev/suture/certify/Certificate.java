package dev.suture.certify;

import java.util.List;
import java.util.Optional;

/**
 * What was proved of a payload. The same inputs give the same certificate: it has no time and no place of a machine in it,
 * so that it can be signed and kept.
 *
 * @param formatVersion of this record, 1
 * @param suture the version of the program that made it
 * @param verdict {@link #EXACT} or {@link #NOT_EXACT}
 * @param reasons why it is not exact, one sentence each; empty if it is
 * @param payload what was certified
 * @param below the payloads that it is stacked on, the lowest first
 * @param applied what these do to the source
 * @param patches what the payload is to do
 * @param hypervisor what it is for
 * @param baseline whether the tree's objects are what the hypervisor was linked from
 * @param patchedBuild {@link #FROM_NOTHING} or {@link #WHAT_MAKE_DECIDED}
 * @param counts how much was looked at
 * @param replaced functions that the payload replaces by what they are in the patched program
 * @param brought what else of the patched program is in the payload
 * @param hooks functions of the patch that run around apply and revert
 * @param missing what the patch changes and the payload does not
 * @param extra what is in the payload and is not the patch's
 * @param lineNumbersOnly functions that differ from the running ones in nothing but numbers of source lines
 * @param unchangedInSource functions that the compiler made otherwise though nothing they are made from changed, with the
 *     proof of that; they do not count as missing
 * @param bootOnly what differs and is used only while the hypervisor boots
 * @param leftToHooks variables whose initial value changes, which the payload's hooks have to see to
 * @param notReached what is new or changed, but nothing that runs refers to it
 * @param unproved functions that differ in the running program, and that only one of two proofs leaves there
 * @param inlinedInto functions that have a changed one's body in them
 */
public record Certificate(
        int formatVersion,
        String suture,
        String verdict,
        List<String> reasons,
        PayloadFile payload,
        List<PayloadFile> below,
        List<NamedFile> applied,
        List<NamedFile> patches,
        Hypervisor hypervisor,
        Baseline baseline,
        String patchedBuild,
        Counts counts,
        List<Finding> replaced,
        List<Finding> brought,
        List<Finding> hooks,
        List<Finding> missing,
        List<Finding> extra,
        List<Finding> lineNumbersOnly,
        List<Finding> unchangedInSource,
        List<Finding> bootOnly,
        List<Finding> leftToHooks,
        List<Finding> notReached,
        List<Finding> unproved,
        List<InlinedInto> inlinedInto) {
    /** Every function of the patched program is in the running one or in the payload, and nothing else is. */
    public static final String EXACT = "exact";

    public static final String NOT_EXACT = "not exact";

    /** The patched program was compiled and linked with nothing taken from the tree but its sources. */
    public static final String FROM_NOTHING = "from nothing";

    /** What make found to be up to date was taken from the tree. */
    public static final String WHAT_MAKE_DECIDED = "what make found out of date";

    /**
     * A file.
     *
     * @param name without its folder
     * @param sha256 of its contents, in hexadecimal digits
     */
    public record NamedFile(String name, String sha256) {}

    /**
     * A payload.
     *
     * @param name of the file, without its folder
     * @param sha256 of its contents
     * @param buildId its own
     * @param xenDepends the build id of the hypervisor it is for
     * @param depends the build id of what it is stacked on
     */
    public record PayloadFile(String name, String sha256, String buildId, String xenDepends, String depends) {}

    /**
     * The hypervisor.
     *
     * @param version such as {@code 4.17.5}
     * @param buildId of {@code xen-syms}
     * @param sha256 of {@code xen-syms}
     * @param compiler what the hypervisor says it was compiled by
     * @param shipped the image that was compared with {@code xen-syms}, if one was given
     */
    public record Hypervisor(
            String version, String buildId, String sha256, String compiler, Optional<Shipped> shipped) {}

    /**
     * The image that a host boots.
     *
     * @param name without its folder
     * @param sha256 of its contents
     * @param same whether what it loads is what {@code xen-syms} loads
     * @param difference where it differs; empty if it does not
     */
    public record Shipped(String name, String sha256, boolean same, String difference) {}

    /**
     * How much was looked at.
     *
     * @param objects of the patched program
     * @param functions of them
     * @param variables and constants with a name
     * @param same functions that run just as they are without the payload
     */
    public record Counts(int objects, int functions, int variables, int same) {}

    /**
     * A function that has a changed one's body in it.
     *
     * @param object the object file
     * @param function that changed
     * @param into the function with its body
     * @param state what became of that: {@code replaced}, {@code same}, {@code missing} or {@code boot only}
     */
    public record InlinedInto(String object, String function, String into, String state) {}

    public Certificate {
        reasons = List.copyOf(reasons);
        below = List.copyOf(below);
        applied = List.copyOf(applied);
        patches = List.copyOf(patches);
        replaced = List.copyOf(replaced);
        brought = List.copyOf(brought);
        hooks = List.copyOf(hooks);
        missing = List.copyOf(missing);
        extra = List.copyOf(extra);
        lineNumbersOnly = List.copyOf(lineNumbersOnly);
        unchangedInSource = List.copyOf(unchangedInSource);
        bootOnly = List.copyOf(bootOnly);
        leftToHooks = List.copyOf(leftToHooks);
        notReached = List.copyOf(notReached);
        unproved = List.copyOf(unproved);
        inlinedInto = List.copyOf(inlinedInto);
    }

    /** {@return whether the verdict is {@link #EXACT}} */
    public boolean isExact() {
        return verdict.equals(EXACT);
    }
}
