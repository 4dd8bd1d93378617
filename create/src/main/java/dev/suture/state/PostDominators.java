package dev.suture.state;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * For each instruction the next one that all ways from it go through.
 *
 * @see "K. Cooper, T. Harvey, K. Kennedy: A Simple, Fast Dominance Algorithm"
 */
final class PostDominators {
    private static final int UNKNOWN = -1;

    private final int end;
    private final BitSet leaves = new BitSet();
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
                leaves.set(step);
            }
        }
        leaveEndlessLoops(before);
        leaves.stream().forEach(step -> before.get(end).add(step));
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

    /** Each loop that is never left ends behind its last instruction: its ways meet there once a time. */
    private void leaveEndlessLoops(List<List<Integer>> before) {
        BitSet reaching = new BitSet();
        ArrayDeque<Integer> open = new ArrayDeque<>();
        leaves.stream().forEach(open::add);
        while (true) {
            while (!open.isEmpty()) {
                int step = open.remove();
                if (!reaching.get(step)) {
                    reaching.set(step);
                    open.addAll(before.get(step));
                }
            }
            int last = reaching.previousClearBit(end - 1);
            if (last < 0) {
                return;
            }
            leaves.set(last);
            open.add(last);
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
        int found = leaves.get(step) ? end : UNKNOWN;
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
