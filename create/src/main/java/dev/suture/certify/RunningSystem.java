package dev.suture.certify;

import dev.suture.diff.SpecialSection;
import dev.suture.diff.SpecialSections;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Relocation;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.isa.Isa;
import dev.suture.isa.RelocationKind;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * What runs once the payload is applied: the linked program, and beside it the sections of the payload and of those below
 * it. All are read from their files; what the relocations of a payload lead to is found as Xen finds it, by name.
 */
final class RunningSystem {
    /**
     * An entry of a special table.
     *
     * @param table the section it is from, such as {@code .ex_table}
     * @param at where it is
     */
    record TableEntry(String table, Place at) {}

    private final RunningBytes bytesOfImage;
    private final ImageSymbols symbols;
    private final List<PayloadContents> payloads;
    private final List<PayloadSymbols> symbolsOfPayloads;
    private final SpecialSections tables;
    private final Isa isa;
    /** By the place of the field. */
    private final Map<Place, Relocation> relocations = new HashMap<>();

    private final TreeMap<Place, List<TableEntry>> entries = new TreeMap<>();
    private final long bootFrom;
    private final long bootTo;

    /**
     * @param image the linked program
     * @param payloads what is applied to it, the lowest first; the last one is what is certified
     * @param tables the special tables of its release
     */
    RunningSystem(ElfFile image, List<PayloadContents> payloads, SpecialSections tables) {
        bytesOfImage = new RunningBytes(image);
        this.payloads = List.copyOf(payloads);
        this.tables = tables;
        symbols = new ImageSymbols(image);
        symbolsOfPayloads = payloads.stream().map(PayloadSymbols::new).toList();
        isa = Isa.of(image.header().machine());
        payloads.forEach(this::readRelocations);
        bootFrom = symbols.global("__init_begin").orElse(0);
        bootTo = symbols.global("__init_end").orElse(0);
        for (SpecialSection table : tables.tables()) {
            indexInImage(table);
            for (PayloadContents payload : payloads) {
                payload.elf()
                        .section(table.name())
                        .ifPresent(section -> indexInPayload(table, payload.file(), section));
            }
        }
    }

    private void readRelocations(PayloadContents payload) {
        for (Section section : payload.elf().sections()) {
            if (section.isAllocated()) {
                for (Relocation relocation : payload.elf().relocations(section)) {
                    Place field = new Place(payload.file(), section.index(), relocation.sectionOffset());
                    relocations.put(field, relocation);
                }
            }
        }
    }

    /** {@return the payloads, the lowest first} */
    List<PayloadContents> payloads() {
        return payloads;
    }

    /** {@return the payload that is certified, the topmost; only asked if there is one} */
    PayloadContents certified() {
        return payloads.getLast();
    }

    /** {@return whether a place is in the payload that is certified; all others are what runs without it} */
    boolean isCertified(Place place) {
        return !place.isInImage() && place.file() == payloads.size();
    }

    private ElfFile fileOf(Place place) {
        return payloads.get(place.file() - 1).elf();
    }

    ImageSymbols symbols() {
        return symbols;
    }

    Isa isa() {
        return isa;
    }

    SpecialSections tables() {
        return tables;
    }

    /** {@return whether an address is in what is given back after boot} */
    boolean isOnlyForBoot(long address) {
        return Long.compareUnsigned(address, bootFrom) >= 0 && Long.compareUnsigned(address, bootTo) < 0;
    }

    /** {@return the bytes at a place as its file has them; zeros where that has none; empty if nothing is there} */
    Optional<MemorySegment> bytes(Place place, long sizeBytes) {
        if (sizeBytes < 0) {
            return Optional.empty();
        }
        if (place.isInImage()) {
            return bytesOfImage.at(place.offset(), sizeBytes);
        }
        Section section = fileOf(place).sections().get(place.section());
        long offset = place.offset();
        if (offset < 0 || offset > section.sizeBytes() - sizeBytes) {
            return Optional.empty();
        }
        return Optional.of(
                section.isNobits()
                        ? MemorySegment.ofArray(new byte[(int) sizeBytes])
                        : section.contents().asSlice(offset, sizeBytes));
    }

