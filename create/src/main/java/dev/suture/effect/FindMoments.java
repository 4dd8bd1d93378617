package dev.suture.effect;

import dev.suture.effect.CallGraph.Use;
import dev.suture.effect.ProgramCode.Part;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds out who starts a function, by following its callers, and who holds its address, back to where the program or a
 * processor is started.
 *
 * <p>For example {@code parse()} is called by {@code main()} alone, before the loop that {@code main()} never leaves: it
 * runs once, at the start. {@code step()} is called in that loop: it runs again. {@code handler()} is called by nobody, and
 * its address is given to somebody: it runs again, for all that can be told. "Again" is what is said where in doubt.
 */
final class FindMoments {
    private static final int NAMES_SHOWN = 3;
    /** Beside the start of a processor: what else is so rare that it has to be brought about. */
    private static final int EVENTS_NAMED = 1;
    /** So many calls in a row count as a loop. */
    private static final int UNROLLED = 3;

    private final CallGraph graph;
    private final ProgramCode code;
    private final Image image;
    private final Set<Long> entryOperands = new HashSet<>();
    private final Set<Part> entryCode = new HashSet<>();
    private final Map<Long, Found> known = new HashMap<>();
    private Optional<List<Long>> makers = Optional.empty();
    private Optional<Set<Long>> forking = Optional.empty();

    /** When a function runs, from the rarest to the most frequent. */
    enum Reach {
        /** Once, when the program or system starts, and where nothing repeats it. */
        AT_START,
        /** When a processor starts. */
        PROCESSOR,
        /** Again, or nobody can tell. */
        AGAIN
    }

    /**
     * What was found.
     *
     * @param starters functions that start it, by name, sorted
     * @param isFirst whether the program's entry code starts it, as it does {@code main}
     * @param leaving functions such as {@code main} that alone lead to it, in a loop that others follow: they may have left it
     */
    record Found(Reach reach, List<String> starters, boolean isFirst, List<String> leaving) {
        String names() {
            String shown = String.join(
                    ", ",
                    starters.stream().limit(NAMES_SHOWN).map("`%s`"::formatted).toList());
            return starters.size() > NAMES_SHOWN
                    ? "%s and %d more".formatted(shown, starters.size() - NAMES_SHOWN)
                    : shown;
        }
    }

    FindMoments(Image image, CallGraph graph) {
        this.image = image;
        this.graph = graph;
        code = graph.code();
        if (graph.isProgram()) {
            code.with(graph.entry()).ifPresent(this::readEntry);
        }
    }

    /** The entry code has the address of main, or where it does no more than call a function, that one has. */
    private void readEntry(Part entry) {
        entryCode.add(entry);
        entryOperands.addAll(graph.operandsIn(entry));
        boolean hasFunction = entryOperands.stream().anyMatch(this::leadsToFunction);
        if (!hasFunction) {
            for (Body.Call call : graph.body(entry).calls()) {
                code.with(call.target()).ifPresent(part -> {
                    entryCode.add(part);
                    entryOperands.addAll(graph.operandsIn(part));
                });
            }
        }
    }

    private boolean leadsToFunction(long operand) {
        Long held = graph.linked().relocatedWords().get(operand);
        long target = held != null ? held : operand;
        return code.with(target).filter(part -> part.start() == target).isPresent();
    }

    /** {@return when the function at an address runs} */
    Found of(long function) {
        Found found = known.get(function);
        if (found == null) {
            found = find(function);
            known.put(function, found);
        }
        return found;
    }

    private Found find(long function) {
        Walk walk = new Walk(function);
        walk.add(function);
        while (!walk.open.isEmpty() && walk.again.size() <= EVENTS_NAMED) {
            walk.follow(walk.open.remove());
        }
        boolean isFirst = walk.first.contains(function);
        List<String> leaving = List.of();
        if (walk.again.isEmpty()) {
            walk.lookForLoops();
            leaving = walk.again.isEmpty() ? List.of() : walk.leaving();
        }
        if (walk.again.isEmpty() && !walk.first.isEmpty()) {
            walk.lookForForks();
            walk.lookForWhatFollows();
        }
        boolean isRare = !walk.processors.isEmpty() && walk.again.size() <= EVENTS_NAMED;
        if (isRare && !walk.again.isEmpty()) {
            walk.processors.addAll(walk.again);
        } else if (!walk.again.isEmpty()) {
            return new Found(Reach.AGAIN, List.copyOf(walk.again), isFirst, leaving);
        }
        if (!walk.processors.isEmpty()) {
            return new Found(Reach.PROCESSOR, List.copyOf(walk.processors), isFirst, List.of());
        }
        // What nobody is seen to use is used in a way that is not understood.
        return walk.start.isEmpty()
                ? new Found(Reach.AGAIN, List.of(), isFirst, List.of())
                : new Found(Reach.AT_START, List.copyOf(walk.start), isFirst, List.of());
    }

