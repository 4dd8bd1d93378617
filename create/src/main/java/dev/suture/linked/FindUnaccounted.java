package dev.suture.linked;

import dev.suture.elf.LittleEndian;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import dev.suture.linked.PayloadFile.Place;
import dev.suture.payload.PayloadSections;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds what is in the loaded sections of a payload and has been touched by no proof. */
final class FindUnaccounted {
    /** The most bytes without contents that an alignment leaves between two variables. */
    private static final long LARGEST_GAP = 64;

    private record Interval(long from, long to) {}

    private final PayloadFile payload;
    private final Isa isa;
    private final Map<Integer, List<Interval>> accounted = new HashMap<>();
    private final List<Finding> found = new ArrayList<>();

    private FindUnaccounted(PayloadFile payload) {
        this.payload = payload;
        isa = Isa.of(payload.elf().header().machine());
    }

    /** {@return what is there without a proof, each with its name or place and size} */
    static List<Finding> find(PayloadFile payload, ProvePayload prove) {
        FindUnaccounted work = new FindUnaccounted(payload);
        prove.proved()
                .forEach(claim -> work.account(claim.at(), claim.part().piece().sizeBytes()));
        payload.names().forEach(work::account);
        payload.elf().sections().stream().filter(work::holdsCopies).forEach(work::check);
        return work.found;
    }

    /** Entries of the unwinder and of hooks are proved one by one, and the table of functions is read. */
    private boolean holdsCopies(Section section) {
        boolean ofFormat = section.name().startsWith(".livepatch.")
                && (section.name().startsWith(PayloadSections.HOOKS)
                        || section.name().equals(PayloadSections.FUNCTIONS)
                        || section.name().equals(PayloadSections.DEPENDS)
                        || section.name().equals(PayloadSections.TARGET));
        return section.isAllocated()
                && section.sizeBytes() > 0
                && !ofFormat
                && !section.name().equals(PayloadSections.BUILD_ID)
                && !section.name().equals(PayloadSections.METADATA)
                && !section.name().equals(".eh_frame");
    }

    private void account(Place at, long sizeBytes) {
        accounted
                .computeIfAbsent(at.section(), _ -> new ArrayList<>())
                .add(new Interval(at.offset(), at.offset() + sizeBytes));
    }

    private void check(Section section) {
        List<Interval> intervals = new ArrayList<>(accounted.getOrDefault(section.index(), List.of()));
        intervals.add(new Interval(section.sizeBytes(), section.sizeBytes()));
        intervals.sort(Comparator.comparingLong(Interval::from));
        long done = 0;
        for (Interval interval : intervals) {
            if (interval.from() > done) {
                checkGap(section, done, interval.from());
            }
            done = Math.max(done, interval.to());
        }
    }

    private void checkGap(Section section, long from, long to) {
        Optional<Symbol> named = payload.elf().symbols().stream()
                .filter(symbol -> symbol.isInSection()
                        && !symbol.isSectionSymbol()
                        && symbol.sectionIndex() == section.index()
                        && symbol.sizeBytes() > 0
                        && symbol.value() >= from
                        && symbol.value() < to)
                .min(Comparator.comparingLong(Symbol::value));
        if (named.isPresent()) {
            find(named.get().name(), "%d bytes in %s".formatted(named.get().sizeBytes(), section.name()));
        } else if (!isPadding(section, from, to)) {
            find("", "%d bytes at 0x%x of %s".formatted(to - from, from, section.name()));
        }
    }

    private void find(String symbol, String what) {
        found.add(new Finding("", symbol, "nothing of the patched program needs it: " + what));
    }

    private boolean isPadding(Section section, long from, long to) {
        if (section.isNobits()) {
            return to - from < LARGEST_GAP;
        }
        boolean relocated = !payload.relocations(new Place(section.index(), from), to - from)
                .isEmpty();
        return !relocated
                && to - from < LARGEST_GAP
                && (isZero(section.contents(), from, to) || section.isCode() && isFiller(section.contents(), from, to));
    }

    private static boolean isZero(MemorySegment bytes, long from, long to) {
        for (long at = from; at < to; at++) {
            if (LittleEndian.u8(bytes, at) != 0) {
                return false;
            }
        }
        return true;
    }

    private boolean isFiller(MemorySegment bytes, long from, long to) {
        long at = from;
        while (at < to) {
            Optional<Instruction> instruction = isa.decode(bytes, at);
            if (instruction.isEmpty() || !isa.isPadding(instruction.get(), bytes)) {
                return false;
            }
            at = instruction.get().endOffset();
        }
        return true;
    }
}
