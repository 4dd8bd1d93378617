package dev.suture.elf;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.Stream;

/**
 * A symbol table as it stands in a file.
 *
 * @param entries the contents of {@code .symtab}, the null symbol included
 * @param names the contents of {@code .strtab}
 * @param extendedIndexes the contents of {@code .symtab_shndx}; empty if every section index fits 16 bits
 * @param localCount how many of the entries are local, the null symbol included: {@code sh_info} of the table
 * @param indexes the place in the table of each of the given symbols
 */
record SymbolTableBytes(byte[] entries, byte[] names, byte[] extendedIndexes, int localCount, int[] indexes) {

    /** {@return the table of the given symbols, the local ones first as the standard asks} */
    static SymbolTableBytes of(List<Symbol> symbols) {
        List<Symbol> locals = symbols.stream().filter(Symbol::isLocal).toList();
        List<Symbol> others =
                symbols.stream().filter(symbol -> !symbol.isLocal()).toList();
        List<Symbol> ordered = Stream.concat(locals.stream(), others.stream()).toList();
        StringTableBuilder names = new StringTableBuilder();
        symbols.forEach(symbol -> names.add(symbol.name()));
        byte[] nameBytes = names.toBytes();

        byte[] entries = new byte[Math.multiplyExact(ordered.size() + 1, Elf.SYMBOL_BYTES)];
        boolean extended = symbols.stream().anyMatch(symbol -> symbol.sectionIndex() >= Elf.SHN_LORESERVE);
        byte[] extendedIndexes = new byte[extended ? (ordered.size() + 1) * 4 : 0];
        int[] indexes = new int[symbols.size()];
        int index = 1;
        for (Symbol symbol : ordered) {
            putSymbol(MemorySegment.ofArray(entries), (long) index * Elf.SYMBOL_BYTES, names, symbol);
            if (symbol.sectionIndex() >= Elf.SHN_LORESERVE) {
                LittleEndian.putU32(MemorySegment.ofArray(extendedIndexes), index * 4L, symbol.sectionIndex());
            }
            indexes[symbol.index()] = index;
            index++;
        }
        return new SymbolTableBytes(entries, nameBytes, extendedIndexes, locals.size() + 1, indexes);
    }

    private static void putSymbol(MemorySegment entries, long at, StringTableBuilder names, Symbol symbol) {
        int sectionNumber = switch (symbol.place()) {
            case UNDEFINED -> Elf.SHN_UNDEF;
            case ABSOLUTE -> Elf.SHN_ABS;
            case COMMON -> Elf.SHN_COMMON;
            case SECTION -> symbol.sectionIndex() < Elf.SHN_LORESERVE ? symbol.sectionIndex() : Elf.SHN_XINDEX;
            case RESERVED -> throw new IllegalStateException("symbol " + symbol.name() + " is RESERVED");
        };
        LittleEndian.putU32(entries, at, names.offset(symbol.name()));
        LittleEndian.putU8(entries, at + 4, symbol.binding() << 4 | symbol.type());
        LittleEndian.putU8(entries, at + 5, symbol.other());
        LittleEndian.putU16(entries, at + 6, sectionNumber);
        LittleEndian.putU64(entries, at + 8, symbol.value());
        LittleEndian.putU64(entries, at + 16, symbol.sizeBytes());
    }
}
