package dev.suture.certify;

import dev.suture.build.LineMap;
import dev.suture.build.xen.SourceStates;
import dev.suture.diff.LineNumbers;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which numbers are of the same source line in what runs and in the plainly built patched program.
 *
 * <p>In the linked program a line that the patches leave alone has the number it had before. In a payload that Suture made
 * it has, too, thanks to {@code #line} directives, and so do the lines behind a change that are the patch's own. On a stack
 * "before" is the source with the patches below; and of these nobody knows which payload below was made from which.
 */
final class MovedLines {
    private record Pair(long running, long patched) {}

    private final SourceStates states;

    private MovedLines(SourceStates states) {
        this.states = states;
    }

    /**
     * {@return what may differ}
     *
     * @param states the patched files, before and after the patches
     * @param payloads how many payloads there are, with those below
     * @param stamps see {@link Tolerance}
     */
    static Tolerance tolerance(SourceStates states, int payloads, Map<String, String> stamps) {
        MovedLines work = new MovedLines(states);
        int below = states.last() - 1;
        Set<Pair> ofBelow = new HashSet<>();
        for (int from = 0; payloads > 1 && from <= below; from++) {
            work.addPlain(from, ofBelow);
            for (int to = from + 1; to <= below; to++) {
                work.addNeutral(from, to, ofBelow);
            }
        }
        Set<Pair> ofImage = new HashSet<>();
        work.addPlain(0, ofImage);
        Set<Pair> ofPayload = new HashSet<>(ofImage);
        work.addNeutral(0, states.last(), ofPayload);
        work.addPlain(below, ofPayload);
        work.addNeutral(below, states.last(), ofPayload);
        List<LineNumbers> lines = new ArrayList<>(List.of(numbers(ofImage)));
        for (int i = 1; i < payloads; i++) {
            lines.add(numbers(ofBelow));
        }
        lines.add(numbers(ofPayload));
        return new Tolerance(lines, stamps);
    }

    private static LineNumbers numbers(Set<Pair> pairs) {
        return (running, patched) -> pairs.contains(new Pair(running, patched));
    }

    /** The numbers of lines in a state of the source. */
    private void addPlain(int state, Set<Pair> pairs) {
        for (String file : states.files()) {
            for (LineMap.Run run : states.lines(file, state, states.last()).runs()) {
                for (int i = 0; i < run.count(); i++) {
                    pairs.add(new Pair(run.originalLine() + i, run.patchedLine() + i));
                }
            }
        }
    }

    /** The numbers of lines in one state when directives keep those of another; there are none where nothing changed. */
    private void addNeutral(int from, int to, Set<Pair> pairs) {
        for (String file : states.files()) {
            if (states.isSame(file, from, to)) {
                continue;
            }
            List<Integer> neutral = states.neutralNumbers(file, from, to);
            for (LineMap.Run run : states.lines(file, to, states.last()).runs()) {
                for (int i = 0; i < run.count() && run.originalLine() + i <= neutral.size(); i++) {
                    pairs.add(new Pair(neutral.get(run.originalLine() + i - 1), run.patchedLine() + i));
                }
            }
        }
    }
}
