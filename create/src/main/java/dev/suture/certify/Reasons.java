package dev.suture.certify;

import dev.suture.payload.Payload;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Why a payload is not exact. The rule: the baseline is proved, nothing is missing and nothing is extra. What is only for
 * boot, differs in line numbers alone, or is proved to be unchanged in the source, is listed apart and does not count.
 */
final class Reasons {
    private Reasons() {}

    static List<String> of(
            Baseline baseline,
            Optional<Certificate.Shipped> shipped,
            Judgement judgement,
            List<Finding> extra,
            Payload payload,
            String buildId,
            boolean configDiffers) {
        List<String> reasons = new ArrayList<>();
        String wanted = payload.xenDepends().orElse("");
        if (!wanted.equals(buildId)) {
            reasons.add("The payload is for the hypervisor with the build id %s, and the tree's xen-syms has %s."
                    .formatted(wanted.isEmpty() ? "(none)" : wanted, buildId));
        }
        baseline.first()
                .ifPresent(first -> reasons.add(
                        "The baseline is not proved: of the tree's functions and variables %d %s not in xen-syms as in their objects, `%s` of %s first (%s)."
                                .formatted(
                                        baseline.different(),
                                        baseline.different() == 1 ? "is" : "are",
                                        first.name(),
                                        first.object(),
                                        first.cause())));
        shipped.filter(image -> !image.same())
                .ifPresent(image -> reasons.add("The image %s is not what xen-syms loads: it differs %s."
                        .formatted(image.name(), image.difference())));
        if (configDiffers) {
            reasons.add("The patched program was built with another configuration than the tree"
                    + " (include/config/auto.conf).");
        }
        if (!judgement.missing().isEmpty()) {
            int missing = judgement.missing().size();
            reasons.add(
                    missing == 1
                            ? "A function or variable that the patch changes is neither in the running program nor in the payload."
                            : "%d functions or variables that the patch changes are neither in the running program nor in the payload."
                                    .formatted(missing));
        }
        if (!extra.isEmpty()) {
            reasons.add(
                    extra.size() == 1
                            ? "One thing in the payload is not the patch's."
                            : "%d things in the payload are not the patch's.".formatted(extra.size()));
        }
        if (!judgement.unproved().isEmpty()) {
            reasons.add(
                    "Of functions that run otherwise than in the patched program, %d are left by one proof, and not by a second one."
                            .formatted(judgement.unproved().size()));
        }
        return reasons;
    }
}
