package dev.suture.effect;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Which nodes of a graph can be come back to from themselves.
 *
 * @see "R. Tarjan, Depth-first search and linear graph algorithms, SIAM J. Comput. 1 (1972)"
 */
final class Cycles {
    private final List<int[]> next;
    private final int[] component;
    private final BitSet cyclic = new BitSet();
    private final BitSet leaving = new BitSet();
    private final int[] order;
    private final int[] low;
    private final ArrayDeque<Integer> open = new ArrayDeque<>();
    private final BitSet isOpen = new BitSet();
    private int components;

    private Cycles(List<int[]> next) {
        this.next = next;
        component = new int[next.size()];
        order = new int[next.size()];
        low = new int[next.size()];
    }

    /** {@return the cycles of a graph, by the nodes that follow each node} */
    static Cycles of(List<int[]> next) {
        Cycles cycles = new Cycles(next);
        cycles.find();
        return cycles;
    }

    private void find() {
        int[] cursor = new int[next.size()];
        int counter = 0;
        for (int root = 0; root < next.size(); root++) {
            ArrayDeque<Integer> path = new ArrayDeque<>();
            if (order[root] == 0) {
                path.push(root);
            }
            while (!path.isEmpty()) {
                int at = path.peek();
                if (order[at] == 0) {
                    order[at] = ++counter;
                    low[at] = counter;
                    open.push(at);
                    isOpen.set(at);
                }
                if (cursor[at] < next.get(at).length) {
                    int to = next.get(at)[cursor[at]++];
                    if (order[to] == 0) {
                        path.push(to);
                    } else if (isOpen.get(to)) {
                        low[at] = Math.min(low[at], order[to]);
                    }
                    continue;
                }
                path.pop();
                if (!path.isEmpty()) {
                    low[path.peek()] = Math.min(low[path.peek()], low[at]);
                }
                if (low[at] == order[at]) {
                    close(at, components++);
                }
            }
        }
    }

    private void close(int root, int number) {
        List<Integer> members = new ArrayList<>();
        BitSet inside = new BitSet();
        int member;
        do {
            member = open.pop();
            isOpen.clear(member);
            component[member] = number;
            members.add(member);
            inside.set(member);
        } while (member != root);
        for (int each : members) {
            for (int to : next.get(each)) {
                (inside.get(to) ? cyclic : leaving).set(number);
            }
        }
    }

    /** Notes that a node may be the last. */
    void leaveAt(int node) {
        leaving.set(component[node]);
    }

    /** {@return whether there are any} */
    boolean exist() {
        return !cyclic.isEmpty();
    }

    /** {@return whether a node is in one} */
    boolean contains(int node) {
        return cyclic.get(component[node]);
    }

    /** {@return whether two nodes are in the same one} */
    boolean areTogether(int one, int other) {
        return contains(one) && component[one] == component[other];
    }

    /** {@return whether there is a way out of the cycle that a node is in} */
    boolean canLeave(int node) {
        return leaving.get(component[node]);
    }
}
