package dev.suture.link;

import dev.suture.diff.Tools;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What ld makes of objects, with a build id, at the address where Xen is. */
final class LinkedProgram implements LoadedPayload.World {
    private final Path file;
    private final ElfFile elf;
    private final Map<String, Long> addresses = new HashMap<>();
    private final TreeMap<Long, Symbol> symbols = new TreeMap<>();

    private LinkedProgram(Path file) {
        this.file = file;
        this.elf = ElfFile.read(file);
        String source = "";
        for (Symbol symbol : elf.symbols()) {
            if (symbol.type() == Elf.STT_FILE) {
                source = symbol.name();
            } else if (symbol.isInSection() && !symbol.name().isEmpty()) {
                addresses.put(symbol.isLocal() ? source + "#" + symbol.name() : symbol.name(), symbol.value());
                if (symbol.isFunction() || symbol.isObject()) {
                    symbols.put(symbol.value(), symbol);
                }
            }
        }
    }

    static LinkedProgram of(List<Path> objects) {
        return at("0xffff82d040200000", objects);
    }

    static LinkedProgram at(String address, List<Path> objects) {
        Path directory = Tools.directory();
        List<String> command = new ArrayList<>(List.of(
                "ld",
                "-o",
                "program",
                "-e",
                "0",
                "--build-id=sha1",
                "-z",
                "noexecstack",
                "--unresolved-symbols=ignore-all",
                "-Ttext=" + address));
        objects.forEach(object -> command.add(object.toString()));
        Tools.run(directory, command);
        return new LinkedProgram(directory.resolve("program"));
    }

    Path file() {
        return file;
    }

    @Override
    public long address(String targetName) {
        Long address = addresses.get(targetName);
        if (address == null) {
            throw new AssertionError("the program has no " + targetName);
        }
        return address;
    }

    TreeMap<Long, Symbol> symbols() {
        return symbols;
    }

    /** {@return the bytes from an address to the end of its section; none of a section that has none in the file} */
    MemorySegment bytesFrom(long address) {
        for (Section section : elf.sections()) {
            if (section.isAllocated()
                    && address >= section.address()
                    && address < section.address() + section.sizeBytes()) {
                long offset = address - section.address();
                return section.isNobits()
                        ? MemorySegment.ofArray(new byte[(int) (section.sizeBytes() - offset)])
                        : section.contents().asSlice(offset);
            }
        }
        throw new AssertionError("the program has nothing at 0x%x".formatted(address));
    }
}
