package dev.suture.certify;

import dev.suture.certify.Baseline.Cause;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Tells why an object is not what a program was linked from.
 *
 * <p>Compilers put their name and version into {@code .comment}, which the linker collects; gcc puts the flags that make
 * a difference into the producer of each unit ({@code -grecord-gcc-switches}); and Xen can hold its configuration.
 */
final class CauseOfDifference {
    private final Set<String> compilers;
    private final Set<String> producers;
    private final List<String> configDifferences;

    /**
     * @param image the linked program
     * @param configDifferences lines of the tree's configuration that are not in the program's own, and the other way
     */
    CauseOfDifference(ElfFile image, List<String> configDifferences) {
        compilers = texts(image, ".comment");
        producers = producers(image);
        this.configDifferences = List.copyOf(configDifferences);
    }

    Baseline.Difference of(ObjectPieces object, Piece piece, String what) {
        Set<String> here = texts(object.elf(), ".comment");
        if (!here.isEmpty() && !compilers.isEmpty() && here.stream().noneMatch(compilers::contains)) {
            return difference(
                    object,
                    piece,
                    what,
                    Cause.OTHER_COMPILER,
                    "the program was made by %s, the object by %s"
                            .formatted(String.join(" and ", compilers), String.join(" and ", here)));
        }
        if (!configDifferences.isEmpty()) {
            return difference(
                    object,
                    piece,
                    what,
                    Cause.OTHER_CONFIG,
                    "the configuration in the program and the tree's .config differ: "
                            + String.join(", ", configDifferences));
        }
        Set<String> flags = producers(object.elf());
        if (!flags.isEmpty() && !producers.isEmpty() && flags.stream().noneMatch(producers::contains)) {
            return difference(
                    object,
                    piece,
                    what,
                    Cause.OTHER_FLAGS,
                    "no part of the program was compiled with the flags of the object: "
                            + flags.iterator().next());
        }
        return difference(
                object,
                piece,
                what,
                Cause.OTHER_SOURCE,
                "the compiler%s are the same".formatted(producers.isEmpty() ? "" : " and its flags"));
    }

    private static Baseline.Difference difference(
            ObjectPieces object, Piece piece, String what, Cause cause, String evidence) {
        return new Baseline.Difference(object.name(), piece.name(), what, cause.text(), evidence);
    }

    private static Set<String> producers(ElfFile elf) {
        Set<String> found = new LinkedHashSet<>();
        for (String section : List.of(".debug_str", ".debug_line_str")) {
            texts(elf, section).stream()
                    .filter(text -> text.startsWith("GNU C") || text.contains("clang version"))
                    .map(text -> text.replaceAll(" -f[a-z]*-prefix-map=\\S*", ""))
                    .forEach(found::add);
        }
        return found;
    }

    private static Set<String> texts(ElfFile elf, String sectionName) {
        Set<String> texts = new LinkedHashSet<>();
        elf.section(sectionName)
                .filter(section -> !section.isNobits() && !section.has(Elf.SHF_COMPRESSED))
                .map(Section::bytes)
                .map(bytes -> new String(bytes, StandardCharsets.ISO_8859_1))
                .ifPresent(text -> {
                    for (String one : text.split("\0")) {
                        if (!one.isBlank()) {
                            texts.add(one);
                        }
                    }
                });
        return texts;
    }
}
