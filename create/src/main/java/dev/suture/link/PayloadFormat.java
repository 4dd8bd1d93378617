package dev.suture.link;

import dev.suture.diff.TargetTraits;
import dev.suture.payload.PayloadSections;
import dev.suture.payload.XenRelease;
import java.util.Optional;
import java.util.Set;

/**
 * What payloads for one kind of target look like.
 *
 * @param functionBytes size of an entry of {@code .livepatch.funcs}
 * @param payloadVersion what each entry states
 * @param writesIntoFunctions whether the target writes into these entries
 * @param hasMetadata whether the target reads {@code .modinfo}
 * @param targetNote the section for the build id of what is changed; empty if there is none
 * @param applicable the relocation kinds that the target applies
 * @param maxBytes the largest file that it takes
 * @param applier who applies them, for messages
 * @param relocationRemedy what to do about another kind
 * @param checksSizes whether an original whose size is not that in the image is refused here
 * @param traits what is special about the target
 */
record PayloadFormat(
        int functionBytes,
        int payloadVersion,
        boolean writesIntoFunctions,
        boolean hasMetadata,
        Optional<String> targetNote,
        Set<Integer> applicable,
        long maxBytes,
        String applier,
        String relocationRemedy,
        boolean checksSizes,
        TargetTraits traits) {

    /**
     * {@return what one release of Xen takes}
     *
     * @see "xen/arch/x86/livepatch.c, arch_livepatch_perform_rela"
     */
    static PayloadFormat xen(XenRelease release) {
        return new PayloadFormat(
                release.functionBytes(),
                release.payloadVersion(),
                release.writesIntoFunctions(),
                release.hasMetadata(),
                release.hasXenDepends() ? Optional.of(PayloadSections.XEN_DEPENDS) : Optional.empty(),
                Set.of(0, 1, 2, 4),
                PayloadSections.MAX_BYTES,
                "Xen",
                "Compile the object as the rest of Xen is: position independent, with hidden visibility.",
                true,
                TargetTraits.HYPERVISOR);
    }

    /**
     * {@return what Suture itself takes for a process}
     *
     * @see "System V ABI, AMD64 Architecture Processor Supplement, 4.4.1 Relocation Types"
     */
    static PayloadFormat process(TargetTraits traits) {
        // 64, PC32, PLT32, GOTPCREL, 32, 32S, TLSGD, TLSLD, DTPOFF32, GOTTPOFF, TPOFF32, PC64, GOTPCRELX, REX_GOTPCRELX
        return new PayloadFormat(
                104,
                2,
                true,
                true,
                Optional.of(PayloadSections.TARGET),
                Set.of(0, 1, 2, 4, 9, 10, 11, 19, 20, 21, 22, 23, 24, 41, 42),
                Integer.MAX_VALUE,
                "Suture",
                "Compile the object in the small or medium code model.",
                false,
                traits);
    }
}
