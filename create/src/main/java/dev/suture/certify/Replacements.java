package dev.suture.certify;

import dev.suture.LivePatchException;
import dev.suture.certify.PayloadContents.Replacement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which functions the payloads of a stack replace by what. Xen writes a jump at the first byte of the function itself, over
 * that of the payload before: so the topmost replacement counts, wherever the others are.
 */
final class Replacements {
    /** Nothing is replaced. */
    static final Replacements NONE = new Replacements();

    private final Map<Place, Replacement> below = new HashMap<>();
    private final Map<Place, Replacement> certified = new HashMap<>();
    private final List<Finding> wrong = new ArrayList<>();
    private final List<Replacement> nowhere = new ArrayList<>();

    private Replacements() {}

    /**
     * {@return the replacements of a system's payloads}
     *
     * @throws LivePatchException if an entry of a payload below the certified one is not what Xen would make of it
     */
    static Replacements of(RunningSystem system) {
        Replacements all = new Replacements();
        for (PayloadContents payload : system.payloads()) {
            boolean isCertified = payload.file() == system.certified().file();
            List<Finding> wrong = new ArrayList<>();
            for (Replacement replacement : payload.functions()) {
                Optional<PayloadSymbols.Known> function = system.named(replacement.name(), payload.file());
                check(replacement, function, wrong);
                if (function.isPresent()) {
                    (isCertified ? all.certified : all.below).put(function.get().at(), replacement);
                } else if (isCertified) {
                    all.nowhere.add(replacement);
                }
            }
            if (isCertified) {
                all.wrong.addAll(wrong);
            } else if (!wrong.isEmpty()) {
                throw new LivePatchException("%s: `%s`: %s; with that payload below, what runs cannot be told"
                        .formatted(
                                payload.elf().name(),
                                wrong.getFirst().name(),
                                wrong.getFirst().why()));
            }
        }
        return all;
    }

    private static void check(Replacement replacement, Optional<PayloadSymbols.Known> function, List<Finding> wrong) {
        if (function.isEmpty()) {
            wrong.add(new Finding("", replacement.name(), "the running program has no one function of that name"));
            return;
        }
        Place at = function.get().at();
        boolean here = at.isInImage() && replacement.oldAddress() == at.offset();
        if (replacement.oldAddress() != 0 && !here) {
            wrong.add(new Finding("", replacement.name(), "its entry gives another address than that of the function"));
        }
        if (replacement.oldSizeBytes() != function.get().sizeBytes()) {
            wrong.add(new Finding(
                    "",
                    replacement.name(),
                    "its entry says that the function has %d bytes, and it has %d"
                            .formatted(
                                    replacement.oldSizeBytes(), function.get().sizeBytes())));
        }
    }

    /** {@return by what the payload that is certified replaces the function at a place} */
    Optional<Replacement> certified(Place function) {
        return Optional.ofNullable(certified.get(function));
    }

    /** {@return by what the topmost of the payloads below replaces the function at a place} */
    Optional<Replacement> below(Place function) {
        return Optional.ofNullable(below.get(function));
    }

    /** {@return where the code is that runs in place of the function at a place, if it is replaced by any} */
    Optional<Place> now(Place function) {
        return certified(function).or(() -> below(function)).flatMap(Replacement::at);
    }

    /** {@return what is wrong with entries of the payload that is certified} */
    List<Finding> wrong() {
        return wrong;
    }

    /** {@return those entries of the payload that is certified whose function does not exist} */
    List<Replacement> nowhere() {
        return nowhere;
    }
}
