package dev.suture.cli;

import dev.suture.LivePatchException;
import dev.suture.process.ProcessTarget;
import dev.suture.target.Identity;
import dev.suture.target.Seen;
import java.util.List;
import java.util.Optional;

/**
 * What was seen of one target among several. Whatever it does, the others are looked at.
 *
 * @param payloads none if there is a problem
 * @param problem why it cannot be looked at
 * @param isGone whether it is one of those that were found by what they are, and has ended since or become another
 */
record Look(Identity identity, List<PayloadAnswer> payloads, Optional<String> problem, boolean isGone) {
    static Look at(ProcessTarget target) {
        try {
            Seen seen = target.see();
            return new Look(seen.identity(), PayloadAnswer.all(seen.payloads()), Optional.empty(), false);
        } catch (LivePatchException e) {
            return failed(target, e.getMessage());
        } catch (OutOfMemoryError e) {
            return failed(target, target.name() + ": it has more in memory, or files, than there is room to look at");
        }
    }

    private static Look failed(ProcessTarget target, String problem) {
        boolean isGone = target.wasFound() && !target.isStillMeant();
        return new Look(new Identity(target.name(), "", ""), List.of(), Optional.of(problem), isGone);
    }
}
