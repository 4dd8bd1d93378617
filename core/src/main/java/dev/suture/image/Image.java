package dev.suture.image;

import dev.suture.LivePatchException;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A linked program with its symbol table, such as {@code xen-syms}.
 *
 * <p>A global symbol is known by its name, a local one as {@code FILE#name}, where {@code FILE} is what the compiler
 * called its source. That is how Xen names them in its own table.
 *
 * @see "xen/tools/symbols.c, read_symbol()"
 */
public final class Image {
    private final ElfFile elf;
    private final ElfFile symbolsFrom;
    private final String buildId;
    private final Map<String, List<ImageSymbol>> byName;

    private Image(ElfFile elf, ElfFile symbolsFrom, String buildId, Map<String, List<ImageSymbol>> byName) {
        this.elf = elf;
        this.symbolsFrom = symbolsFrom;
        this.buildId = buildId;
        this.byName = byName;
    }

    /**
     * One symbol of the program.
     *
     * @param targetName the name by which the running target knows it
     * @param address in the target
     * @param sizeBytes 0 if not known
     * @param type such as {@link Elf#STT_FUNC}
     */
    public record ImageSymbol(String targetName, long address, long sizeBytes, int type) {}

    /**
     * Opens a program.
     *
     * @throws LivePatchException if it cannot be read, or has no build id or no symbols
     */
    public static Image open(Path file) {
        ElfFile elf = ElfFile.read(file);
        if (elf.symbols().isEmpty()) {
            throw new LivePatchException("%s: it has no symbol table; use the unstripped program".formatted(file));
        }
        return of(elf, elf);
    }

    /**
     * Opens a program or shared library whose symbols may have been put into a file of their own.
     *
     * @param debugFile that file, if the caller knows it; else it is looked for where debuggers do
     * @throws LivePatchException if it cannot be read, or has no build id, or no symbols anywhere
     */
    public static Image openProgram(Path file, Optional<Path> debugFile) {
        ElfFile elf = ElfFile.read(file);
        if (elf.isRelocatable()) {
            throw new LivePatchException("%s: it is an object, not a linked program or library".formatted(file));
        }
        if (!elf.symbols().isEmpty() && debugFile.isEmpty()) {
            return of(elf, elf);
        }
        return of(elf, FindDebugFile.find(file, elf, debugFile));
    }

    private static Image of(ElfFile elf, ElfFile symbolsFrom) {
        String buildId = elf.buildId()
                .orElseThrow(() -> new LivePatchException(
                        "%s: it has no build id, by which payloads are tied to it; link it with --build-id"
                                .formatted(elf.name())));
        Map<String, List<ImageSymbol>> byName = new HashMap<>();
        String sourceFile = "";
        for (Symbol symbol : symbolsFrom.symbols()) {
            if (symbol.type() == Elf.STT_FILE) {
                sourceFile = symbol.name();
            } else if (symbol.isInSection()
                    && !symbol.isSectionSymbol()
                    && !symbol.name().isEmpty()) {
                String name = symbol.isLocal() ? targetNameOfLocal(sourceFile, symbol.name()) : symbol.name();
                byName.computeIfAbsent(name, key -> new ArrayList<>(1))
                        .add(new ImageSymbol(name, symbol.value(), symbol.sizeBytes(), symbol.type()));
            }
        }
        return new Image(elf, symbolsFrom, buildId, byName);
    }

    /**
     * {@return the name by which the target knows a local symbol}
     *
     * @param sourceFile what the compiler called the source
     * @param symbolName the symbol's own name
     */
    public static String targetNameOfLocal(String sourceFile, String symbolName) {
        return sourceFile.isEmpty() ? symbolName : sourceFile + "#" + symbolName;
    }

    /** {@return the file's name, for messages} */
    public String name() {
        return elf.name();
    }

    /** {@return the program itself, with its code} */
    public ElfFile elf() {
        return elf;
    }

    /** {@return the file that its symbols are in: itself, or a separate debug file} */
    public ElfFile symbolsFrom() {
        return symbolsFrom;
    }

    /** {@return the build id in lower-case hexadecimal digits} */
    public String buildId() {
        return buildId;
    }

    /** {@return the symbol that the target finds under that name, if there is exactly one} */
    public Optional<ImageSymbol> find(String targetName) {
        List<ImageSymbol> found = byName.getOrDefault(targetName, List.of());
        long addresses =
                found.stream().mapToLong(ImageSymbol::address).distinct().count();
        return addresses == 1 ? Optional.of(found.getFirst()) : Optional.empty();
    }

    /** {@return everything that has that name} */
    public List<ImageSymbol> all(String targetName) {
        return List.copyOf(byName.getOrDefault(targetName, List.of()));
    }

    /** {@return whether several different things have that name, so that the target may find the wrong one} */
    public boolean isAmbiguous(String targetName) {
        return byName.getOrDefault(targetName, List.of()).stream()
                        .mapToLong(ImageSymbol::address)
                        .distinct()
                        .count()
                > 1;
    }
}
