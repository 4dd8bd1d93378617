package dev.suture.process;

import dev.suture.Refusal;
import dev.suture.elf.Elf;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.isa.Isa;
import dev.suture.linux.Calls;
import dev.suture.linux.Errno;
import dev.suture.payload.Payload;
import dev.suture.payload.PayloadSections;
import dev.suture.process.ResolveSymbols.Found;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Brings a payload into a process: finds what it refers to, gets memory near the code, writes it there.
 *
 * <p>In order: {@link #prepare} does all that can fail without touching the process; {@link #load} changes it. Killed in
 * between, it leaves at most memory that nothing uses.
 */
final class Upload {
    private static final int PREPARED_EXPECT_AT = 72;
    private static final int ENTRY_MARK_AND_JUMP = 9;

    private final Session session;
    private final LoadedFiles files;
    private final Ledger ledger;
    private final String name;
    private final Payload payload;
    private final List<Refusal> refusals = new ArrayList<>();
    private final Map<String, Found> found = new HashMap<>();
    private final Map<String, Long> chosen = new HashMap<>();
    private LoadedFile patched;
    private ResolveSymbols symbols;
    private LinkPayload link;

    Upload(Session session, LoadedFiles files, Ledger ledger, String name, Payload payload) {
        this.session = session;
        this.files = files;
        this.ledger = ledger;
        this.name = name;
        this.payload = payload;
    }

    /** {@return why it cannot be loaded into this process} Does not touch the process. */
    List<Refusal> prepare() {
        refusals.addAll(CheckPayload.refusals(name, payload));
        if (ledger.entry(name).isPresent()) {
            refuse(
                    "",
                    "the process has a payload of that name",
                    "Unload that one first, or use another name (--name).");
        }
        payload.buildId()
                .ifPresent(id -> ledger.entries().stream()
                        .filter(entry -> entry.buildId().equals(id))
                        .forEach(entry -> refuse(
                                "", "the process has it already, as %s".formatted(entry.name()), "Use that one.")));
        if (!refusals.isEmpty()) {
            return refusals;
        }
        String wanted = payload.changedFile().orElseThrow();
        Optional<LoadedFile> file = files.withBuildId(wanted);
        if (file.isEmpty()) {
            refuse(
                    "",
                    "it is for a program or library with build id %s, and the process has: %s"
                            .formatted(wanted, inMemory()),
                    "Build it for the files that run there; after an upgrade on disk these may be older ones.");
            return refusals;
        }
        patched = file.get();
        symbols = new ResolveSymbols(files, patched, session.memory(), ledger, session.pid());
        checkFunctions();
        findSymbols();
        return refusals;
    }

    private String inMemory() {
        return String.join(
                ", ",
                files.all().stream()
                        .map(file ->
                                file.fileName() + " " + file.elf().buildId().orElse("without build id"))
                        .toList());
    }

    private void refuse(String symbol, String what, String remedy) {
        refusals.add(new Refusal(name, symbol, what, remedy));
    }

    private void checkFunctions() {
        for (Payload.Function function : payload.functions()) {
            Optional<Found> old = symbols.ownFunction(function.name());
            if (old.isEmpty() && symbols.isStripped()) {
                refuse(
                        function.name(),
                        "%s has no symbol table, and none was found in %s"
                                .formatted(patched.path(), symbols.debugFiles().tried()),
                        "Install its debug symbols where one of these names them, or run the unstripped file.");
            } else if (old.isEmpty()) {
                refuse(
                        function.name(),
                        "%s has no function of that name, or several".formatted(patched.fileName()),
                        "Name a static function as file.c#name.");
            } else if (function.oldSize() < Isa.of(Elf.EM_X86_64).jumpBytes()) {
                refuse(
                        function.name(),
                        "the old function has %d bytes, too few for a jump".formatted(function.oldSize()),
                        "Replace the functions that call it.");
            } else if (old.get().sizeBytes() != 0 && old.get().sizeBytes() != function.oldSize()) {
                refuse(
                        function.name(),
                        "it has %d bytes in the process and %d where the payload was made"
                                .formatted(old.get().sizeBytes(), function.oldSize()),
                        "Make the payload from the very file that runs.");
            }
        }
    }

    private void findSymbols() {
        for (Symbol symbol : payload.elf().symbols()) {
            if (symbol.index() == 0 || !symbol.isUndefined()) {
                continue;
            }
            Optional<Found> place = symbols.find(symbol.name());
            if (place.isPresent()) {
                found.put(symbol.name(), place.get());
            } else if (symbol.binding() != Elf.STB_WEAK && !symbol.name().equals("_GLOBAL_OFFSET_TABLE_")) {
                refuse(
                        symbol.name(),
                        "it needs %s, and nothing in the process has that".formatted(symbol.name()),
                        symbols.isStripped()
                                ? "The file has no symbol table; looked for one in "
                                        + symbols.debugFiles().tried() + "."
                                : "Name a static one as file.c#name; bring along what is new.");
            }
        }
    }

    /** Loads it. Nothing was refused. {@return what the ledger is to say of it} */
    Ledger.Entry load(BorrowThread borrow, Splice.Announce announce) {
        link = new LinkPayload(payload.elf(), new InProcess(borrow));
        List<Long> places = PlaceMemory.candidates(files.mappings(), patched, link.sizeBytes());
        byte[] image = new byte[0];
        long region = 0;
        long failure = 0;
        for (long place : places) {
            image = link.link(place);
            refusals.addAll(link.refusals());
            if (!refusals.isEmpty()) {
                return null;
            }
            announce.memory(place, link.sizeBytes());
            failure = borrow.with(thread -> map(thread, place));
            if (failure == 0) {
                region = place;
                break;
            }
            if (failure != Errno.EEXIST) {
                break;
            }
        }
        if (region == 0) {
            throw new ProcessException(
                    session.pid(),
                    "it cannot have %,d bytes near %s: %s"
                            .formatted(
                                    link.sizeBytes(),
                                    patched.fileName(),
                                    places.isEmpty() ? "no room within 2 GiB" : Errno.text(failure)));
        }
        session.write(region, image, "the payload");
        long frames = registerFrames(borrow, region);
        return entry(region, frames);
    }

    private long map(BorrowedThread thread, long place) {
        long[][] parts = {
            {0, link.codeBytes(), Calls.PROT_READ | Calls.PROT_EXEC},
            {link.codeBytes(), link.variablesOffset(), Calls.PROT_READ},
            {link.variablesOffset(), link.sizeBytes(), Calls.PROT_READ | Calls.PROT_WRITE}
        };
        for (long[] part : parts) {
            if (part[1] > part[0]) {
                long result = thread.call(
                        Calls.MMAP,
                        place + part[0],
                        part[1] - part[0],
                        part[2],
                        Calls.MAP_PRIVATE | Calls.MAP_ANONYMOUS | Calls.MAP_FIXED_NOREPLACE,
                        -1,
                        0);
                if (result != place + part[0]) {
                    if (part[0] > 0) {
                        thread.call(Calls.MUNMAP, place, part[0], 0, 0, 0, 0);
                    }
                    if (result > 0) {
                        thread.call(Calls.MUNMAP, result, part[1] - part[0], 0, 0, 0, 0);
                        return Errno.EEXIST;
                    }
                    return -result;
                }
            }
        }
        return 0;
    }

    // Who throws exceptions asks the unwinder of GCC, which knows of loaded files only; it can be told of others.
    private long registerFrames(BorrowThread borrow, long region) {
        if (link.framesOffset() < 0) {
            return 0;
        }
        long frames = region + link.framesOffset();
        symbols.find("__register_frame_info")
                .filter(function -> function.type() != Elf.STT_GNU_IFUNC)
                .ifPresent(function -> borrow.with(thread -> thread.invoke(
                        function.address(), frames, region + link.sizeBytes() - LinkPayload.FRAMES_NOTE_BYTES)));
        return frames;
    }

    private Ledger.Entry entry(long region, long frames) {
        List<Ledger.Named> named = new ArrayList<>();
        for (Symbol symbol : payload.elf().symbols()) {
            if (link.isLoaded(symbol) && !symbol.name().isEmpty() && (symbol.isFunction() || symbol.isObject())) {
                Section section = payload.elf().sections().get(symbol.sectionIndex());
                named.add(new Ledger.Named(
                        symbol.name(),
                        link.address(symbol),
                        symbol.sizeBytes(),
                        !symbol.isLocal(),
                        section.has(Elf.SHF_WRITE) && symbol.isObject()));
            }
        }
        return new Ledger.Entry(
                name,
                payload.buildId().orElseThrow(),
                payload.depends().orElseThrow(),
                payload.changedFile().orElseThrow(),
                region,
                link.sizeBytes(),
                link.codeBytes(),
                frames,
                functions(),
                named,
                hooks(),
                metadata());
    }

    private List<String> metadata() {
        List<String> metadata = new ArrayList<>(payload.metadata());
        ledger.entries().stream()
                .filter(this::refersTo)
                .forEach(below -> metadata.add(Ledger.REFERS_TO + below.name()));
        return metadata;
    }

    private boolean refersTo(Ledger.Entry below) {
        return payload.elf().symbols().stream()
                .filter(symbol -> symbol.isUndefined() && !symbol.name().isEmpty())
                .flatMap(symbol -> symbols.find(symbol.name()).stream())
                .anyMatch(found -> found.file().isEmpty()
                        && below.symbols().stream().anyMatch(own -> own.address() == found.address()));
    }

    private List<Ledger.Function> functions() {
        List<Ledger.Function> functions = new ArrayList<>();
        if (payload.functions().isEmpty()) {
            return functions;
        }
        MemorySegment entries =
                link.contents(payload.elf().section(PayloadSections.FUNCTIONS).orElseThrow());
        for (int i = 0; i < payload.functions().size(); i++) {
            Payload.Function function = payload.functions().get(i);
            long at = (long) i * CheckPayload.ENTRY_BYTES;
            long oldAddress = symbols.ownFunction(function.name()).orElseThrow().address();
            long newAddress = LittleEndian.u64(entries, at + 8);
            checkExpectation(function, oldAddress, entries.asSlice(at + PREPARED_EXPECT_AT, 32));
            functions.add(site(function, oldAddress, newAddress));
        }
        return functions;
    }

    private void checkExpectation(Payload.Function function, long oldAddress, MemorySegment expectation) {
        int flags = LittleEndian.u8(expectation, 0);
        int size = flags >> 1 & 0x1f;
        if ((flags & 1) == 0) {
            return;
        }
        byte[] expected = new byte[size];
        MemorySegment.copy(expectation, java.lang.foreign.ValueLayout.JAVA_BYTE, 1, expected, 0, size);
        byte[] live = session.memory().read(oldAddress, size);
        if (!Arrays.equals(expected, live)) {
            refuse(
                    function.name(),
                    "the code starts with %s and is expected to start with %s"
                            .formatted(
                                    HexFormat.of().formatHex(live),
                                    HexFormat.of().formatHex(expected)),
                    "Another tool may have changed it, or the payload is for another build.");
        }
    }

    private Ledger.Function site(Payload.Function function, long oldAddress, long newAddress) {
        byte[] start = session.memory().read(oldAddress, (int) Math.min(function.oldSize(), ENTRY_MARK_AND_JUMP));
        int mark = Isa.of(Elf.EM_X86_64).entryMarkBytes(MemorySegment.ofArray(start));
        long site = oldAddress + mark;
        byte[] replacement;
        if (newAddress == 0) {
            site = oldAddress;
            replacement = Isa.of(Elf.EM_X86_64).nops((int) function.newSize());
            if (function.newSize() > function.oldSize()) {
                refuse(function.name(), "more is to be taken out than there is", "Set new_size to at most old_size.");
            }
        } else {
            replacement = Isa.of(Elf.EM_X86_64).jump(site, newAddress);
            if (mark + replacement.length > function.oldSize()) {
                refuse(
                        function.name(),
                        "the old function has %d bytes, too few for a jump behind its endbr64"
                                .formatted(function.oldSize()),
                        "Replace the functions that call it.");
            }
        }
        return new Ledger.Function(
                function.name(),
                oldAddress,
                function.oldSize(),
                newAddress,
                function.newSize(),
                site,
                HexFormat.of().formatHex(replacement),
                "");
    }

    private List<Ledger.Hook> hooks() {
        List<Ledger.Hook> hooks = new ArrayList<>();
        for (String kind : PayloadSections.HOOK_KINDS) {
            payload.elf()
                    .section(PayloadSections.HOOKS + kind)
                    .filter(link::isLoadedSection)
                    .ifPresent(section -> {
                        MemorySegment pointers = link.contents(section);
                        for (long at = 0; at + 8 <= pointers.byteSize(); at += 8) {
                            hooks.add(new Ledger.Hook(kind, LittleEndian.u64(pointers, at)));
                        }
                    });
        }
        return hooks;
    }

    /** What was refused while it was loaded. */
    List<Refusal> refusals() {
        return List.copyOf(refusals);
    }

    /** Symbols as this process has them. A function that chooses another is asked once, in a thread of the process. */
    private final class InProcess implements LinkPayload.Resolved {
        private final BorrowThread borrow;

        InProcess(BorrowThread borrow) {
            this.borrow = borrow;
        }

        @Override
        public long address(Symbol symbol) {
            Found place = found.get(symbol.name());
            if (place == null) {
                return 0;
            }
            if (place.type() != Elf.STT_GNU_IFUNC) {
                return place.address();
            }
            return chosen.computeIfAbsent(
                    symbol.name(), key -> borrow.with(thread -> thread.invoke(place.address(), 0, 0)));
        }

        @Override
        public boolean isFunction(Symbol symbol) {
            Found place = found.get(symbol.name());
            return place != null
                    && (place.type() == Elf.STT_FUNC
                            || place.type() == Elf.STT_GNU_IFUNC
                            || place.type() == Elf.STT_NOTYPE);
        }

        @Override
        public long threadOffset(Symbol symbol) {
            return lookUp(
                    symbol,
                    found.containsKey(symbol.name())
                            ? symbols.threadOffset(found.get(symbol.name()))
                            : Optional.empty());
        }

        @Override
        public long moduleId(Symbol symbol) {
            return lookUp(
                    symbol,
                    found.containsKey(symbol.name()) ? symbols.moduleId(found.get(symbol.name())) : Optional.empty());
        }

        private long lookUp(Symbol symbol, Optional<Long> value) {
            if (value.isEmpty()) {
                refuse(
                        symbol.name(),
                        "where the thread-local variable is in each thread cannot be told",
                        "Reach it through a function of the program or library that returns its address.");
            }
            return value.orElse(0L);
        }
    }
}
