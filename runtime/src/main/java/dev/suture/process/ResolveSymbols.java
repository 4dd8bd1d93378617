package dev.suture.process;

import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Relocation;
import dev.suture.elf.Section;
import dev.suture.elf.Segment;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.linux.Memory;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds what a payload refers to in a process: first in the file it changes, a static as {@code file.c#name}; then in
 * payloads that are there already; then in what the other files offer, in the way the dynamic linker would. What the
 * changed file itself has bound is taken over, so that both call the same.
 */
final class ResolveSymbols {
    private static final int R_X86_64_GLOB_DAT = 6;
    private static final int R_X86_64_JUMP_SLOT = 7;
    private static final int R_X86_64_DTPMOD64 = 16;
    private static final int R_X86_64_TPOFF64 = 18;
    private static final int PT_TLS = 7;
    private static final int HIDDEN = 2;
    private static final int HIDDEN_VERSION = 0x8000;

    private final LoadedFiles files;
    private final LoadedFile patched;
    private final LinkOrder order;
    private final Memory memory;
    private final Ledger ledger;
    private final DebugFiles debugFiles = new DebugFiles();
    private final Map<String, List<Symbol>> own = new HashMap<>();
    private final Map<String, Symbol> exported = new HashMap<>();
    private final Map<LoadedFile, Map<String, Symbol>> others = new LinkedHashMap<>();
    private final boolean isStripped;
    private Map<String, Long> bound;

    /**
     * What a name stands for.
     *
     * @param address in the process; of a thread-local variable the offset in its file's block
     * @param sizeBytes 0 if not known
     * @param type such as {@link Elf#STT_FUNC}; {@link Elf#STT_GNU_IFUNC} if the address is of a function that chooses
     * @param file it is in; empty if it is in a payload
     */
    record Found(long address, long sizeBytes, int type, Optional<LoadedFile> file) {}

    ResolveSymbols(LoadedFiles files, LoadedFile patched, Memory memory, Ledger ledger, int pid) {
        this.files = files;
        this.patched = patched;
        order = new LinkOrder(files, memory);
        this.memory = memory;
        this.ledger = ledger;
        ElfFile withSymbols = debugFiles.withSymbols(patched, pid);
        isStripped = withSymbols.symbols().isEmpty();
        String source = "";
        for (Symbol symbol : withSymbols.symbols()) {
            if (symbol.type() == Elf.STT_FILE) {
                source = symbol.name();
            } else if (isDefined(symbol)) {
                String name = symbol.isLocal() ? Image.targetNameOfLocal(source, symbol.name()) : symbol.name();
                own.computeIfAbsent(name, key -> new ArrayList<>(1)).add(symbol);
                if (symbol.isLocal() && !source.isEmpty()) {
                    // By its bare name, too, if it is the only one: compilers differ in what they call the source.
                    own.computeIfAbsent("#" + symbol.name(), key -> new ArrayList<>(1))
                            .add(symbol);
                }
            }
        }
        exported.putAll(exportsOf(patched));
    }

    private static boolean isDefined(Symbol symbol) {
        return symbol.index() > 0
                && (symbol.isInSection() || symbol.place() == Symbol.Place.ABSOLUTE)
                && !symbol.isSectionSymbol()
                && !symbol.name().isEmpty();
    }

    /** {@return whether neither the file nor a separate one has a symbol table} */
    boolean isStripped() {
        return isStripped;
    }

    DebugFiles debugFiles() {
        return debugFiles;
    }

    /** {@return the function to be replaced that has that name, if there is exactly one} */
    Optional<Found> ownFunction(String name) {
        return ownSymbol(name);
    }

    private Optional<Found> ownSymbol(String name) {
        List<Symbol> found = own.getOrDefault(name, List.of());
        int hash = name.indexOf('#');
        if (found.isEmpty() && hash > 0) {
            found = own.getOrDefault(name.substring(hash), List.of());
        }
        if (found.isEmpty() && exported.containsKey(name)) {
            found = List.of(exported.get(name));
        }
        if (found.stream().mapToLong(Symbol::value).distinct().count() != 1) {
            return Optional.empty();
        }
        return Optional.of(found(patched, found.getFirst()));
    }

    private static Found found(LoadedFile file, Symbol symbol) {
        boolean isFixed = symbol.place() == Symbol.Place.ABSOLUTE || symbol.type() == Elf.STT_TLS;
        return new Found(
                isFixed ? symbol.value() : symbol.value() + file.bias(),
                symbol.sizeBytes(),
                symbol.type(),
                Optional.of(file));
    }

    /** {@return what another payload brings, by the name that it has there: {@code PAYLOAD#file.c#name}} */
    private Optional<Found> inPayload(String name) {
        return ledger.entries().stream()
                .filter(entry -> name.startsWith(entry.name() + "#"))
                .flatMap(entry -> entry.symbols().stream())
                .filter(symbol -> symbol.name().equals(name))
                .findFirst()
                .map(ResolveSymbols::found);
    }

    private static Found found(Ledger.Named symbol) {
        int type = symbol.isVariable() ? Elf.STT_OBJECT : Elf.STT_FUNC;
        return new Found(symbol.address(), symbol.sizeBytes(), type, Optional.empty());
    }

    /**
     * {@return what an undefined symbol of a payload stands for} A hidden one is the changed file's own, whoever else has
     * the name: so the linker of the patched file bound it.
     */
    Optional<Found> find(Symbol symbol) {
        boolean own = symbol.visibility() == HIDDEN && inPayload(symbol.name()).isEmpty();
        return own ? ownSymbol(symbol.name()) : find(symbol.name());
    }

    /** {@return what a name in a payload stands for} */
    Optional<Found> find(String name) {
        Optional<Found> brought = inPayload(name);
        if (brought.isPresent()) {
            return brought;
        }
        Optional<Found> copied = copyInProgram(name);
        if (copied.isPresent()) {
            return copied;
        }
        if (isInterposable(name)) {
            return interposed(name);
        }
        Optional<Found> found = ownSymbol(name);
        if (found.isPresent()) {
            return found;
        }
        for (Ledger.Entry entry : ledger.entries().reversed()) {
            for (Ledger.Named symbol : entry.symbols()) {
                if (symbol.name().equals(name) && (symbol.isGlobal() || isNew(entry, name))) {
                    return Optional.of(found(symbol));
                }
            }
        }
        Optional<Found> elsewhere = findElsewhere(name);
        Long slot = bound().get(name);
        if (slot != null && elsewhere.isPresent() && elsewhere.get().type() != Elf.STT_TLS) {
            Optional<LoadedFile> home = files.at(slot);
            if (home.isPresent() && !home.get().equals(patched)) {
                int type = elsewhere.get().type() == Elf.STT_GNU_IFUNC
                        ? Elf.STT_FUNC
                        : elsewhere.get().type();
                return Optional.of(new Found(slot, elsewhere.get().sizeBytes(), type, home));
            }
        }
        return elsewhere;
    }

    /** {@return whether a library lets the dynamic linker find something that it has itself} */
    private boolean isInterposable(String name) {
        Symbol symbol = exported.get(name);
        return symbol != null
                && symbol.visibility() == 0
                && !patched.equals(files.all().getFirst())
                && !LinkOrder.isSymbolic(patched);
    }

    /** A slot that was filled before tells; else the first file that has it, of those that were there at the start. */
    private Optional<Found> interposed(String name) {
        Found own = found(patched, exported.get(name));
        Long slot = bound().get(name);
        Optional<LoadedFile> home = slot == null ? Optional.empty() : files.at(slot);
        if (home.isPresent() && !home.get().equals(patched)) {
            return Optional.of(new Found(slot, own.sizeBytes(), withoutChoice(own.type()), home));
        }
        for (LoadedFile file : order.atStart()) {
            Symbol symbol = exports(file).get(name);
            if (symbol != null) {
                return Optional.of(found(file, symbol));
            }
        }
        boolean alone = order.all().stream()
                .allMatch(file -> file.equals(patched) || !exports(file).containsKey(name));
        return alone ? Optional.of(own) : Optional.empty();
    }

    private static int withoutChoice(int type) {
        return type == Elf.STT_GNU_IFUNC ? Elf.STT_FUNC : type;
    }

    private Map<String, Symbol> exports(LoadedFile file) {
        return file.equals(patched) ? exported : others.computeIfAbsent(file, ResolveSymbols::exportsOf);
    }

    /** {@return whether a payload brought something, called PAYLOAD#NAME, which is not a static of the file} */
    private static boolean isNew(Ledger.Entry entry, String name) {
        return name.indexOf('#') > 0
                && entry.functions().stream()
                        .noneMatch(function -> function.name().equals(name));
    }

    // A program may have its own copy of a library's variable, and then the library uses that one, too.
    private Optional<Found> copyInProgram(String name) {
        LoadedFile program = files.all().getFirst();
        Symbol symbol = exported.get(name);
        if (program.equals(patched) || symbol == null || symbol.type() != Elf.STT_OBJECT) {
            return Optional.empty();
        }
        return Optional.ofNullable(exportsOf(program).get(name)).map(copy -> found(program, copy));
    }

    private Optional<Found> findElsewhere(String name) {
        for (LoadedFile file : order.all()) {
            if (!file.equals(patched)) {
                Symbol symbol =
                        others.computeIfAbsent(file, ResolveSymbols::exportsOf).get(name);
                if (symbol != null) {
                    return Optional.of(found(file, symbol));
                }
            }
        }
        return Optional.empty();
    }

    private static Map<String, Symbol> exportsOf(LoadedFile file) {
        Map<String, Symbol> exports = new HashMap<>();
        MemorySegment versions =
                file.elf().section(".gnu.version").map(Section::contents).orElse(MemorySegment.ofArray(new byte[0]));
        for (Symbol symbol : file.elf().dynamicSymbols()) {
            if (isDefined(symbol) && !symbol.isLocal()) {
                long at = symbol.index() * 2L;
                boolean old = at + 2 <= versions.byteSize() && (LittleEndian.u16(versions, at) & HIDDEN_VERSION) != 0;
                if (!old) {
                    exports.putIfAbsent(symbol.name(), symbol);
                }
            }
        }
        return exports;
    }

    // What the dynamic linker wrote into the slots through which the file reaches others.
    private Map<String, Long> bound() {
        if (bound == null) {
            bound = new HashMap<>();
            for (Relocation relocation : dynamicRelocations(patched)) {
                if (relocation.type() == R_X86_64_GLOB_DAT || relocation.type() == R_X86_64_JUMP_SLOT) {
                    Symbol symbol = patched.elf().dynamicSymbols().get(relocation.symbolIndex());
                    bound.put(symbol.name(), word(patched.bias() + relocation.sectionOffset()));
                }
            }
        }
        return bound;
    }

    private long word(long address) {
        byte[] bytes = memory.read(address, 8);
        return bytes.length < 8
                ? 0
                : ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }

    /** {@return what the dynamic linker changes in a file} */
    static List<Relocation> dynamicRelocations(LoadedFile file) {
        List<Relocation> relocations = new ArrayList<>();
        int symbols = file.elf().dynamicSymbols().size();
        for (String name : List.of(".rela.dyn", ".rela.plt")) {
            file.elf().section(name).ifPresent(section -> {
                MemorySegment bytes = section.contents();
                for (long at = 0; at + 24 <= bytes.byteSize(); at += 24) {
                    long info = LittleEndian.u64(bytes, at + 8);
                    int symbol = (int) (info >>> 32);
                    if (symbol < symbols) {
                        relocations.add(new Relocation(
                                LittleEndian.u64(bytes, at), (int) info, symbol, LittleEndian.u64(bytes, at + 16)));
                    }
                }
            });
        }
        return relocations;
    }

    /**
     * {@return the distance from the thread pointer to a thread-local variable, if it is the same in all threads}
     *
     * @see "ELF Handling For Thread-Local Storage, 3.4.6 and 4.4.6"
     */
    Optional<Long> threadOffset(Found variable) {
        Optional<LoadedFile> file = variable.file();
        if (file.isEmpty()) {
            return Optional.empty();
        }
        if (file.get().equals(files.all().getFirst())) {
            for (Segment segment : file.get().elf().segments()) {
                if (segment.type() == PT_TLS) {
                    long alignment = Math.max(1, segment.alignment());
                    long block = segment.memorySizeBytes() + alignment - 1 & -alignment;
                    return Optional.of(variable.address() - block);
                }
            }
            return Optional.empty();
        }
        for (LoadedFile user : files.all()) {
            for (Relocation relocation : dynamicRelocations(user)) {
                if (relocation.type() == R_X86_64_TPOFF64) {
                    Optional<Long> start = blockStart(user, relocation, file.get());
                    if (start.isPresent()) {
                        return Optional.of(start.get() + variable.address());
                    }
                }
            }
        }
        return Optional.empty();
    }

    private Optional<Long> blockStart(LoadedFile user, Relocation relocation, LoadedFile file) {
        Symbol symbol = user.elf().dynamicSymbols().get(relocation.symbolIndex());
        long inBlock;
        if (symbol.index() == 0 || isDefined(symbol)) {
            if (!user.equals(file)) {
                return Optional.empty();
            }
            inBlock = symbol.value() + relocation.addend();
        } else {
            Symbol defined =
                    others.computeIfAbsent(file, ResolveSymbols::exportsOf).get(symbol.name());
            if (defined == null) {
                return Optional.empty();
            }
            inBlock = defined.value() + relocation.addend();
        }
        return Optional.of(word(user.bias() + relocation.sectionOffset()) - inBlock);
    }

    /** {@return the number by which the dynamic linker knows the file of a thread-local variable} */
    Optional<Long> moduleId(Found variable) {
        if (variable.file().isEmpty()) {
            return Optional.empty();
        }
        LoadedFile file = variable.file().get();
        if (file.equals(files.all().getFirst())) {
            return Optional.of(1L);
        }
        for (Relocation relocation : dynamicRelocations(file)) {
            Symbol symbol = file.elf().dynamicSymbols().get(relocation.symbolIndex());
            if (relocation.type() == R_X86_64_DTPMOD64 && (symbol.index() == 0 || isDefined(symbol))) {
                return Optional.of(word(file.bias() + relocation.sectionOffset()));
            }
        }
        return Optional.empty();
    }
}