    /** One search back from a function. */
    private final class Walk {
        private final ArrayDeque<Long> open = new ArrayDeque<>();
        private final Set<Long> seen = new HashSet<>();
        private final Set<String> again = new TreeSet<>();
        private final Set<String> processors = new TreeSet<>();
        private final Set<String> start = new TreeSet<>();
        private final Set<Long> first = new LinkedHashSet<>();
        private final long function;
        private final List<Use.Call> calls = new ArrayList<>();

        Walk(long function) {
            this.function = function;
        }

        void add(long next) {
            if (seen.add(next)) {
                open.add(next);
            }
        }

        void follow(long at) {
            String name = nameOf(at);
            if (isBootCode(at)) {
                start.add(name);
                return;
            }
            if (graph.isInitialiser(at)) {
                start.add(name);
            }
            if (graph.isExported(at) && !isFirst(at) || graph.isFinaliser(at)) {
                again.add(name);
            }
            if (isFirst(at)) {
                first.add(at);
                start.add(name);
            }
            List<Use> uses = graph.uses(at);
            for (Use use : uses) {
                switch (use) {
                    case Use.Call call -> calledFrom(call, name);
                    case Use.Taken taken -> takenBy(taken, name);
                    case Use.Held held -> heldIn(held, name);
                }
            }
            boolean isRoot =
                    uses.isEmpty() && !start.contains(name) && !processors.contains(name) && !again.contains(name);
            if (isRoot) {
                again.add(name);
            }
        }

        /** Boot code that jumps by an address was copied to where processors start, and stays there. */
        private void calledFrom(Use.Call call, String name) {
            if (call.isAbsolute() && isBootCode(call.caller().start())) {
                processors.add(name);
            }
            calls.add(call);
            add(call.caller().start());
        }

        private void takenBy(Use.Taken taken, String name) {
            if (!entryCode.contains(taken.taker())) {
                again.add(name);
            }
        }

        private void heldIn(Use.Held held, String name) {
            Section section = held.section();
            if (CallGraph.isStartArray(section)) {
                start.add(name);
            } else if (entryOperands.contains(held.address())) {
                start.add(name);
            } else if (isBootSection(section)) {
                copiedFrom(held, name);
            } else {
                again.add(name);
            }
        }

        /**
         * What is in memory that is given back after boot is called there, or it was copied. A copy has the size of what
         * it was copied from, and is called through at the same distance from its beginning.
         */
        private void copiedFrom(Use.Held held, String name) {
            Optional<Symbol> table = objectWith(held.address());
            start.add(name);
            if (table.isEmpty()
                    || graph.refersTo(table.get().value()) && table.get().sizeBytes() <= 8) {
                again.add(name);
                return;
            }
            if (table.get().sizeBytes() <= 8) {
                return;
            }
            long inside = held.address() - table.get().value();
            Set<Long> places = new HashSet<>();
            for (Symbol symbol : image.symbolsFrom().symbols()) {
                boolean isCopy = symbol.isObject()
                        && symbol.isInSection()
                        && symbol.sizeBytes() == table.get().sizeBytes();
                if (isCopy) {
                    places.add(symbol.value() + inside);
                }
            }
            graph.callsThrough(places).values().forEach(sites -> sites.forEach(site -> calledFrom(site, name)));
        }

        /** Loops count where the program may be in them now: not those of constructors and boot code, nor a recursion. */
        void lookForLoops() {
            for (Use.Call call : calls) {
                long caller = call.caller().start();
                Body body = graph.body(call.caller());
                boolean isOfStart = first.isEmpty() || isBootCode(caller) || caller == function;
                boolean repeats =
                        isOfStart ? body.isInEndlessLoop(call.site()) : body.isInLoop(call.site()) || isUnrolled(call);
                if (repeats) {
                    again.add(nameOf(caller));
                }
            }
        }

