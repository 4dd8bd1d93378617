package dev.suture.create;

import dev.suture.Refusal;
import dev.suture.diff.Selection;
import dev.suture.state.RanOnce;
import dev.suture.state.SetEarlier;
import dev.suture.state.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** Asks whether variables hold what the patched program would have put there by now. */
final class CheckState {
    private CheckState() {}

    /** @see SetEarlier#find */
    static List<Refusal> refusals(Selection selection, Target running, Set<String> accepted, Predicate<String> begins) {
        List<Refusal> refusals = new ArrayList<>(SetEarlier.find(selection, running, accepted, begins));
        refusals.addAll(RanOnce.find(selection, running, accepted));
        return refusals;
    }
}
