package dev.suture.linked;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.elf.Elf;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Symbol;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** One of the two linked programs, with those objects that the other one has otherwise. */
final class Side {
    private static final String THREAD_ADDRESS = "__tls_get_addr";

    private final LinkedFile file;
    private final ReadFields fields;
    private final List<ObjectPieces> objects;
    private final Map<String, List<Part>> byKey = new HashMap<>();
    private final Map<Part, Set<Long>> addresses = new HashMap<>();

    Side(LinkedFile file, List<ObjectPieces> objects) {
        this.file = file;
        this.objects = List.copyOf(objects);
        fields = new ReadFields(file);
        for (ObjectPieces object : objects) {
            for (Piece piece : object.pieces()) {
                Part part = new Part(object, piece);
                part.keys()
                        .forEach(key -> byKey.computeIfAbsent(key, _ -> new ArrayList<>(1))
                                .add(part));
            }
        }
    }

    LinkedFile file() {
        return file;
    }

    List<ObjectPieces> objects() {
        return objects;
    }

    Optional<ObjectPieces> object(String name) {
        return objects.stream().filter(object -> object.name().equals(name)).findFirst();
    }

    /** {@return the pieces of these objects that have a name and are in the program} */
    List<Part> linked(String key) {
        return byKey.getOrDefault(key, List.of()).stream()
                .filter(part -> !addresses(part).isEmpty())
                .toList();
    }

    /** {@return whether any of these objects defines a name, linked or not} */
    boolean defines(String key) {
        return byKey.containsKey(key);
    }

    /** {@return where a piece is in the program; empty if it is not, as another definition of it was taken} */
    Set<Long> addresses(Part part) {
        Set<Long> known = addresses.get(part);
        if (known == null) {
            known = candidates(part).stream()
                    .filter(address -> hasBytes(part, address))
                    .collect(Collectors.toCollection(LinkedHashSet::new));
            addresses.put(part, known);
        }
        return known;
    }

    /** {@return where a piece would be by its symbols} */
    Set<Long> candidates(Part part) {
        Set<Long> found = new LinkedHashSet<>();
        ObjectPieces object = part.object();
        for (Symbol symbol : named(part)) {
            long inPiece = symbol.value() - part.piece().sectionOffset();
            if (symbol.isLocal()) {
                file.locals(object.sourceFile(), symbol.name()).stream()
                        .filter(local -> (local.type() == Elf.STT_TLS) == (symbol.type() == Elf.STT_TLS))
                        .forEach(local -> found.add(local.value() - inPiece));
            } else {
                file.global(Part.plain(symbol)).ifPresent(global -> found.add(global.value() - inPiece));
            }
        }
        return found;
    }

    private static List<Symbol> named(Part part) {
        if (!part.piece().symbols().isEmpty()) {
            return part.piece().symbols();
        }
        ObjectPieces object = part.object();
        return object.elf().symbols().stream()
                .filter(symbol -> object.pieceOfSymbol().length > symbol.index()
                        && object.pieceOfSymbol()[symbol.index()]
                                == part.piece().index()
                        && !symbol.isSectionSymbol()
                        && !symbol.name().isEmpty()
                        && !symbol.name().startsWith(".L"))
                .toList();
    }

    /** {@return whether the program has a piece's bytes at an address, what the linker fills in left out} */
    boolean hasBytes(Part part, long address) {
        return hasBytes(file, part, address);
    }

    /** {@return whether a program has a piece's bytes at an address, what linkers fill in left out} */
    static boolean hasBytes(LinkedFile file, Part part, long address) {
        Piece piece = part.piece();
        if (piece.section().isNobits() || piece.sizeBytes() == 0) {
            return true;
        }
        MemorySegment wanted = part.contents();
        boolean threadLocal = piece.section().has(Elf.SHF_TLS);
        Optional<MemorySegment> found = threadLocal
                ? file.threadLocalBytes(address, wanted.byteSize())
                : file.bytes(address, wanted.byteSize());
        if (found.isEmpty()) {
            return false;
        }
        boolean[] open = new boolean[(int) wanted.byteSize()];
        for (Reference reference : part.object().references(piece)) {
            Window window = Window.of(reference);
            int from = (int) Math.max(0, reference.pieceOffset() - window.before());
            int to = (int) Math.min(open.length, reference.pieceOffset() + window.after());
            java.util.Arrays.fill(open, from, Math.max(from, to), true);
        }
        for (int i = 0; i < open.length; i++) {
            if (!open[i] && LittleEndian.u8(wanted, i) != LittleEndian.u8(found.get(), i)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Which bytes around a field linkers may rewrite.
     *
     * @param before in front of it
     * @param after from its first byte on
     */
    private record Window(int before, int after) {
        static Window of(Reference reference) {
            return switch (reference.relocation().type()) {
                case 1, 17, 18, 24, 25, 29 -> new Window(0, 8);
                case 9, 41, 42, 22, 34 -> new Window(3, 4);
                case 19 -> new Window(4, 12);
                case 20 -> new Window(3, 10);
                case 35 -> new Window(0, 2);
                default -> new Window(0, 4);
            };
        }
    }

    /** {@return what a reference of a linked piece leads to} */
    Node node(Part part, long address, Reference reference) {
        Symbol symbol = part.object().elf().symbols().get(reference.relocation().symbolIndex());
        if (Part.plain(symbol).equals(THREAD_ADDRESS) && isInSequence(part, reference)) {
            return new Node.Dynamic(THREAD_ADDRESS, "");
        }
        return fields.read(
                address + reference.pieceOffset(),
                reference.relocation(),
                symbol,
                part.contents(),
                reference.pieceOffset());
    }

    /**
     * {@return whether a call belongs to a sequence for the address of a thread-local variable, which linkers rewrite as a
     * whole}
     *
     * @see "ELF Handling For Thread-Local Storage, 4.4.5 and 5"
     */
    private static boolean isInSequence(Part part, Reference call) {
        return part.object().references(part.piece()).stream()
                .anyMatch(reference -> reference.pieceOffset() < call.pieceOffset()
                        && reference.pieceOffset() >= call.pieceOffset() - 8
                        && (reference.relocation().type() == 19
                                || reference.relocation().type() == 20));
    }

    /** {@return the names of what a node is} */
    Set<String> names(Node node) {
        return switch (node) {
            case Node.At(long address) -> file.namesAt(address);
            case Node.Dynamic(String name, String version) -> Set.of(name);
            case Node.Chosen(long resolver) -> file.namesAt(resolver);
            case Node.Number(long value) -> Set.of();
            case Node.ThreadLocal(long offset) -> file.threadNamesAt(offset);
            case Node.Unknown unknown -> Set.of();
        };
    }
}
