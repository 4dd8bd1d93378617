package dev.suture.diff;

import dev.suture.diff.Piece.Kind;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.ElfFormatException;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.isa.Isa;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Cuts one object into pieces.
 *
 * <p>Where to cut is decided by what a section is: a mergeable section is cut at its strings or constants, a special
 * section at its entries, {@code .altinstr_replacement} and {@code .fixup} where entries refer to, and all others at
 * their function and variable symbols. Bytes between two symbols that hold something become pieces without a name.
 *
 * <p>For example an object with {@code .text.f} (one function), {@code .data.read_mostly} (variables {@code a} and
 * {@code b}) and {@code .rodata.f.str1.1} ({@code "x\0yy\0"}) gives five pieces: {@code f}, {@code a}, {@code b}, and
 * two strings.
 */
public final class SplitObject {
    private final String name;
    private final ElfFile elf;
    private final Isa isa;
    private final SpecialSections specialSections;
    private final RelocationsBySection relocations;
    /** For each section its symbols but its own, by value. */
    private final List<List<Symbol>> symbolsOfSection;

    private final CutFragments fragments;
    private final List<Piece> pieces = new ArrayList<>();
    /** For each section its pieces' indexes, in offset order. */
    private final List<List<Integer>> piecesOfSection;

    private SplitObject(String name, ElfFile elf, Isa isa, SpecialSections specialSections) {
        this.name = name;
        this.elf = elf;
        this.isa = isa;
        this.specialSections = specialSections;
        relocations = new RelocationsBySection(elf);
        fragments = new CutFragments(elf, isa, specialSections, relocations);
        symbolsOfSection = new ArrayList<>();
        piecesOfSection = new ArrayList<>();
        for (int i = 0; i < elf.sections().size(); i++) {
            symbolsOfSection.add(new ArrayList<>());
            piecesOfSection.add(new ArrayList<>());
        }
        for (Symbol symbol : elf.symbols()) {
            if (symbol.isInSection() && !symbol.isSectionSymbol()) {
                symbolsOfSection.get(symbol.sectionIndex()).add(symbol);
            }
        }
        for (List<Symbol> symbols : symbolsOfSection) {
            if (symbols.size() > 1) {
                symbols.sort(Comparator.comparingLong(Symbol::value));
            }
        }
    }

    /**
     * Cuts an object.
     *
     * @param name the object's name as its build knows it
     * @param elf a relocatable file
     * @param specialSections the tables of the release the object is for
     * @return its pieces
     * @throws ElfFormatException if it is not a relocatable file, or its tables contradict each other
     */
    public static ObjectPieces split(String name, ElfFile elf, SpecialSections specialSections) {
        if (!elf.isRelocatable()) {
            throw new ElfFormatException(
                    elf.name(),
                    0x10,
                    "it is not a relocatable object (e_type is %d, expected %d)"
                            .formatted(elf.header().type(), Elf.ET_REL));
        }
        Isa isa = Isa.of(elf.header().machine());
        return new SplitObject(name, elf, isa, specialSections).split();
    }

    private ObjectPieces split() {
        for (Section section : elf.sections()) {
            SectionRole role = specialSections.role(
                    section,
                    symbolsOfSection.get(section.index()).stream()
                            .filter(SplitObject::isName)
                            .toList());
            if (role != SectionRole.DISCARDED) {
                cut(section, role);
            }
        }
        int[] pieceOfSymbol = piecesOfSymbols();
        ResolveReferences resolve =
                new ResolveReferences(elf, isa, specialSections, relocations, pieces, piecesOfSection, pieceOfSymbol);
        List<List<Reference>> references = resolve.references();
        String sourceFile = elf.symbols().stream()
                .filter(symbol -> symbol.type() == Elf.STT_FILE)
                .map(Symbol::name)
                .findFirst()
                .orElse("");
        return new ObjectPieces(
                name, elf, pieces, references, resolve.attachments(references), pieceOfSymbol, sourceFile);
    }

