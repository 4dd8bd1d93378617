package dev.suture.create;

import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import dev.suture.image.Image;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Guesses why an object's code is not that of a program: another compiler, other flags, or another source.
 *
 * <p>Compilers put their version into {@code .comment}, and gcc the flags that make a difference into the producer of
 * each unit ({@code -grecord-gcc-switches}), a text of {@code .debug_str}.
 */
final class LikelyCause {
    private LikelyCause() {}

    /** {@return the likely cause and what to do about it} */
    static String of(Image image, ElfFile object) {
        Set<String> there = texts(image.elf(), ".comment");
        Set<String> here = texts(object, ".comment");
        Set<String> notHere = new LinkedHashSet<>(there);
        notHere.removeAll(here);
        if (!notHere.isEmpty() && !here.isEmpty()) {
            // The start files of the C library are in each program, with the name of the compiler that made them.
            return notHere.size() == there.size()
                    ? "The program was built by %s, and this is %s: build with that compiler."
                            .formatted(String.join(" and ", notHere), String.join(" and ", here))
                    : "Parts of the program were built by %s, and this is %s: let the command build with that compiler if it compiled this source."
                            .formatted(String.join(" and ", notHere), String.join(" and ", here));
        }
        List<Set<String>> theirs = flags(image.symbolsFrom());
        List<Set<String>> ours = flags(object);
        if (theirs.isEmpty() || ours.isEmpty()) {
            return "The compiler is the same, so the source or the flags differ (without debug information in both, the flags"
                    + " are not known): give the very source that the program was built from, and the command with its flags.";
        }
        if (theirs.stream().noneMatch(ours.getFirst()::equals)) {
            return "The flags differ: the program has %s, the build command gives %s. Let the command build as the program was built."
                    .formatted(onlyIn(theirs.getFirst(), ours.getFirst()), onlyIn(ours.getFirst(), theirs.getFirst()));
        }
        return "The compiler and the flags that are recorded are the same, so the source differs: give the very source that the"
                + " program was built from, with the same macros defined.";
    }

    private static String onlyIn(Set<String> one, Set<String> other) {
        Set<String> only = new LinkedHashSet<>(one);
        only.removeAll(other);
        return only.isEmpty() ? "no others" : String.join(" ", only);
    }

    private static Set<String> texts(ElfFile elf, String sectionName) {
        Set<String> texts = new LinkedHashSet<>();
        for (String text : text(elf, sectionName).split("\0")) {
            if (!text.isBlank()) {
                texts.add(text);
            }
        }
        return texts;
    }

    private static List<Set<String>> flags(ElfFile elf) {
        List<Set<String>> flags = new ArrayList<>();
        for (String section : List.of(".debug_str", ".debug_line_str")) {
            for (String text : text(elf, section).split("\0")) {
                if (text.matches("GNU (C|C\\+\\+)[0-9]* .*")) {
                    Set<String> words = new LinkedHashSet<>(List.of(text.split(" ")));
                    words.removeIf(word -> word.matches("-g.*|-ffunction-sections|-fdata-sections|-f.*-prefix-map=.*"));
                    flags.add(words);
                }
            }
        }
        return flags;
    }

    private static String text(ElfFile elf, String sectionName) {
        return elf.section(sectionName)
                .filter(section -> !section.isNobits() && !section.has(dev.suture.elf.Elf.SHF_COMPRESSED))
                .map(Section::bytes)
                .map(bytes -> new String(bytes, StandardCharsets.ISO_8859_1))
                .orElse("");
    }
}
