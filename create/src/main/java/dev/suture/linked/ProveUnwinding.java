package dev.suture.linked;

import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.diff.UnwindEntries;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Relocation;
import dev.suture.elf.Symbol;
import dev.suture.linked.PayloadFile.Place;
import dev.suture.linked.ProvePayload.Claim;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Proves that the code in a payload is unwound as that of the patched program: each entry of {@code .eh_frame} for a piece
 * of code is in the payload for the place of that piece, byte for byte but for the distance to what it has in common with
 * others, and leads to the same tables and handlers.
 */
final class ProveUnwinding {
    /** Where an entry states how far before it its common part is. */
    private static final int DISTANCE_AT = 4;

    private final PayloadFile payload;
    private final ProvePayload prove;
    private final Optional<UnwindEntries> found;
    private final Map<Place, UnwindEntries.Entry> byCode = new HashMap<>();
    private final Set<Place> used = new HashSet<>();
    private final Map<ElfFile, Optional<UnwindEntries>> ofObjects = new HashMap<>();
    private final List<Finding> missing = new ArrayList<>();
    private final List<Finding> extra = new ArrayList<>();

    private ProveUnwinding(PayloadFile payload, ProvePayload prove) {
        this.payload = payload;
        this.prove = prove;
        found = UnwindEntries.of(payload.elf());
        found.ifPresent(entries -> entries.entries().forEach(entry -> {
            Symbol symbol = payload.symbol(entry.code());
            if (symbol.isInSection()) {
                Place place = new Place(
                        symbol.sectionIndex(), symbol.value() + entry.code().addend());
                if (byCode.put(place, entry) != null) {
                    extra.add(new Finding("", ".eh_frame", "two entries are about the same code"));
                }
            }
        }));
    }

    /**
     * What was found.
     *
     * @param missing code that is unwound otherwise, or not at all
     * @param extra entries about something else
     */
    record Result(List<Finding> missing, List<Finding> extra) {}

    /** {@return what differs for all code that was proved to be in the payload} */
    static Result check(PayloadFile payload, ProvePayload prove) {
        ProveUnwinding work = new ProveUnwinding(payload, prove);
        for (Claim claim : prove.proved()) {
            if (claim.part().piece().isCode()) {
                work.check(claim);
            }
        }
        work.byCode.forEach((place, entry) -> {
            if (!work.used.contains(place)) {
                work.extra.add(new Finding(
                        "",
                        ".eh_frame",
                        "the entry at 0x%x is about code that nothing needs".formatted(entry.sectionOffset())));
            }
        });
        return new Result(work.missing, work.extra);
    }

    private void check(Claim claim) {
        Part part = claim.part();
        ElfFile object = part.object().elf();
        Optional<UnwindEntries> entries = ofObjects.computeIfAbsent(object, UnwindEntries::of);
        for (UnwindEntries.Entry wanted : entries.map(UnwindEntries::entries).orElse(List.of())) {
            Reference code = part.object().resolve(wanted.code());
            boolean isAbout = code.target() instanceof Reference.InPiece target
                    && target.pieceIndex() == part.piece().index();
            if (isAbout) {
                long inside = ((Reference.InPiece) code.target()).delta();
                Place place = new Place(claim.at().section(), claim.at().offset() + inside);
                UnwindEntries.Entry here = byCode.get(place);
                used.add(place);
                difference(part, entries.get(), wanted, here)
                        .ifPresent(why -> missing.add(new Finding(part.object().name(), part.name(), why)));
            }
        }
    }

    private Optional<String> difference(
            Part part, UnwindEntries object, UnwindEntries.Entry wanted, UnwindEntries.Entry here) {
        if (here == null) {
            return Optional.of("the payload does not say how its code is unwound");
        }
        boolean same = same(
                        object.section().contents(),
                        wanted.sectionOffset(),
                        wanted.sizeBytes(),
                        found.orElseThrow().section().contents(),
                        here.sectionOffset(),
                        here.sizeBytes())
                && same(
                        object.section().contents(),
                        wanted.common(),
                        wanted.commonBytes(),
                        found.orElseThrow().section().contents(),
                        here.common(),
                        here.commonBytes());
        boolean leads = same
                && leadsToTheSame(part, object, wanted.sectionOffset(), wanted.sizeBytes(), here.sectionOffset())
                && leadsToTheSame(part, object, wanted.common(), wanted.commonBytes(), here.common());
        return leads ? Optional.empty() : Optional.of("the payload says otherwise how its code is unwound");
    }

    private static boolean same(
            MemorySegment one, long at, long sizeBytes, MemorySegment other, long otherAt, long otherBytes) {
        boolean whole = sizeBytes == otherBytes
                && at >= 0
                && otherAt >= 0
                && at + sizeBytes <= one.byteSize()
                && otherAt + otherBytes <= other.byteSize();
        if (!whole) {
            return false;
        }
        boolean isCommon = LittleEndian.u32(one, at + DISTANCE_AT) == 0;
        boolean bothCommon = isCommon == (LittleEndian.u32(other, otherAt + DISTANCE_AT) == 0);
        return bothCommon
                && LittleEndian.u32(one, at) == LittleEndian.u32(other, otherAt)
                && one.asSlice(at + 8, sizeBytes - 8).mismatch(other.asSlice(otherAt + 8, sizeBytes - 8)) < 0;
    }

    private boolean leadsToTheSame(Part part, UnwindEntries object, long at, long sizeBytes, long hereAt) {
        List<Relocation> wanted = object.relocations(at, sizeBytes);
        List<Relocation> here = found.orElseThrow().relocations(hereAt, sizeBytes);
        if (wanted.size() != here.size()) {
            return false;
        }
        for (int i = 0; i < wanted.size(); i++) {
            boolean alike = wanted.get(i).type() == here.get(i).type()
                    && wanted.get(i).sectionOffset() - at == here.get(i).sectionOffset() - hereAt;
            if (!alike || !leadsToTheSame(part, wanted.get(i), here.get(i))) {
                return false;
            }
        }
        return true;
    }

    private boolean leadsToTheSame(Part part, Relocation wanted, Relocation here) {
        Symbol symbol = payload.symbol(here);
        Reference reference = part.object().resolve(wanted);
        if (reference.target() instanceof Reference.InPiece target && symbol.isInSection()) {
            Piece piece = part.object().pieces().get(target.pieceIndex());
            Place start = new Place(symbol.sectionIndex(), symbol.value() + here.addend() - target.statedDelta());
            return prove.difference(new Part(part.object(), piece), start).isEmpty();
        }
        String name = Part.plain(part.object().elf().symbols().get(wanted.symbolIndex()));
        return symbol.isUndefined() && Part.plain(symbol).equals(name) && wanted.addend() == here.addend();
    }
}