    private void cut(Section section, SectionRole role) {
        Optional<SpecialSection> table = specialSections.table(section.name());
        boolean isSpecial = table.isPresent() || specialSections.holdsFragments(section.name());
        if (section.isNobits() && section.sizeBytes() > 0 && (isSpecial || section.isCode())) {
            throw new ElfFormatException(
                    elf.name(), section.fileOffset(), "%s has no contents".formatted(section.name()));
        }
        if (table.isPresent()) {
            cutEntries(section, role, table.get());
        } else if (role == SectionRole.SPECIAL && !isSpecial) {
            cutEvery(section, role, Math.max(1, section.sizeBytes()), Kind.SPECIAL_ENTRY);
        } else if (isSpecial) {
            for (CutFragments.Cut cut : fragments.cut(section, symbolsOfSection.get(section.index()))) {
                List<Symbol> symbols = cut.from() == cut.to() ? List.of() : symbolsAt(section, cut.from());
                add(Kind.FRAGMENT, role, section, cut.from(), cut.to() - cut.from(), symbols);
            }
        } else if (section.isNobits()) {
            cutAtSymbols(section, role);
        } else if (section.has(Elf.SHF_MERGE) && section.has(Elf.SHF_STRINGS)) {
            cutStrings(section, role);
        } else if (section.has(Elf.SHF_MERGE) && section.entrySizeBytes() > 0) {
            cutEvery(section, role, section.entrySizeBytes(), Kind.CONSTANT);
        } else {
            cutAtSymbols(section, role);
        }
    }

    private void add(Kind kind, SectionRole role, Section section, long offset, long size, List<Symbol> symbols) {
        int index = pieces.size();
        pieces.add(new Piece(index, kind, role, section, offset, size, symbols));
        piecesOfSection.get(section.index()).add(index);
    }

    private void cutEntries(Section section, SectionRole role, SpecialSection table) {
        if (section.sizeBytes() % table.entryBytes() != 0) {
            throw new ElfFormatException(
                    elf.name(),
                    section.fileOffset(),
                    "%s has %d bytes, not a multiple of %d: the object was made for another release"
                            .formatted(section.name(), section.sizeBytes(), table.entryBytes()));
        }
        cutEvery(section, role, table.entryBytes(), Kind.SPECIAL_ENTRY);
    }

    private void cutEvery(Section section, SectionRole role, long step, Kind kind) {
        for (long at = 0; at < section.sizeBytes(); at += Math.min(step, section.sizeBytes() - at)) {
            add(kind, role, section, at, Math.min(step, section.sizeBytes() - at), List.of());
        }
    }

    private void cutStrings(Section section, SectionRole role) {
        MemorySegment contents = section.contents();
        // No character is wider than four bytes; what claims to be is one string.
        long unit = Math.clamp(section.entrySizeBytes(), 1, 4);
        long start = 0;
        for (long at = 0; at + unit <= contents.byteSize(); at += unit) {
            boolean end = true;
            for (long i = 0; i < unit; i++) {
                end &= LittleEndian.u8(contents, at + i) == 0;
            }
            if (end) {
                add(Kind.STRING, role, section, start, at + unit - start, List.of());
                start = at + unit;
            }
        }
        if (start < contents.byteSize()) {
            add(Kind.STRING, role, section, start, contents.byteSize() - start, List.of());
        }
    }

    private List<Symbol> symbolsAt(Section section, long offset) {
        List<Symbol> symbols = symbolsOfSection.get(section.index());
        List<Symbol> found = new ArrayList<>(1);
        for (int i = firstAt(symbols, offset);
                i < symbols.size() && symbols.get(i).value() == offset;
                i++) {
            if (isName(symbols.get(i))) {
                found.add(symbols.get(i));
            }
        }
        found.sort(Comparator.comparing(Symbol::isLocal).thenComparing(Symbol::index));
        return found;
    }

