package dev.suture.process;

import dev.suture.elf.Elf;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.process.Ledger.Span;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The code of one file or payload, cut into pieces: by its unwinding information, where that says nothing by its symbols,
 * and what neither knows is a piece from one neighbour to the next.
 */
final class CodeMap {
    /** Bytes that lie together, at their address in the process. */
    record Chunk(long address, MemorySegment bytes) {
        boolean holds(long wanted) {
            return wanted >= address && wanted < address + bytes.byteSize();
        }
    }

    /**
     * Code that belongs together.
     *
     * @param span where it is
     * @param isFunction whether it has a name and starts as a function does when it is called
     * @param startsMidway whether its unwinding information says that it is entered with a frame that others made
     */
    record Piece(Span span, boolean isFunction, boolean startsMidway) {}

    private final List<Chunk> chunks;
    private final FrameTable frames;
    private final TreeMap<Long, Long> ends = new TreeMap<>();
    private final Set<Long> functions = new HashSet<>();
    private final Set<Long> splitOff = new HashSet<>();

    private CodeMap(List<Chunk> chunks, FrameTable frames) {
        this.chunks = List.copyOf(chunks);
        this.frames = frames;
    }

    /** {@return the code of a file, as it is in the file} */
    static CodeMap of(LoadedFile file, List<Symbol> symbols) {
        List<Chunk> chunks = new ArrayList<>();
        for (Section section : file.elf().sections()) {
            if (section.isCode() && !section.isNobits()) {
                chunks.add(new Chunk(file.address(section), section.contents()));
            }
        }
        FrameTable frames = file.elf()
                .section(".eh_frame")
                .filter(section -> !section.isNobits())
                .map(section -> FrameTable.read(section.bytes(), file.address(section)))
                .orElse(FrameTable.NONE);
        CodeMap map = new CodeMap(chunks, frames);
        for (Symbol symbol : symbols) {
            if (symbol.isInSection()) {
                map.add(symbol, file.bias() + symbol.value());
            }
        }
        return map;
    }

    /** {@return the code of a linked payload} */
    static CodeMap of(LinkPayload link, List<Symbol> symbols) {
        byte[] image = link.image();
        MemorySegment code = MemorySegment.ofArray(image).asSlice(0, link.codeBytes());
        FrameTable frames = link.framesOffset() < 0
                ? FrameTable.NONE
                : FrameTable.read(
                        MemorySegment.ofArray(image)
                                .asSlice(link.framesOffset())
                                .toArray(java.lang.foreign.ValueLayout.JAVA_BYTE),
                        link.base() + link.framesOffset());
        CodeMap map = new CodeMap(List.of(new Chunk(link.base(), code)), frames);
        for (Symbol symbol : symbols) {
            if (link.isLoaded(symbol)) {
                map.add(symbol, link.address(symbol));
            }
        }
        return map;
    }

    private void add(Symbol symbol, long address) {
        boolean mayBeCode =
                symbol.isFunction() || symbol.type() == Elf.STT_GNU_IFUNC || symbol.type() == Elf.STT_NOTYPE;
        if (!mayBeCode || symbol.name().isEmpty() || chunk(address).isEmpty()) {
            return;
        }
        ends.merge(address, address + symbol.sizeBytes(), Math::max);
        // A name can make a part of what would pass for a function, and never the other way round.
        if (symbol.name().contains(".cold") || symbol.name().contains(".__part.")) {
            splitOff.add(address);
        } else {
            functions.add(address);
        }
    }

    List<Chunk> chunks() {
        return chunks;
    }

    /** {@return the bytes around an address} */
    Optional<Chunk> chunk(long address) {
        return chunks.stream().filter(chunk -> chunk.holds(address)).findFirst();
    }

    /** {@return the piece of code at an address; empty where there is no code} */
    Optional<Piece> piece(long address) {
        return chunk(address).map(chunk -> {
            Optional<FrameTable.Frame> frame = frame(address);
            if (frame.isPresent()) {
                long start = frame.get().start();
                boolean startsMidway = !frame.get().isEntry();
                return new Piece(
                        new Span(start, frame.get().end()), isNamedFunction(start) && !startsMidway, startsMidway);
            }
            Map.Entry<Long, Long> symbol = ends.floorEntry(address);
            long next = nextStart(address, chunk);
            if (symbol != null && chunk.holds(symbol.getKey())) {
                boolean isSized = symbol.getValue() > symbol.getKey();
                if (!isSized || symbol.getValue() > address) {
                    long end = isSized ? symbol.getValue() : next;
                    return new Piece(new Span(symbol.getKey(), end), isNamedFunction(symbol.getKey()), false);
                }
            }
            return new Piece(new Span(previousEnd(address, chunk), next), false, false);
        });
    }

    private Optional<FrameTable.Frame> frame(long address) {
        try {
            return frames.at(address).filter(it -> it.end() > address);
        } catch (FrameTable.BrokenException e) {
            return Optional.empty();
        }
    }

    private boolean isNamedFunction(long start) {
        return functions.contains(start) && !splitOff.contains(start);
    }

    private long nextStart(long address, Chunk chunk) {
        long end = chunk.address() + chunk.bytes().byteSize();
        Long symbol = ends.higherKey(address);
        return Math.min(
                end,
                Math.min(
                        symbol == null ? end : symbol,
                        frames.startAfter(address).orElse(end)));
    }

    private long previousEnd(long address, Chunk chunk) {
        Map.Entry<Long, Long> symbol = ends.floorEntry(address);
        long start = chunk.address();
        if (symbol != null) {
            start = Math.max(start, Math.min(address, symbol.getValue()));
        }
        return Math.max(start, Math.min(address, frames.endBefore(address).orElse(start)));
    }

    /** {@return whether an address is in a function that has a name} */
    boolean isInFunction(long address) {
        Map.Entry<Long, Long> symbol = ends.floorEntry(address);
        return symbol != null && functions.contains(symbol.getKey()) && symbol.getValue() > address;
    }
}