    /**
     * {@return where a field leads: the value of the symbol that it was relocated with, plus the addend; empty if it is no
     * such field}
     *
     * @param field its first byte
     * @param kind of the relocation that it should have
     */
    Optional<Place> destination(Place field, RelocationKind kind) {
        if (field.isInImage()) {
            return bytes(field, kind.sizeBytes())
                    .map(bytes -> Place.inImage((kind.pcRelative() ? field.offset() : 0) + value(bytes, kind)));
        }
        Relocation relocation = relocations.get(field);
        if (relocation == null) {
            return Optional.empty();
        }
        RelocationKind found = isa.relocation(relocation.type());
        boolean alike = found.pcRelative() == kind.pcRelative()
                && found.sizeBytes() == kind.sizeBytes()
                && found.throughGot() == kind.throughGot()
                && (found.pcRelative() || found.signed() == kind.signed());
        return alike ? symbolPlace(field, relocation).map(place -> place.plus(relocation.addend())) : Optional.empty();
    }

    private static long value(MemorySegment bytes, RelocationKind kind) {
        return switch (kind.sizeBytes()) {
            case 8 -> LittleEndian.u64(bytes, 0);
            case 4 -> kind.pcRelative() || kind.signed() ? LittleEndian.s32(bytes, 0) : LittleEndian.u32(bytes, 0);
            case 2 -> LittleEndian.u16(bytes, 0);
            case 1 -> LittleEndian.u8(bytes, 0);
            default -> throw new IllegalStateException("a field of %d bytes".formatted(kind.sizeBytes()));
        };
    }

    private Optional<Place> symbolPlace(Place field, Relocation relocation) {
        Symbol symbol = fileOf(field).symbols().get(relocation.symbolIndex());
        if (symbol.isInSection()) {
            return Optional.of(new Place(field.file(), symbol.sectionIndex(), symbol.value()));
        }
        if (!symbol.isUndefined() || symbol.index() == 0) {
            return Optional.of(Place.inImage(symbol.value()));
        }
        boolean weak = symbol.binding() == Elf.STB_WEAK;
        return named(symbol.name(), field.file())
                .map(PayloadSymbols.Known::at)
                .or(() -> weak ? Optional.of(Place.inImage(0)) : Optional.empty());
    }

    /**
     * {@return the one thing that Xen finds under a name}
     *
     * @param user the number of the payload that has the name; what is above it is not there yet when it is loaded
     */
    Optional<PayloadSymbols.Known> named(String name, int user) {
        Optional<PayloadSymbols.Known> inImage = symbols.named(name)
                .map(known -> new PayloadSymbols.Known(name, Place.inImage(known.address()), known.sizeBytes()));
        return inImage.or(() -> symbolsOfPayloads.subList(0, user - 1).stream()
                .flatMap(payload -> payload.named(name).stream())
                .findFirst());
    }

    /** {@return where the payloads below that which is certified have what may be a symbol of an object} */
    List<Place> candidatesBelow(Symbol symbol, String file) {
        return payloads.size() < 2
                ? List.of()
                : symbolsOfPayloads.subList(0, payloads.size() - 1).stream()
                        .flatMap(payload -> payload.candidates(symbol, file).stream())
                        .map(PayloadSymbols.Known::at)
                        .toList();
    }

    /** {@return the power of two that the address at offset 0 of a place's file or section is a multiple of, in bytes} */
    long alignment(Place place) {
        return place.isInImage()
                ? Long.MAX_VALUE
                : fileOf(place).sections().get(place.section()).alignment();
    }

    /** {@return what a place belongs to, for messages} */
    String describe(Place place) {
        if (place.isInImage()) {
            return symbols.describe(place.offset());
        }
        ElfFile file = fileOf(place);
        String section = file.sections().get(place.section()).name();
        return symbolsOfPayloads
                .get(place.file() - 1)
                .describe(place)
                .orElse("%s+0x%x".formatted(section, place.offset()))
                .concat(" of the payload" + (isCertified(place) ? "" : " below"));
    }

