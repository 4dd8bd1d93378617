package dev.suture.process;

import dev.suture.elf.Elf;
import dev.suture.elf.ElfBuilder;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import dev.suture.process.ForDebuggers.InPlaceIn;
import dev.suture.process.ForDebuggers.NamedCode;
import dev.suture.process.MovedFrames.Move;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes files of the payloads in a process, or in what is left of one, for debuggers: these know of no code that is in no
 * file, and end a call chain at the first frame of it.
 *
 * <p>All of it is taken from the process: its list of payloads says what they have and where, its memory has the code and
 * the unwinding information as it was linked there. Whatever that is, only sizes are believed that can be.
 */
final class DescribePayloads {
    private static final long MOST_BYTES = 192L << 20;
    private static final String CODE = ".text";
    private static final String FRAMES = ".eh_frame";
    private static final int CODE_ALIGNMENT = 16;
    private static final int FRAMES_ALIGNMENT = 8;

    private final Ledger ledger;
    private final ReadMemory memory;

    /** Memory of a process. */
    interface ReadMemory {
        /** {@return the bytes at an address; fewer than asked for, down to none, where there are no more} */
        byte[] read(long address, int sizeBytes);
    }

    DescribePayloads(Ledger ledger, ReadMemory memory) {
        this.ledger = ledger;
        this.memory = memory;
    }

    /** {@return what debuggers and profilers need of a process} */
    static ForDebuggers of(Work work) {
        DescribePayloads payloads =
                new DescribePayloads(work.ledger(), work.session().memory()::read);
        List<InPlaceIn> inPlaceIn = new ArrayList<>();
        LoadedFile program = work.files().program().orElseThrow();
        for (String buildId : payloads.changedInPlace()) {
            work.files()
                    .withBuildId(buildId)
                    .ifPresent(file -> inPlaceIn.add(new InPlaceIn(
                            file.path(),
                            file.bias(),
                            file.equals(program),
                            CoreFile.onDisk(file.path())
                                    .flatMap(ElfFile::buildId)
                                    .filter(buildId::equals)
                                    .isPresent())));
        }
        List<NamedCode> code = new ArrayList<>(payloads.code());
        for (LoadedFile file : work.files().all()) {
            code.addAll(copiedCode(work, file));
        }
        return new ForDebuggers(payloads.files(), inPlaceIn, code, List.of());
    }

    /** {@return the functions of the payloads} */
    List<NamedCode> code() {
        return ledger.entries().stream()
                .flatMap(entry -> entry.symbols().stream().filter(symbol -> entry.holdsCode(symbol.address())))
                .map(symbol -> new NamedCode(symbol.address(), symbol.sizeBytes(), plain(symbol.name())))
                .toList();
    }

    // Pages of a file's code that were changed together are memory without a file.
    private static List<NamedCode> copiedCode(Work work, LoadedFile file) {
        List<Mapping> copies = work.files().mappings().all().stream()
                .filter(mapping -> mapping.isCode() && !mapping.isFile() && file.contains(mapping.start()))
                .toList();
        if (copies.isEmpty() || !file.mappings().getFirst().isFile()) {
            return List.of();
        }
        return new DebugFiles()
                .withSymbols(file, work.session().pid()).symbols().stream()
                        .filter(symbol -> symbol.isFunction() && symbol.isInSection())
                        .map(symbol -> new NamedCode(file.bias() + symbol.value(), symbol.sizeBytes(), symbol.name()))
                        .filter(function -> copies.stream().anyMatch(mapping -> mapping.contains(function.address())))
                        .toList();
    }

    /** {@return a file for each payload, in the order in which they were uploaded} */
    List<DebugFile> files() {
        return ledger.entries().stream()
                .filter(DescribePayloads::isPossible)
                .map(entry -> new DebugFile(entry.name(), file(entry)))
                .toList();
    }

    /** {@return the build ids of the files with functions in whose place there are others now} */
    Set<String> changedInPlace() {
        Set<String> buildIds = new HashSet<>();
        for (Ledger.Entry entry : ledger.entries()) {
            if (ledger.applied().contains(entry.name())
                    && entry.functions().stream().anyMatch(Ledger.Function::isInPlace)) {
                buildIds.add(entry.targetBuildId());
            }
        }
        return buildIds;
    }

    private static boolean isPossible(Ledger.Entry entry) {
        boolean isSized = entry.regionBytes() > 0
                && entry.regionBytes() <= MOST_BYTES
                && entry.codeBytes() >= 0
                && entry.codeBytes() <= entry.regionBytes();
        return isSized
                && (entry.frames() == 0
                        || entry.frames() >= entry.region() && entry.frames() < entry.region() + entry.regionBytes());
    }

    private byte[] file(Ledger.Entry entry) {
        ElfBuilder file = new ElfBuilder(Elf.EM_X86_64);
        byte[] codeBytes = memory.read(entry.region(), (int) entry.codeBytes());
        long codeFlags = Elf.SHF_ALLOC | Elf.SHF_EXECINSTR;
        int code = file.addSection(CODE, Elf.SHT_PROGBITS, codeFlags, CODE_ALIGNMENT, 0, codeBytes);
        Map<Integer, Long> addresses = new HashMap<>(Map.of(code, entry.region()));
        if (entry.frames() != 0) {
            int size = (int) (entry.region() + entry.regionBytes() - entry.frames());
            byte[] frames = MovedFrames.with(memory.read(entry.frames(), size), entry.frames(), moves(entry));
            int section = file.addSection(FRAMES, Elf.SHT_PROGBITS, Elf.SHF_ALLOC, FRAMES_ALIGNMENT, 0, frames);
            addresses.put(section, entry.frames());
        }
        for (Ledger.Named symbol : entry.symbols()) {
            boolean isCode = entry.holdsCode(symbol.address());
            file.addSymbol(
                    plain(symbol.name()),
                    symbol.address(),
                    symbol.sizeBytes(),
                    symbol.isGlobal() ? Elf.STB_GLOBAL : Elf.STB_LOCAL,
                    isCode ? Elf.STT_FUNC : Elf.STT_OBJECT,
                    0,
                    isCode ? Symbol.Place.SECTION : Symbol.Place.ABSOLUTE,
                    isCode ? code : 0);
        }
        return file.toBytesAt(addresses);
    }

    /** {@return the name that a function has in its source: {@code f} of {@code a.c#f}} */
    static String plain(String name) {
        return name.substring(name.lastIndexOf('#') + 1);
    }

    // What runs in the place of another function is described by nobody else.
    private List<Move> moves(Ledger.Entry entry) {
        List<Move> moves = new ArrayList<>();
        if (ledger.applied().contains(entry.name())) {
            for (Ledger.Function function : entry.functions()) {
                if (function.isInPlace()) {
                    moves.add(new Move(function.newAddress(), function.newBytes(), function.oldAddress()));
                }
            }
        }
        return moves;
    }
}
