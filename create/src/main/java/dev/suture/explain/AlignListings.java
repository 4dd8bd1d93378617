package dev.suture.explain;

import com.github.difflib.algorithm.Change;
import com.github.difflib.algorithm.myers.MyersDiffWithLinearSpace;
import com.github.difflib.patch.DeltaType;
import dev.suture.explain.ListCode.Line;
import dev.suture.explain.Row.Mark;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Puts two listings side by side.
 *
 * <p>Instructions are the same if their bytes and what they refer to are; where the distance of a branch differs only
 * because something between it and its destination grew, it is the same branch, and the rows of the destinations tell.
 *
 * <p>For example, where the patch adds a check, the branch over it and the call in it are added rows, and the code behind
 * it is aligned again, though its offsets are others.
 */
final class AlignListings {
    private final List<Line> original;
    private final List<Line> patched;
    private final List<int[]> pairs = new ArrayList<>();
    private final Map<Long, Integer> rowOfOriginal = new HashMap<>();
    private final Map<Long, Integer> rowOfPatched = new HashMap<>();

    private static final int NONE = -1;

    private AlignListings(List<Line> original, List<Line> patched) {
        this.original = original;
        this.patched = patched;
    }

    static List<Row> align(List<Line> original, List<Line> patched) {
        return new AlignListings(original, patched).align();
    }

    private List<Row> align() {
        pair();
        for (int row = 0; row < pairs.size(); row++) {
            int[] pair = pairs.get(row);
            if (pair[0] != NONE) {
                rowOfOriginal.put(original.get(pair[0]).line().offset(), row);
            }
            if (pair[1] != NONE) {
                rowOfPatched.put(patched.get(pair[1]).line().offset(), row);
            }
        }
        skipPadding(original, rowOfOriginal);
        skipPadding(patched, rowOfPatched);
        return pairs.stream().map(this::row).toList();
    }

    private void pair() {
        List<String> before = original.stream().map(Line::key).toList();
        List<String> after = patched.stream().map(Line::key).toList();
        int originalDone = 0;
        int patchedDone = 0;
        for (Change change : changes(before, after)) {
            while (originalDone < change.startOriginal) {
                pairs.add(new int[] {originalDone++, patchedDone++});
            }
            while (originalDone < change.endOriginal && patchedDone < change.endRevised) {
                pairs.add(new int[] {originalDone++, patchedDone++});
            }
            while (originalDone < change.endOriginal) {
                pairs.add(new int[] {originalDone++, NONE});
            }
            while (patchedDone < change.endRevised) {
                pairs.add(new int[] {NONE, patchedDone++});
            }
        }
        while (originalDone < original.size()) {
            pairs.add(new int[] {originalDone++, patchedDone++});
        }
    }

    /** The algorithm reports what is gone and what is added one by one, in order; what stands together is one change. */
    private static List<Change> changes(List<String> before, List<String> after) {
        List<Change> merged = new ArrayList<>();
        for (Change next : new MyersDiffWithLinearSpace<String>().computeDiff(before, after, null)) {
            Change last = merged.isEmpty() ? null : merged.getLast();
            if (last != null && next.startOriginal == last.endOriginal && next.startRevised == last.endRevised) {
                merged.removeLast();
                merged.add(new Change(
                        DeltaType.CHANGE, last.startOriginal, next.endOriginal, last.startRevised, next.endRevised));
            } else {
                merged.add(next);
            }
        }
        return merged;
    }

    /** Whether a branch leads to the padding before a loop or to the loop is the same. */
    private static void skipPadding(List<Line> lines, Map<Long, Integer> rows) {
        for (int at = lines.size() - 2; at >= 0; at--) {
            if (lines.get(at).isPadding()) {
                rows.put(
                        lines.get(at).line().offset(),
                        rows.get(lines.get(at + 1).line().offset()));
            }
        }
    }

    private Row row(int[] pair) {
        if (pair[1] == NONE) {
            return new Row(Mark.REMOVED, Optional.of(original.get(pair[0]).line()), Optional.empty());
        }
        if (pair[0] == NONE) {
            return new Row(
                    Mark.ADDED,
                    Optional.empty(),
                    Optional.of(patched.get(pair[1]).line()));
        }
        Line before = original.get(pair[0]);
        Line after = patched.get(pair[1]);
        Mark mark = before.key().equals(after.key()) && sameBranch(before, after) ? Mark.SAME : Mark.CHANGED;
        return new Row(mark, Optional.of(before.line()), Optional.of(after.line()));
    }

    private boolean sameBranch(Line before, Line after) {
        if (before.branchesTo().isEmpty() || after.branchesTo().isEmpty()) {
            return before.branchesTo().isEmpty() && after.branchesTo().isEmpty();
        }
        Integer was = rowOfOriginal.get(before.branchesTo().getAsLong());
        Integer is = rowOfPatched.get(after.branchesTo().getAsLong());
        return was == null || is == null ? before.branchesTo().equals(after.branchesTo()) : was.equals(is);
    }
}
