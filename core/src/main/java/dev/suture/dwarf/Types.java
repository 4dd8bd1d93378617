package dev.suture.dwarf;

import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The complete structs, unions, classes and enums that the debug information of one file defines.
 *
 * <p>DWARF 2 to 5 in relocatable and linked files, compressed or not. Types inside functions are among them. Equal
 * definitions of several units are one; different definitions of one name are all kept.
 */
public final class Types {
    /** What the sections hold that decide what {@link #read} finds, and their relocations. */
    private static final List<String> SECTIONS_READ = List.of(
            ".debug_info",
            ".debug_types",
            ".debug_abbrev",
            ".debug_str",
            ".debug_str_offsets",
            ".rela.debug_info",
            ".rela.debug_types",
            ".rela.debug_str_offsets");

    private final List<TypeDefinition> all;
    private final Map<String, List<TypeDefinition>> byName;
    private final boolean hasDebugInformation;

    private Types(List<TypeDefinition> definitions, boolean hasDebugInformation) {
        this.hasDebugInformation = hasDebugInformation;
        this.byName = HashMap.newHashMap(definitions.size());
        List<TypeDefinition> distinct = new ArrayList<>(definitions.size());
        for (TypeDefinition definition : definitions) {
            List<TypeDefinition> sameName = byName.computeIfAbsent(definition.name(), name -> new ArrayList<>(1));
            if (sameName.stream().noneMatch(definition::sameAs)) {
                sameName.add(definition);
                distinct.add(definition);
            }
        }
        this.all = List.copyOf(distinct);
    }

    /**
     * Reads the types of a file.
     *
     * @return none if the file has no debug information
     * @throws DwarfFormatException if its debug information is corrupt, or in another file ({@code -gsplit-dwarf})
     * @throws dev.suture.elf.ElfFormatException if its symbol table is corrupt
     */
    public static Types read(ElfFile elf) {
        DebugInfo info = new DebugInfo(new DebugSections(elf));
        ScanTypes scanned = new ScanTypes(info).scan();
        return new Types(
                new DescribeTypes(info, scanned).describe(), !info.units().isEmpty());
    }

    /**
     * {@return the sizes in bytes of those structs, unions and classes that a file knows, one of each} Reads no more than
     * it has to.
     *
     * @param names as {@link TypeDefinition#name}: without {@code struct}
     */
    public static Map<String, Long> structSizes(ElfFile elf, Set<String> names) {
        Map<String, Long> sizes = new HashMap<>();
        if (!names.isEmpty()) {
            ScanTypes scanned = new ScanTypes(new DebugInfo(new DebugSections(elf))).scan();
            for (RawType type : scanned.types()) {
                if (type.kind != TypeDefinition.Kind.ENUM && names.contains(type.name)) {
                    sizes.putIfAbsent(type.name, type.sizeBytes);
                }
            }
        }
        return sizes;
    }

    /**
     * {@return whether the bytes that types are made of are the same in both files, so that their types are, too} A
     * quick check that need not read either; false says nothing.
     */
    public static boolean areSurelyEqual(ElfFile original, ElfFile patched) {
        for (String name : SECTIONS_READ) {
            List<MemorySegment> originalContents = contents(original, name);
            List<MemorySegment> patchedContents = contents(patched, name);
            if (originalContents.size() != patchedContents.size()) {
                return false;
            }
            for (int at = 0; at < originalContents.size(); at++) {
                if (originalContents.get(at).mismatch(patchedContents.get(at)) != -1) {
                    return false;
                }
            }
        }
        return true;
    }

    private static List<MemorySegment> contents(ElfFile elf, String name) {
        return elf.sections().stream()
                .filter(section -> section.name().equals(name))
                .map(Section::contents)
                .toList();
    }

    /** {@return all of them, in the order of the file} */
    public List<TypeDefinition> all() {
        return all;
    }

    /**
     * {@return the types of that name, in the order of the file; none if there is none}
     *
     * @param name as {@link TypeDefinition#name}: without {@code struct}
     */
    public List<TypeDefinition> named(String name) {
        return List.copyOf(byName.getOrDefault(name, List.of()));
    }

    /** {@return whether the file has debug information at all: no types can mean that it was left out} */
    public boolean hasDebugInformation() {
        return hasDebugInformation;
    }

    /**
     * {@return the size in bytes of the struct, union or class of that name; empty if there is none, or if there are
     * several and their sizes differ}
     */
    public OptionalLong structSize(String name) {
        long[] sizes = byName.getOrDefault(name, List.of()).stream()
                .filter(definition -> definition.kind() != TypeDefinition.Kind.ENUM)
                .mapToLong(TypeDefinition::sizeBytes)
                .distinct()
                .toArray();
        return sizes.length == 1 ? OptionalLong.of(sizes[0]) : OptionalLong.empty();
    }
}
