package dev.suture.advise;

import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Finds the functions that may be active when Xen quiesces, and those that quiescing and applying run through, from the
 * calls in the hypervisor's own code.
 *
 * <p>When a payload is applied, every CPU comes to {@code check_for_livepatch_work()} out of its idle loop, or where it is
 * about to leave for it with its stack reset; the CPU that is there first writes the jumps from
 * {@code livepatch_do_action()} while the others wait with interrupts off. So what is on a stack then are the functions
 * that call {@code check_for_livepatch_work()}; no stack is looked at. What the first CPU runs between the first and the
 * last jump, such as {@code printk()}, it runs partly in the old and partly in the new version. Calls through pointers are
 * not followed, nor what {@code panic()} does.
 *
 * @see "Xen xen/common/livepatch.c, check_for_livepatch_work(), apply_payload(); xen/arch/x86/livepatch.c,
 *     mask_nmi_callback(); xen/arch/x86/include/asm/current.h, switch_stack_and_jump()"
 */
final class QuiescePaths {
    private static final String WORK = "check_for_livepatch_work";
    private static final Set<String> DEAD_ENDS = Set.of("panic", "fatal_trap", "machine_restart", "__bug");
    /** Where a CPU may be taken out of the wait, and what that does; interrupts are off by then. */
    private static final Map<String, String> INTERRUPTIONS = Map.of(
            "do_nmi",
            "an NMI may enter it on any CPU while the jump is written, so that the CPU runs half an instruction",
            "do_machine_check",
            "a machine check may enter it on any CPU while the jump is written, so that the CPU runs half an instruction");

    private record Code(String name, String file, Section section, long start, long end) {
        Node node() {
            return new Node(name.replaceFirst("\\.cold(\\.[0-9]+)?$", ""), file);
        }
    }

    /** A function; {@code file} is empty for a global one. */
    private record Node(String name, String file) {}

    private final TreeMap<Long, Code> byAddress = new TreeMap<>();
    private final Map<Node, Set<Node>> calls = new HashMap<>();
    private final Set<Node> returning = new HashSet<>();
    private final Set<Node> active = new HashSet<>();
    private final Map<Node, Node> calledBy = new HashMap<>();

    private QuiescePaths() {}

    static QuiescePaths of(Image image) {
        QuiescePaths paths = new QuiescePaths();
        paths.readFunctions(image.elf());
        Isa isa = Isa.of(image.elf().header().machine());
        paths.byAddress.values().forEach(code -> paths.readCalls(isa, code));
        paths.walk();
        return paths;
    }

    private void readFunctions(ElfFile elf) {
        String file = "";
        for (Symbol symbol : elf.symbols()) {
            if (symbol.type() == Elf.STT_FILE) {
                file = symbol.name();
            } else if (symbol.isFunction() && symbol.isInSection() && symbol.sizeBytes() > 0) {
                Section section = elf.sections().get(symbol.sectionIndex());
                long end = symbol.value() + symbol.sizeBytes();
                if (section.isCode() && !section.isNobits() && end - section.address() <= section.sizeBytes()) {
                    byAddress.putIfAbsent(
                            symbol.value(),
                            new Code(symbol.name(), symbol.isLocal() ? file : "", section, symbol.value(), end));
                }
            }
        }
    }

    private void readCalls(Isa isa, Code code) {
        MemorySegment bytes = code.section().contents();
        long base = code.section().address();
        long at = code.start() - base;
        Set<Node> called = calls.computeIfAbsent(code.node(), key -> new HashSet<>());
        while (at < code.end() - base) {
            Optional<Instruction> instruction = isa.decode(bytes, at);
            if (instruction.isEmpty()) {
                at++;
                continue;
            }
            at = instruction.get().endOffset();
            if (instruction.get().flow() == Instruction.Flow.RETURN) {
                returning.add(code.node());
            }
            instruction.get().branchTarget(bytes).ifPresent(target -> {
                var callee = byAddress.floorEntry(target + base);
                if (callee != null && target + base < callee.getValue().end()) {
                    Node node = callee.getValue().node();
                    if (!node.equals(code.node())) {
                        called.add(node);
                        boolean tailCall = instruction.get().flow() != Instruction.Flow.CALL;
                        if (tailCall) {
                            returning.add(code.node());
                        }
                    }
                }
            });
        }
    }

    private void walk() {
        Node work = new Node(WORK, "");
        if (!calls.containsKey(work)) {
            return;
        }
        active.add(work);
        calls.forEach((caller, callees) -> {
            if (callees.contains(work)) {
                active.add(caller);
            }
        });
        ArrayDeque<Node> open = new ArrayDeque<>(List.of(work));
        Set<Node> seen = new HashSet<>(open);
        while (!open.isEmpty()) {
            Node caller = open.remove();
            for (Node callee : calls.getOrDefault(caller, Set.of())) {
                if (!DEAD_ENDS.contains(callee.name()) && seen.add(callee)) {
                    calledBy.put(callee, caller);
                    open.add(callee);
                }
            }
        }
    }

    /** {@return how many functions may be active or run, for tests and reports} */
    int count() {
        return active.size() + calledBy.size();
    }

    /** {@return what a function, known by its name only, has to do with quiescing, in sentences; empty if nothing} */
    String tell(String name) {
        return tell(new Node(name, ""))
                .or(() -> calls.keySet().stream()
                        .filter(node -> node.name().equals(name))
                        .map(this::tell)
                        .flatMap(Optional::stream)
                        .findFirst())
                .orElse("");
    }

    /**
     * {@return what a function has to do with quiescing, in sentences; empty if nothing}
     *
     * @param sourceFile what the compiler called the source, for a static function; empty for a global one
     */
    String tell(String name, String sourceFile) {
        return tell(new Node(name, sourceFile)).orElse("");
    }

    private Optional<String> tell(Node node) {
        List<String> sentences = new ArrayList<>();
        if (active.contains(node)) {
            sentences.add(
                    node.name().equals(WORK)
                            ? "Every CPU is in it while a payload is applied: it goes on in the old version to its end, and the new"
                                    + " one runs from the next call on."
                            : "It calls check_for_livepatch_work(), so a CPU may be in it when Xen quiesces (no stack is looked at)."
                                    + " That CPU goes on in the old version, which stays where it is.");
            if (!returning.contains(node)) {
                sentences.add("It never returns: the new version takes effect on each CPU only when that enters it anew"
                        + ", which need not be soon.");
            }
        } else if (calledBy.containsKey(node)) {
            sentences.add(
                    "Applying a payload may run through it (%s): the CPU that writes the jumps calls the old version before"
                                    .formatted(String.join(" > ", chain(node)))
                            + " its own jump is written and the new one after, while other functions of the payload may still"
                            + " be old. Both versions have to bear that.");
        }
        String interruption = node.file().isEmpty() ? INTERRUPTIONS.get(node.name()) : null;
        if (interruption != null) {
            sentences.add("Writing its jump is not safe: %s. Xen masks what NMIs do, not that they come."
                    .formatted(interruption));
        }
        return sentences.isEmpty() ? Optional.empty() : Optional.of(String.join(" ", sentences));
    }

    private List<String> chain(Node node) {
        List<String> chain = new ArrayList<>();
        for (Node at = node; at != null; at = calledBy.get(at)) {
            chain.addFirst(at.name());
        }
        return chain;
    }
}