    /** {@return what the relocation of the payload at a field adds to its symbol; empty if there is none} */
    OptionalLong addend(Place field) {
        Relocation relocation = relocations.get(field);
        return relocation == null ? OptionalLong.empty() : OptionalLong.of(relocation.addend());
    }

    /**
     * {@return which place a field of a table means, without what else its bits carry}
     *
     * @param entry the first byte of the entry
     * @param kind of the relocation that the field should have
     */
    Optional<Place> meant(Place entry, SpecialSection.Field field, RelocationKind kind) {
        Place at = entry.plus(field.offset());
        Optional<Place> stated = destination(at, kind);
        if (stated.isEmpty() || field.addendBits() == 64 && !field.fromEntry()) {
            return stated;
        }
        if (entry.isInImage()) {
            long value = stated.get().offset() - at.offset();
            return Optional.of((field.fromEntry() ? entry : at).plus(field.distance(value)));
        }
        long addend = addend(at).orElse(0);
        long distance = field.distance(addend) - (field.fromEntry() ? field.offset() : 0);
        return Optional.of(stated.get().plus(distance - addend));
    }

    /** {@return the entries of special tables about code from a place on, in the order of tables and entries} */
    List<TableEntry> entriesOf(Place code, long sizeBytes) {
        return entries.subMap(code, code.plus(Math.max(sizeBytes, 1))).values().stream()
                .flatMap(List::stream)
                .toList();
    }

    private void indexInImage(SpecialSection table) {
        Bounds.of(table.name(), symbols).ifPresent(bounds -> {
            long end = bounds.end() - table.entryBytes();
            for (long at = bounds.start(); at <= end; at += table.entryBytes()) {
                index(table, Place.inImage(at));
            }
        });
    }

    private void indexInPayload(SpecialSection table, int file, Section section) {
        for (long at = 0; at + table.entryBytes() <= section.sizeBytes(); at += table.entryBytes()) {
            index(table, new Place(file, section.index(), at));
        }
    }

    private void index(SpecialSection table, Place entry) {
        int pc32 = 2;
        meant(entry, table.fields().getFirst(), isa.relocation(pc32))
                .ifPresent(code -> entries.computeIfAbsent(code, place -> new ArrayList<>(1))
                        .add(new TableEntry(table.name(), entry)));
    }

    /** Where the linker put a special table, in addresses. */
    private record Bounds(long start, long end) {
        /** {@return the bounds by the symbols of xen.lds; empty if this release has no such table} */
        static Optional<Bounds> of(String table, ImageSymbols symbols) {
            return switch (table) {
                case ".ex_table" -> of(symbols, "__start___ex_table", "__stop___ex_table");
                case ".ex_table.pre" -> of(symbols, "__start___pre_ex_table", "__stop___pre_ex_table");
                case ".altinstructions" -> of(symbols, "__alt_instructions", "__alt_instructions_end");
                case ".alt_call_sites" -> of(symbols, "__alt_call_sites_start", "__alt_call_sites_end");
                case ".bug_frames.0" ->
                    of(symbols, "__start_bug_frames_0", "__stop_bug_frames_0")
                            .or(() -> of(symbols, "__start_bug_frames", "__stop_bug_frames_0"));
                case ".bug_frames.1" -> bugFrames(symbols, 1);
                case ".bug_frames.2" -> bugFrames(symbols, 2);
                case ".bug_frames.3" -> bugFrames(symbols, 3);
                default -> Optional.empty();
            };
        }

        /** Releases before 4.18 name only where the kinds end. */
        private static Optional<Bounds> bugFrames(ImageSymbols symbols, int kind) {
            String end = "__stop_bug_frames_" + kind;
            return of(symbols, "__start_bug_frames_" + kind, end)
                    .or(() -> of(symbols, "__stop_bug_frames_" + (kind - 1), end));
        }

        private static Optional<Bounds> of(ImageSymbols symbols, String start, String end) {
            OptionalLong from = symbols.global(start);
            OptionalLong to = symbols.global(end);
            return from.isPresent() && to.isPresent()
                    ? Optional.of(new Bounds(from.getAsLong(), to.getAsLong()))
                    : Optional.empty();
        }
    }
}
