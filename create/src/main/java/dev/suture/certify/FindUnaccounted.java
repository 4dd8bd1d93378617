package dev.suture.certify;

import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
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

    private final PayloadContents contents;
    private final ElfFile payload;
    private final Isa isa;
    private final Map<Integer, List<Interval>> accounted = new HashMap<>();
    private final List<String> found = new ArrayList<>();

    private FindUnaccounted(PayloadContents contents) {
        this.contents = contents;
        payload = contents.elf();
        isa = Isa.of(payload.header().machine());
    }

    /** {@return what is there without a proof, each with its name or place and size} */
    static List<String> find(PayloadContents contents, Program program, Prove prove) {
        FindUnaccounted work = new FindUnaccounted(contents);
        prove.proved()
                .forEach(claim ->
                        work.account(claim.at(), program.piece(claim.part()).sizeBytes()));
        prove.provedTexts().forEach(text -> work.account(text.at(), text.sizeBytes()));
        contents.names().forEach(text -> work.account(text.at(), text.sizeBytes()));
        work.payload.sections().stream().filter(FindUnaccounted::holdsCopies).forEach(work::check);
        return work.found;
    }

    private static boolean holdsCopies(Section section) {
        return section.isAllocated()
                && section.sizeBytes() > 0
                && !section.name().startsWith(".livepatch.")
                && !section.name().startsWith(".note.")
                && !section.name().equals(".modinfo");
    }

    private void account(Place at, long sizeBytes) {
        if (contents.has(at)) {
            accounted
                    .computeIfAbsent(at.section(), section -> new ArrayList<>())
                    .add(new Interval(at.offset(), at.offset() + sizeBytes));
        }
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
        Optional<Symbol> named = payload.symbols().stream()
                .filter(symbol -> symbol.isInSection()
                        && !symbol.isSectionSymbol()
                        && symbol.sectionIndex() == section.index()
                        && symbol.sizeBytes() > 0
                        && symbol.value() >= from
                        && symbol.value() < to)
                .min(Comparator.comparingLong(Symbol::value));
        if (named.isPresent()) {
            found.add("`%s` (%d bytes in %s)"
                    .formatted(named.get().name(), named.get().sizeBytes(), section.name()));
        } else if (!isPadding(section, from, to)) {
            found.add("%d bytes at 0x%x of %s".formatted(to - from, from, section.name()));
        }
    }

    private boolean isPadding(Section section, long from, long to) {
        if (section.isNobits()) {
            return to - from < LARGEST_GAP;
        }
        boolean relocated = payload.relocations(section).stream()
                .anyMatch(relocation -> relocation.sectionOffset() >= from && relocation.sectionOffset() < to);
        return !relocated && (isZero(section, from, to) || section.isCode() && isFiller(section, from, to));
    }

    private static boolean isZero(Section section, long from, long to) {
        for (long at = from; at < to; at++) {
            if (LittleEndian.u8(section.contents(), at) != 0) {
                return false;
            }
        }
        return true;
    }

    private boolean isFiller(Section section, long from, long to) {
        long at = from;
        while (at < to) {
            Optional<Instruction> instruction = isa.decode(section.contents(), at);
            if (instruction.isEmpty() || !isa.isPadding(instruction.get(), section.contents())) {
                return false;
            }
            at = instruction.get().endOffset();
        }
        return true;
    }
}
