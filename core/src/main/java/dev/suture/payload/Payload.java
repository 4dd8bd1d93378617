package dev.suture.payload;

import dev.suture.LivePatchException;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Note;
import dev.suture.elf.Relocation;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A live patch file, read.
 *
 * @param elf the file itself
 * @param buildId its own, in hexadecimal digits; empty if it has none
 * @param xenDepends the build id of the hypervisor it is for; empty if it does not say
 * @param depends the build id of what must be below it on the stack; empty if it does not say
 * @param functions what it replaces
 * @param hooks what it wants called
 * @param metadata {@code key=value} in file order
 * @param explanation why each thing is in it; only payloads made by this program tell
 */
public record Payload(
        ElfFile elf,
        Optional<String> buildId,
        Optional<String> xenDepends,
        Optional<String> depends,
        List<Function> functions,
        List<Hook> hooks,
        List<String> metadata,
        Explanation explanation) {

    /**
     * A function that is replaced.
     *
     * @param name the name by which the target knows it
     * @param oldAddress in the target; 0 if the target looks it up by name
     * @param oldSize in bytes
     * @param newSize in bytes
     * @param newSymbol the section and offset of the replacement in the payload
     */
    public record Function(String name, long oldAddress, long oldSize, long newSize, String newSymbol) {}

    /**
     * A function that is called around apply or revert.
     *
     * @param kind such as {@code load}
     * @param function section and offset, or name, of the function
     */
    public record Hook(String kind, String function) {}

    public Payload {
        functions = List.copyOf(functions);
        hooks = List.copyOf(hooks);
        metadata = List.copyOf(metadata);
    }

    /**
     * Reads a live patch file.
     *
     * @throws LivePatchException if it is not a relocatable ELF file with any {@code .livepatch.} section
     */
    public static Payload read(Path file) {
        return read(ElfFile.read(file));
    }

    /**
     * Reads a live patch file.
     *
     * @throws LivePatchException if it is not a relocatable ELF file with any {@code .livepatch.} section
     */
    public static Payload read(ElfFile elf) {
        try {
            return parse(elf);
        } catch (IndexOutOfBoundsException e) {
            throw new LivePatchException(
                    "%s: it is damaged: it refers to what is not there (%s)".formatted(elf.name(), e.getMessage()), e);
        }
    }

    private static Payload parse(ElfFile elf) {
        boolean named =
                elf.sections().stream().anyMatch(section -> section.name().startsWith(".livepatch."));
        if (!elf.isRelocatable() || !named) {
            throw new LivePatchException(
                    "%s: not a live patch: expected a relocatable ELF file with .livepatch sections, found %s"
                            .formatted(
                                    elf.name(),
                                    elf.isRelocatable()
                                            ? "none of them"
                                            : "e_type " + elf.header().type()));
        }
        return new Payload(
                elf,
                noteIn(elf, PayloadSections.BUILD_ID),
                noteIn(elf, PayloadSections.XEN_DEPENDS),
                noteIn(elf, PayloadSections.DEPENDS),
                functions(elf),
                hooks(elf),
                texts(elf, PayloadSections.METADATA).stream()
                        .filter(entry -> !entry.isEmpty())
                        .toList(),
                explanation(elf));
    }

    /** {@return the build id of the program or library that it changes; empty if it is not for a process} */
    public Optional<String> changedFile() {
        return noteIn(elf, PayloadSections.TARGET);
    }

    /** {@return what a payload on top of it has to know; only payloads made by this program tell} */
    public Optional<Stack> stack() {
        return elf.section(PayloadSections.STACK).map(Section::bytes).flatMap(Stack::of);
    }

    /** {@return how often each relocation kind occurs in the parts that are loaded, by number} */
    public Map<Integer, Integer> relocationCounts() {
        Map<Integer, Integer> counts = new TreeMap<>();
        for (Section section : elf.sections()) {
            if (section.isAllocated()) {
                elf.relocations(section).forEach(relocation -> counts.merge(relocation.type(), 1, Integer::sum));
            }
        }
        return counts;
    }

    /** {@return the symbols that the target must have, by name} */
    public List<String> undefinedSymbols() {
        return elf.symbols().stream()
                .filter(symbol -> symbol.index() > 0 && symbol.isUndefined())
                .map(Symbol::name)
                .sorted()
                .toList();
    }

    private static Optional<String> noteIn(ElfFile elf, String sectionName) {
        return elf.section(sectionName)
                .filter(section -> !section.isNobits())
                .flatMap(section -> elf.notes(section).stream()
                        .filter(Note::isBuildId)
                        .map(Note::hex)
                        .findFirst());
    }

    private static List<Function> functions(ElfFile elf) {
        Optional<Section> found = elf.section(PayloadSections.FUNCTIONS);
        if (found.isEmpty() || found.get().isNobits()) {
            return List.of();
        }
        Section section = found.get();
        // Only releases since 4.14 have xen_depends, and with it the larger entry; so have payloads for processes.
        boolean large = elf.section(PayloadSections.XEN_DEPENDS).isPresent()
                || elf.section(PayloadSections.TARGET).isPresent();
        int entryBytes = large ? 104 : 64;
        if (section.contents().byteSize() != section.sizeBytes()) {
            throw new LivePatchException(
                    "%s: %s has type %d and no contents".formatted(elf.name(), section.name(), section.type()));
        }
        if (section.sizeBytes() % entryBytes != 0) {
            throw new LivePatchException("%s: %s has %d bytes, not a multiple of %d"
                    .formatted(elf.name(), section.name(), section.sizeBytes(), entryBytes));
        }
        List<Relocation> relocations = elf.relocations(section);
        MemorySegment contents = section.contents();
        List<Function> functions = new ArrayList<>();
        for (long at = 0; at < section.sizeBytes(); at += entryBytes) {
            functions.add(new Function(
                    stringAt(elf, relocations, at),
                    LittleEndian.u64(contents, at + 16),
                    LittleEndian.u32(contents, at + 28),
                    LittleEndian.u32(contents, at + 24),
                    placeAt(elf, relocations, at + 8)));
        }
        return functions;
    }

    private static Optional<Relocation> relocationAt(List<Relocation> relocations, long offset) {
        return relocations.stream()
                .filter(relocation -> relocation.sectionOffset() == offset)
                .findFirst();
    }

    private static String stringAt(ElfFile elf, List<Relocation> relocations, long offset) {
        Optional<Relocation> relocation = relocationAt(relocations, offset);
        if (relocation.isEmpty()) {
            return "";
        }
        Symbol symbol = elf.symbols().get(relocation.get().symbolIndex());
        MemorySegment contents = elf.sections().get(symbol.sectionIndex()).contents();
        StringBuilder text = new StringBuilder();
        long at = symbol.value() + relocation.get().addend();
        while (at >= 0 && at < contents.byteSize() && LittleEndian.u8(contents, at) != 0) {
            text.append((char) LittleEndian.u8(contents, at++));
        }
        return text.toString();
    }

    private static String placeAt(ElfFile elf, List<Relocation> relocations, long offset) {
        Optional<Relocation> relocation = relocationAt(relocations, offset);
        if (relocation.isEmpty()) {
            return "";
        }
        Symbol symbol = elf.symbols().get(relocation.get().symbolIndex());
        if (!symbol.isInSection()) {
            return symbol.name();
        }
        long value = symbol.value() + relocation.get().addend();
        return elf.symbols().stream()
                .filter(other ->
                        other.isFunction() && other.sectionIndex() == symbol.sectionIndex() && other.value() == value)
                .map(Symbol::name)
                .findFirst()
                .orElseGet(() -> "%s+0x%x"
                        .formatted(elf.sections().get(symbol.sectionIndex()).name(), value));
    }

    private static List<Hook> hooks(ElfFile elf) {
        List<Hook> hooks = new ArrayList<>();
        for (String kind : PayloadSections.HOOK_KINDS) {
            elf.section(PayloadSections.HOOKS + kind).ifPresent(section -> {
                List<Relocation> relocations = elf.relocations(section);
                for (long at = 0; at + 8 <= section.sizeBytes(); at += 8) {
                    hooks.add(new Hook(kind, placeAt(elf, relocations, at)));
                }
            });
        }
        return hooks;
    }

    private static Explanation explanation(ElfFile elf) {
        return Explanation.of(elf.section(PayloadSections.EXPLANATION)
                .filter(section -> section.type() == Elf.SHT_PROGBITS)
                .map(Section::bytes)
                .orElse(new byte[0]));
    }

    /** {@return the texts in a section, each of which ends with a NUL} */
    private static List<String> texts(ElfFile elf, String sectionName) {
        return elf.section(sectionName)
                .filter(section -> section.type() == Elf.SHT_PROGBITS)
                .map(section -> new String(section.bytes(), StandardCharsets.UTF_8))
                .map(text -> List.of(text.split("\0")))
                .orElse(List.of());
    }
}
