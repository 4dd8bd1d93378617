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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Brings a payload into a process: finds what it refers to, gets memory near the code, writes it there.
 *
 * <p>In order: {@link #prepare} does all that can fail without touching the process; {@link #load} changes it. Killed in
 * between, it leaves at most memory that nothing uses.
 */
final class Upload {
    private static final Set<String> UNWINDS =
            Set.of("pthread_cancel", "pthread_exit", "thrd_exit", "backtrace", "_Unwind_Backtrace", "_Unwind_Find_FDE");
    private static final Set<String> SWITCHES_STACKS =
            Set.of("makecontext", "swapcontext", "setcontext", "sigaltstack");

    private final Session session;
    private final LoadedFiles files;
    private final Ledger ledger;
    private final String name;
    private final Payload payload;
    private final boolean isInPlace;
    private final List<Refusal> refusals = new ArrayList<>();
    private final Map<String, Found> found = new HashMap<>();
    private final Map<String, Long> chosen = new HashMap<>();
    private Optional<Boolean> switchesInCode = Optional.empty();
    private LoadedFile patched;
    private ResolveSymbols symbols;
    private LinkPayload link;

    /** @param isInPlace whether new functions are to be written over the old ones where they fit */
    Upload(Session session, LoadedFiles files, Ledger ledger, String name, Payload payload, boolean isInPlace) {
        this.session = session;
        this.files = files;
        this.ledger = ledger;
        this.name = name;
        this.payload = payload;
        this.isInPlace = isInPlace;
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
            } else if (needsJump(function)
                    && function.oldSize() < Isa.of(Elf.EM_X86_64).jumpBytes()) {
                refuse(
                        function.name(),
                        "the old function has %d bytes, too few for a jump".formatted(function.oldSize()),
                        function.newSize() <= function.oldSize()
                                ? "The new one fits into its place: use --in-place."
                                : "Replace the functions that call it.");
            } else if (old.get().sizeBytes() != 0 && old.get().sizeBytes() != function.oldSize()) {
                refuse(
                        function.name(),
                        "it has %d bytes in the process and %d where the payload was made"
                                .formatted(old.get().sizeBytes(), function.oldSize()),
                        "Make the payload from the very file that runs.");
            }
        }
    }

    private boolean needsJump(Payload.Function function) {
        boolean takesOut = function.newSymbol().isEmpty();
        return !takesOut && !(mayBeInPlace() && function.newSize() <= function.oldSize());
    }

    private void findSymbols() {
        for (Symbol symbol : payload.elf().symbols()) {
            if (symbol.index() == 0 || !symbol.isUndefined()) {
                continue;
            }
            Optional<Found> place = symbols.find(symbol);
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
            Step.MEMORY_NOTED.isDone();
            failure = borrow.with(thread -> map(thread, place));
            if (failure == 0) {
                region = place;
                Step.MEMORY_MAPPED.isDone();
                session.write(region, OwnMemory.mark(region), "the payload");
                Step.MEMORY_MARKED.isDone();
                break;
            }
            // What is there is not ours.
            announce.memory(0, 0);
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
        CodeMap code = CodeMap.of(
                patched, new DebugFiles().withSymbols(patched, session.pid()).symbols());
        ChooseSplices splices = new ChooseSplices(name, payload, link, code, session, mayBeInPlace(), mayUnwind());
        List<Ledger.Function> functions = splices.functions(payload.functions().stream()
                .map(function ->
                        symbols.ownFunction(function.name()).orElseThrow().address())
                .toList());
        refusals.addAll(splices.refusals());
        session.write(region, link.image(), "the payload");
        Step.PAYLOAD_WRITTEN.isDone();
        boolean isTold = refusals.isEmpty() && tellsUnwinder();
        if (isTold) {
            // From here on the memory is not given back if we are killed: the unwinder may already know of it.
            announce.memory(0, 0);
            Step.UNWINDER_NOTED.isDone();
            tellUnwinder(borrow, region);
            Step.UNWINDER_TOLD.isDone();
        }
        return entry(region, functions, isTold);
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

    private boolean isUnwinderThere() {
        return symbols.find("__register_frame_info")
                .filter(function -> function.type() == Elf.STT_FUNC)
                .isPresent();
    }

    // Without an unwinder now, a program may still get one later, when it ends threads or looks at its stack.
    private boolean mayUnwind() {
        return isUnwinderThere() || uses(UNWINDS);
    }

    // Who is on a stack that no thread is on would return into the middle of other instructions, and cannot be found.
    private boolean mayBeInPlace() {
        return isInPlace && !uses(SWITCHES_STACKS) && !switchesInCode();
    }

    private boolean switchesInCode() {
        if (switchesInCode.isEmpty()) {
            switchesInCode = Optional.of(StackSwitches.areInCode(files));
        }
        return switchesInCode.get();
    }

    private boolean uses(Set<String> functions) {
        return files.all().stream()
                .flatMap(file -> file.elf().dynamicSymbols().stream())
                .anyMatch(symbol -> symbol.isUndefined() && functions.contains(symbol.name()));
    }

    // Who throws exceptions asks the unwinder of GCC, which knows of loaded files only; it can be told of others.
    private boolean tellsUnwinder() {
        return link.framesOffset() >= 0 && isUnwinderThere();
    }

    private void tellUnwinder(BorrowThread borrow, long region) {
        long function = symbols.find("__register_frame_info").orElseThrow().address();
        long frames = region + link.framesOffset();
        borrow.with(
                thread -> thread.invoke(function, frames, region + link.sizeBytes() - LinkPayload.FRAMES_NOTE_BYTES),
                new HeldLocks(session, files, ledger)::why);
    }

    private Ledger.Entry entry(long region, List<Ledger.Function> functions, boolean isTold) {
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
                link.framesOffset() < 0 ? 0 : region + link.framesOffset(),
                isTold,
                functions,
                named,
                hooks(),
                payload.metadata(),
                ledger.entries().stream()
                        .filter(this::refersTo)
                        .map(Ledger.Entry::name)
                        .toList());
    }

    private boolean refersTo(Ledger.Entry below) {
        return payload.elf().symbols().stream()
                .filter(symbol -> symbol.isUndefined() && !symbol.name().isEmpty())
                .flatMap(symbol -> symbols.find(symbol).stream())
                .anyMatch(found -> found.file().isEmpty()
                        && below.symbols().stream().anyMatch(own -> own.address() == found.address()));
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
            boolean nobodys = place == null && symbol.binding() == Elf.STB_WEAK;
            return nobodys
                    || place != null
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
