package dev.suture.certify;

import dev.suture.drift.UnchangedInSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;

/**
 * What became of the functions and variables of a patched program.
 *
 * @param functions how many functions it has
 * @param variables how many variables and constants with a name
 * @param same how many functions are in the running program as they are
 * @param lineNumbersOnly functions that are, but for the numbers of source lines
 * @param replaced functions that the payload replaces by what they are in the patched program
 * @param brought what else the payload has of the patched program
 * @param hooks the hooks of the patch that the payload has
 * @param missing what differs in the running program and is not in the payload
 * @param extra what is in the payload and should not be
 * @param unchangedInSource functions that the compiler made otherwise though nothing they are made from changed
 * @param bootOnly what differs, and is used only while the hypervisor boots
 * @param leftToHooks variables whose initial values the patch changes, which is for the payload's hooks to do
 * @param notReached new or changed, but nothing that runs refers to it
 * @param unproved of what runs otherwise, what one proof holds for and a second one does not
 */
record Judgement(
        int functions,
        int variables,
        int same,
        List<Finding> lineNumbersOnly,
        List<Finding> replaced,
        List<Finding> brought,
        List<Finding> hooks,
        List<Finding> missing,
        List<Finding> extra,
        List<Finding> unchangedInSource,
        List<Finding> bootOnly,
        List<Finding> leftToHooks,
        List<Finding> notReached,
        List<Finding> unproved) {

    /**
     * {@return this judgement after some of what is missing was proved to be unchanged in the source}
     *
     * @param proved by both proofs
     * @param once by the first one alone
     */
    Judgement withUnchanged(Collection<Finding> proved, Collection<Finding> once) {
        List<Finding> unchanged = withReason(proved, UnchangedInSource.REASON);
        List<Finding> notTwice = new ArrayList<>(unproved);
        notTwice.addAll(withReason(once, "its source is what it was; compiled one by one, it is not"));
        return new Judgement(
                functions,
                variables,
                same,
                lineNumbersOnly,
                replaced,
                brought,
                hooks,
                missing.stream()
                        .filter(finding -> !proved.contains(finding) && !once.contains(finding))
                        .toList(),
                extra,
                Builder.sorted(unchanged),
                bootOnly,
                leftToHooks,
                notReached,
                Builder.sorted(notTwice));
    }

    private static List<Finding> withReason(Collection<Finding> findings, String reason) {
        return findings.stream()
                .map(finding -> new Finding(finding.object(), finding.name(), finding.why() + "; " + reason))
                .toList();
    }

    /**
     * {@return this judgement after a second look at what seems to differ in line numbers alone}
     *
     * @param confirmed whether a function does
     * @param areMissing whether the others are missing; else they are not proved
     */
    Judgement withLines(Predicate<Finding> confirmed, boolean areMissing) {
        List<Finding> others = lineNumbersOnly.stream()
                .filter(finding -> !confirmed.test(finding))
                .map(finding -> new Finding(
                        finding.object(), finding.name(), "it differs in numbers that are not those of its lines"))
                .toList();
        List<Finding> missingNow = new ArrayList<>(missing);
        List<Finding> unprovedNow = new ArrayList<>(unproved);
        (areMissing ? missingNow : unprovedNow).addAll(others);
        return new Judgement(
                functions,
                variables,
                same,
                lineNumbersOnly.stream().filter(confirmed).toList(),
                replaced,
                brought,
                hooks,
                Builder.sorted(missingNow),
                extra,
                unchangedInSource,
                bootOnly,
                leftToHooks,
                notReached,
                Builder.sorted(unprovedNow));
    }

    /** Collects findings. */
    static final class Builder {
        private int functions;
        private int variables;
        private int same;
        private final List<Finding> lineNumbersOnly = new ArrayList<>();
        private final List<Finding> replaced = new ArrayList<>();
        private final List<Finding> brought = new ArrayList<>();
        private final List<Finding> hooks = new ArrayList<>();
        private final List<Finding> missing = new ArrayList<>();
        private final List<Finding> extra = new ArrayList<>();
        private final List<Finding> bootOnly = new ArrayList<>();
        private final List<Finding> leftToHooks = new ArrayList<>();
        private final List<Finding> notReached = new ArrayList<>();

        void countFunction() {
            functions++;
        }

        void countVariable() {
            variables++;
        }

        void same(String object, String name, boolean onlyLineNumbers) {
            if (onlyLineNumbers) {
                lineNumbersOnly.add(new Finding(object, name, ""));
            } else {
                same++;
            }
        }

        void replaced(String object, String name) {
            replaced.add(new Finding(object, name, ""));
        }

        void brought(String object, String name) {
            brought.add(new Finding(object, name, ""));
        }

        void hook(String kind, String name) {
            hooks.add(new Finding("", name, kind));
        }

        void missing(String object, String name, String why) {
            missing.add(new Finding(object, name, why));
        }

        void extra(String object, String name, String why) {
            extra.add(new Finding(object, name, why));
        }

        void bootOnly(String object, String name, String why) {
            bootOnly.add(new Finding(object, name, why));
        }

        void leftToHooks(String object, String name, String why) {
            leftToHooks.add(new Finding(object, name, why));
        }

        void notReached(String object, String name) {
            notReached.add(new Finding(object, name, ""));
        }

        Judgement build() {
            return new Judgement(
                    functions,
                    variables,
                    same,
                    sorted(lineNumbersOnly),
                    sorted(replaced),
                    sorted(brought),
                    sorted(hooks),
                    sorted(missing),
                    sorted(extra),
                    List.of(),
                    sorted(bootOnly),
                    sorted(leftToHooks),
                    sorted(notReached),
                    List.of());
        }

        private static List<Finding> sorted(List<Finding> findings) {
            return findings.stream()
                    .sorted(Comparator.comparing(Finding::object)
                            .thenComparing(Finding::name)
                            .thenComparing(Finding::why))
                    .toList();
        }
    }
}