    /** {@return the index of the first symbol at or behind that offset} */
    private static int firstAt(List<Symbol> symbols, long offset) {
        int low = 0;
        int high = symbols.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (symbols.get(middle).value() < offset) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** Compilers' and assemblers' own labels name nothing. */
    private static boolean isName(Symbol symbol) {
        return !symbol.name().startsWith(".L") && !symbol.name().isEmpty();
    }

    private void cutAtSymbols(Section section, SectionRole role) {
        List<Symbol> starts = symbolsOfSection.get(section.index()).stream()
                .filter(symbol -> symbol.sizeBytes() > 0 && isName(symbol))
                .filter(symbol -> symbol.isFunction() || symbol.isObject() || !section.isCode())
                .filter(symbol -> symbol.value() >= 0
                        && symbol.sizeBytes() <= section.sizeBytes()
                        && symbol.value() <= section.sizeBytes() - symbol.sizeBytes())
                .sorted(Comparator.comparingLong(Symbol::value)
                        .thenComparing(
                                Comparator.comparingLong(Symbol::sizeBytes).reversed())
                        .thenComparing(Symbol::isLocal)
                        .thenComparing(Symbol::index))
                .toList();
        List<Symbol> outermost = new ArrayList<>();
        for (Symbol symbol : starts) {
            Symbol last = outermost.isEmpty() ? null : outermost.getLast();
            if (last == null || symbol.value() >= last.value() + last.sizeBytes()) {
                outermost.add(symbol);
            }
        }
        long at = 0;
        for (int i = 0; i < outermost.size(); i++) {
            Symbol symbol = outermost.get(i);
            addNameless(section, role, at, symbol.value());
            // What follows a lone function in its section was moved out of its way by the compiler (.subsection).
            boolean alone = section.isCode() && outermost.size() == 1 && symbol.value() == 0;
            long size = alone ? section.sizeBytes() : symbol.sizeBytes();
            add(kindOf(section, symbol), role, section, symbol.value(), size, symbolsOf(section, symbol));
            at = symbol.value() + size;
        }
        addNameless(section, role, at, section.sizeBytes());
    }

    private List<Symbol> symbolsOf(Section section, Symbol main) {
        List<Symbol> symbols = new ArrayList<>();
        symbols.add(main);
        symbolsAt(section, main.value()).stream()
                .filter(other -> other.index() != main.index() && other.sizeBytes() == main.sizeBytes())
                .forEach(symbols::add);
        return symbols;
    }

    private static Kind kindOf(Section section, Symbol symbol) {
        if (!section.isCode()) {
            return Kind.DATA;
        }
        return Names.isCold(symbol) ? Kind.FRAGMENT : Kind.FUNCTION;
    }

    /**
     * Bytes between symbols: nothing if they are only padding. What is all of a section and is referred to is a constant
     * of zeros, such as the string {@code "\0\0"}.
     */
    private void addNameless(Section section, SectionRole role, long from, long to) {
        if (from >= to) {
            return;
        }
        List<Symbol> symbols = symbolsOfSection.get(section.index());
        int next = firstAt(symbols, from);
        boolean hasLabel = next < symbols.size() && symbols.get(next).value() < to;
        boolean all = from == 0 && to == section.sizeBytes() && !section.isCode() && !section.isNobits();
        if (!hasLabel && isPadding(section, from, to) && !(all && relocations.anyTo(section))) {
            return;
        }
        if (section.isCode()) {
            add(Kind.ASSEMBLY, role, section, from, to - from, symbolsAt(section, from));
        } else {
            add(Kind.NAMELESS_DATA, role, section, from, to - from, List.of());
        }
    }

    private boolean isPadding(Section section, long from, long to) {
        if (section.isNobits()) {
            return to - from < Math.max(section.alignment(), 64);
        }
        if (relocations.anyIn(section, from, to)) {
            return false;
        }
        if (!section.isCode()) {
            for (long at = from; at < to; at++) {
                if (LittleEndian.u8(section.contents(), at) != 0) {
                    return false;
                }
            }
            return true;
        }
        long at = from;
        while (at < to) {
            var instruction = isa.decode(section.contents(), at);
            if (instruction.isEmpty() || !isa.isPadding(instruction.get(), section.contents())) {
                return false;
            }
            at = instruction.get().endOffset();
        }
        return true;
    }

    private int[] piecesOfSymbols() {
        int[] pieceOfSymbol = new int[elf.symbols().size()];
        Arrays.fill(pieceOfSymbol, -1);
        for (Symbol symbol : elf.symbols()) {
            if (symbol.isInSection() && !symbol.isSectionSymbol()) {
                pieceOfSymbol[symbol.index()] =
                        pieceAt(pieces, piecesOfSection.get(symbol.sectionIndex()), symbol.value());
            }
        }
        return pieceOfSymbol;
    }

    /**
     * {@return the index of the piece at that offset of a section: the last one that does not begin behind it; -1 if
     * there is none}
     */
    static int pieceAt(List<Piece> pieces, List<Integer> ofSection, long offset) {
        int low = 0;
        int high = ofSection.size() - 1;
        int found = ofSection.isEmpty() ? -1 : ofSection.getFirst();
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (pieces.get(ofSection.get(middle)).sectionOffset() <= offset) {
                found = ofSection.get(middle);
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return found;
    }
}
