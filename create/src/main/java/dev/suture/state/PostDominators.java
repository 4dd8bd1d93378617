package dev.suture.state;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * For each instruction the next one that all ways from it go through.
 *
 * @see "K. Cooper, T. Harvey, K. Kennedy: A Simple, Fast Dominance Algorithm"
 */
final class PostDominators {
    private static final int UNKNOWN = -1;

    private final int end;
    private final int[] order;
    private final int[] next;

    PostDominators(Flow flow) {
        end = flow.steps().size();
        List<List<Integer>> before = new ArrayList<>();
        for (int step = 0; step <= end; step++) {
            before.add(new ArrayList<>(2));
        }
        for (int step = 0; step < end; step++) {
            for (int to : flow.next(step)) {
                before.get(to).add(step);
            }
            if (flow.isExit(step) || flow.next(step).isEmpty()) {
                before.get(end).add(step);
            }
        }
        order = new int[end + 1];
        Arrays.fill(order, UNKNOWN);
        List<Integer> steps = postOrder(before);
        next = new int[end + 1];
        Arrays.fill(next, UNKNOWN);
        next[end] = end;
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int i = steps.size() - 2; i >= 0; i--) {
                int step = steps.get(i);
                int found = meet(flow, step);
                if (found != next[step]) {
                    next[step] = found;
                    changed = true;
                }
            }
        }
    }

    private List<Integer> postOrder(List<List<Integer>> before) {
        List<Integer> done = new ArrayList<>();
        boolean[] seen = new boolean[end + 1];
        List<int[]> open = new ArrayList<>(List.of(new int[] {end, 0}));
        seen[end] = true;
        while (!open.isEmpty()) {
            int[] top = open.getLast();
            List<Integer> more = before.get(top[0]);
            if (top[1] == more.size()) {
                order[top[0]] = done.size();
                done.add(top[0]);
                open.removeLast();
                continue;
            }
            int to = more.get(top[1]++);
            if (!seen[to]) {
                seen[to] = true;
                open.add(new int[] {to, 0});
            }
        }
        return done;
    }

    private int meet(Flow flow, int step) {
        int found = flow.isExit(step) || flow.next(step).isEmpty() ? end : UNKNOWN;
        for (int to : flow.next(step)) {
            if (next[to] != UNKNOWN) {
                found = found == UNKNOWN ? to : common(found, to);
            }
        }
        return found;
    }

    private int common(int one, int other) {
        int first = one;
        int second = other;
        while (first != second) {
            while (order[first] < order[second]) {
                first = next[first];
            }
            while (order[second] < order[first]) {
                second = next[second];
            }
        }
        return first;
    }

    /** {@return whether whatever runs an instruction comes to another one before it leaves the code} */
    boolean isAlwaysAfter(int step, int later) {
        int at = step;
        while (at != later && at != end && next[at] != UNKNOWN) {
            at = next[at];
        }
        return at == later;
    }

    /** {@return the next instruction that all ways go through; that behind the last one for the end} */
    int next(int step) {
        return next[step] == UNKNOWN ? end : next[step];
    }
}