        /** {@return who has loops behind all calls that lead here, if everybody has} */
        List<String> leaving() {
            List<Use.Call> roots = calls.stream()
                    .filter(call -> first.contains(call.caller().start()))
                    .toList();
            boolean all =
                    roots.stream().allMatch(call -> graph.body(call.caller()).goesOnBehind(call.site(), graph::lasts));
            return all
                    ? roots.stream()
                            .map(call -> nameOf(call.caller().start()))
                            .distinct()
                            .toList()
                    : List.of();
        }

        /** What nothing follows that lasts is still to come, in a program that runs: it belongs to the end. */
        void lookForWhatFollows() {
            boolean isPast = calls.isEmpty()
                    || calls.stream()
                            .anyMatch(call -> graph.body(call.caller()).lastsBehind(call.site(), graph::lasts));
            if (!isPast) {
                again.add(nameOf(function));
            }
        }

        /** Who calls it several times in a row may have been a loop before the compiler saw it. */
        private boolean isUnrolled(Use.Call call) {
            return calls.stream()
                            .filter(other -> other.caller().equals(call.caller()) && other.target() == call.target())
                            .filter(other -> graph.body(call.caller()).mayFollow(other.site(), call.site()))
                            .count()
                    >= UNROLLED - 1;
        }

        void lookForForks() {
            for (Use.Call call : calls) {
                Body body = graph.body(call.caller());
                boolean isBehindFork = body.calls().stream()
                        .anyMatch(other ->
                                forking().contains(other.target()) && body.mayFollow(call.site(), other.site()));
                if (isBehindFork) {
                    again.add(nameOf(call.caller().start()));
                }
            }
        }
    }

    /** {@return the functions that lead to one that makes a process, if that happens again and again} */
    private Set<Long> forking() {
        if (forking.isPresent()) {
            return forking.get();
        }
        forking = Optional.of(Set.of());
        Set<Long> found = new HashSet<>();
        for (long maker : makers()) {
            boolean again = graph.uses(maker).stream().anyMatch(this::repeats);
            if (again) {
                collectCallers(maker, found);
            }
        }
        forking = Optional.of(found);
        return found;
    }

    private List<Long> makers() {
        if (makers.isEmpty()) {
            makers = Optional.of(code.parts().values().stream()
                    .filter(code::makesProcess)
                    .map(Part::start)
                    .toList());
        }
        return makers.get();
    }

    private boolean repeats(Use use) {
        return switch (use) {
            case Use.Call call ->
                graph.body(call.caller()).isInLoop(call.site())
                        || of(call.caller().start()).reach() == Reach.AGAIN;
            case Use.Taken _, Use.Held _ -> true;
        };
    }

    private void collectCallers(long function, Set<Long> found) {
        if (found.add(function)) {
            for (Use use : graph.uses(function)) {
                if (use instanceof Use.Call call) {
                    collectCallers(call.caller().start(), found);
                }
            }
        }
    }

    /** {@return whether the program's entry code hands a function to who calls it once, as it does main} */
    boolean isFirst(long function) {
        if (entryOperands.contains(function)) {
            return true;
        }
        return entryOperands.stream()
                .anyMatch(operand -> Long.valueOf(function)
                        .equals(graph.linked().relocatedWords().get(operand)));
    }

    /** {@return whether the entry code alone starts a function, so that it never runs a second time} */
    boolean isOnlyFirst(long function) {
        Found found = of(function);
        return isFirst(function) && found.reach() == Reach.AT_START;
    }

    private boolean isBootCode(long function) {
        return code.with(function).filter(part -> isBootSection(part.section())).isPresent();
    }

    private static boolean isBootSection(Section section) {
        return section.name().startsWith(".init.");
    }

    private Optional<Symbol> objectWith(long address) {
        return image.symbolsFrom().symbols().stream()
                .filter(symbol -> symbol.isObject()
                        && symbol.isInSection()
                        && address >= symbol.value()
                        && address < symbol.value() + symbol.sizeBytes())
                .findFirst();
    }

    private String nameOf(long function) {
        String name = code.with(function).map(Part::name).orElse("");
        return name.isEmpty() ? "code at 0x%x".formatted(function) : name.substring(name.indexOf('#') + 1);
    }
}
