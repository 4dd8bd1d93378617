package dev.suture.create;

import dev.suture.Refusal;
import dev.suture.diff.Comparison;
import dev.suture.dwarf.ComputedVariables;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Finds variables whose memory the compiler lets mean something else with the patch.
 *
 * <p>Of {@code static unsigned short limit;}, which is only ever set to 19, clang leaves one byte: whether it was set. With
 * a patch that sets it to 39 the same byte means 39: what the running program has set to 19 would be read as 39, before
 * anything has set it anew.
 */
final class CheckComputed {
    private CheckComputed() {}

    /** {@return a refusal of each such variable of objects that differ} */
    static List<Refusal> check(List<Comparison> comparisons) {
        List<Refusal> refusals = new ArrayList<>();
        for (Comparison comparison : comparisons) {
            if (comparison.original().pieces().isEmpty()
                    || comparison.patched().pieces().isEmpty()) {
                continue;
            }
            Map<String, List<String>> was =
                    ComputedVariables.read(comparison.original().elf());
            Map<String, List<String>> is =
                    ComputedVariables.read(comparison.patched().elf());
            was.forEach((name, before) -> {
                if (differ(before, is.getOrDefault(name, List.of()))) {
                    refusals.add(refusal(comparison, name));
                }
            });
        }
        return refusals;
    }

    // What only one version has is new, or nothing uses it any more: that is judged elsewhere.
    private static boolean differ(List<String> before, List<String> after) {
        List<String> gone = new ArrayList<>(before);
        after.forEach(gone::remove);
        List<String> come = new ArrayList<>(after);
        before.forEach(come::remove);
        boolean isComputed = Stream.concat(gone.stream(), come.stream()).anyMatch(each -> !each.isEmpty());
        return !gone.isEmpty() && !come.isEmpty() && isComputed;
    }

    private static Refusal refusal(Comparison comparison, String name) {
        return new Refusal(
                comparison.name(),
                name,
                "memory does not hold the value of variable `%s`, but what the compiler computes it from, and the patch makes"
                                .formatted(name)
                        + " that another computation: what the running program has stored would mean something else",
                "Leave the numbers that are stored in it as they are, and use a new variable for what is new. Or declare it"
                        + " volatile in the running program.");
    }
}
