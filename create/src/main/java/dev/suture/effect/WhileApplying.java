package dev.suture.effect;

import dev.suture.effect.CallGraph.Use;
import dev.suture.effect.ProgramCode.Part;
import dev.suture.image.Image;
import dev.suture.image.Image.ImageSymbol;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Tells whether a hypervisor runs a function while it applies a payload.
 *
 * <p>Every processor comes to {@code check_for_livepatch_work()} for that, and the one that is there first writes the jumps.
 * So it is asked whether direct calls lead from there to the function; calls through pointers are not followed. What never
 * returns, such as {@code panic()}, leads nowhere that matters.
 *
 * @see "Xen xen/common/livepatch.c, check_for_livepatch_work(), apply_payload()"
 */
final class WhileApplying {
    private static final String WORK = "check_for_livepatch_work";
    private static final int LONGEST_PATH = 6;

    private final CallGraph graph;
    private final Optional<Long> work;

    WhileApplying(Image image, CallGraph graph) {
        this.graph = graph;
        work = image.find(WORK).map(ImageSymbol::address);
    }

    /** {@return whether that can be told: only a hypervisor that can be patched has the function} */
    boolean isKnown() {
        return work.isPresent();
    }

    /** {@return the calls that lead to a function, in words; empty if none do} */
    Optional<String> to(long function) {
        if (work.isEmpty()) {
            return Optional.empty();
        }
        Map<Long, Long> calledByIt = new HashMap<>();
        Set<Long> seen = new HashSet<>(Set.of(function));
        ArrayDeque<Long> open = new ArrayDeque<>(seen);
        while (!open.isEmpty()) {
            long callee = open.remove();
            if (callee == work.get()) {
                return Optional.of(path(callee, function, calledByIt));
            }
            for (Use use : graph.uses(callee)) {
                if (use instanceof Use.Call call && comesBack(call) && seen.add(start(call))) {
                    calledByIt.put(start(call), callee);
                    open.add(start(call));
                }
            }
        }
        return Optional.empty();
    }

    private boolean comesBack(Use.Call call) {
        return graph.mayReturn(call.caller()) || call.caller().start() == work.orElseThrow();
    }

    private static long start(Use.Call call) {
        return call.caller().start();
    }

    private String path(long from, long to, Map<Long, Long> calledByIt) {
        List<String> names = new LinkedList<>();
        for (long at = from; ; at = calledByIt.get(at)) {
            names.add(name(at));
            if (at == to) {
                break;
            }
        }
        while (names.size() > LONGEST_PATH) {
            names.remove(names.size() / 2);
        }
        return String.join(" > ", names);
    }

    private String name(long function) {
        String name = graph.code().with(function).map(Part::name).orElse("");
        return name.substring(name.indexOf('#') + 1);
    }
}
