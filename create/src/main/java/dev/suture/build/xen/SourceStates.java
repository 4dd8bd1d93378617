package dev.suture.build.xen;

import dev.suture.build.AppliedPatches;
import dev.suture.build.ChangedSource;
import dev.suture.build.LineMap;
import dev.suture.build.NeutraliseLines;
import dev.suture.build.SourceText;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * The files that patches change, before and after each of several: state 0 is the tree's, then there is one for each patch
 * that is applied already, and the last one is that with all patches.
 */
public final class SourceStates {
    private static final LineMap NO_LINES = new LineMap(List.of(), List.of());

    private final List<Map<String, SourceText>> states = new ArrayList<>();
    private final Set<String> files = new TreeSet<>();

    private SourceStates() {}

    static SourceStates of(XenBuildRequest request) {
        AppliedPatches all =
                XenBuild.apply(request.tree(), request.allPatches()).patches();
        List<AppliedPatches> applied = new ArrayList<>();
        for (int i = 1; i <= request.applied().size(); i++) {
            applied.add(XenBuild.apply(request.tree(), request.applied().subList(0, i))
                    .patches());
        }
        applied.add(all);
        Map<String, SourceText> original = new HashMap<>();
        applied.stream()
                .flatMap(state -> state.sources().stream())
                .forEach(source -> source.original().ifPresent(text -> original.put(source.path(), text)));
        SourceStates result = new SourceStates();
        result.states.add(original);
        for (AppliedPatches state : applied) {
            Map<String, SourceText> texts = new HashMap<>(original);
            for (ChangedSource source : state.sources()) {
                result.files.add(source.path());
                source.patched()
                        .ifPresentOrElse(text -> texts.put(source.path(), text), () -> texts.remove(source.path()));
            }
            result.states.add(texts);
        }
        return result;
    }

    /** {@return the number of the state with all patches} */
    public int last() {
        return states.size() - 1;
    }

    /** {@return the files that differ in any two states, relative to the tree's root} */
    public Set<String> files() {
        return files;
    }

    /** {@return whether a file is the same in two states} */
    public boolean isSame(String file, int one, int other) {
        return Objects.equals(states.get(one).get(file), states.get(other).get(file));
    }

    /** {@return where the lines of a file went from one state to another; no lines if it is not in both} */
    public LineMap lines(String file, int from, int to) {
        return isInBoth(file, from, to)
                ? NeutraliseLines.keep(
                                states.get(from).get(file), states.get(to).get(file))
                        .map()
                : NO_LINES;
    }

    /**
     * {@return the number that each line of a file in the state {@code to} has when directives keep the numbers of lines
     * that are in the state {@code from}, too; nothing if no compiler reads it, or if it is not in both}
     */
    public List<Integer> neutralNumbers(String file, int from, int to) {
        if (!isInBoth(file, from, to) || !ReachOfPatch.isCompiledC(file)) {
            return List.of();
        }
        List<String> plain = states.get(to).get(file).lines();
        SourceText neutral = NeutraliseLines.neutralise(
                        states.get(from).get(file), states.get(to).get(file))
                .text();
        List<Integer> numbers = new ArrayList<>();
        int number = 1;
        for (String line : neutral.lines()) {
            boolean own =
                    numbers.size() < plain.size() && plain.get(numbers.size()).equals(line);
            if (own) {
                numbers.add(number);
                number++;
            } else {
                number = Integer.parseInt(line.substring("#line ".length()));
            }
        }
        return numbers;
    }

    private boolean isInBoth(String file, int from, int to) {
        return states.get(from).containsKey(file) && states.get(to).containsKey(file);
    }
}
