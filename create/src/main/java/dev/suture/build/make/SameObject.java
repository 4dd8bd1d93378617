package dev.suture.build.make;

import dev.suture.elf.ElfFile;
import dev.suture.elf.Relocation;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Tells whether an object that was compiled once more, by its recorded command, is the one that the build has. If not, the
 * compiler was given something that is not recorded (a variable of a makefile's environment, a header that is another one
 * by now), or the object was changed behind it; what it is compiled to with a patch would not be what the build makes.
 */
final class SameObject {
    private SameObject() {}

    /** {@return whether both have the same code and data, and refer to the same} */
    static boolean are(Path built, Path again) throws IOException {
        if (Files.mismatch(built, again) < 0) {
            return true;
        }
        ElfFile one = ElfFile.read(built);
        ElfFile other = ElfFile.read(again);
        List<Section> before = allocated(one);
        List<Section> after = allocated(other);
        if (before.size() != after.size()) {
            return false;
        }
        for (int i = 0; i < before.size(); i++) {
            Section was = before.get(i);
            Section is = after.get(i);
            boolean same = was.name().equals(is.name())
                    && was.type() == is.type()
                    && was.flags() == is.flags()
                    && was.sizeBytes() == is.sizeBytes()
                    && was.alignment() == is.alignment()
                    && was.contents().mismatch(is.contents()) < 0
                    && references(one, was).equals(references(other, is));
            if (!same) {
                return false;
            }
        }
        return definitions(one).equals(definitions(other));
    }

    private static List<Section> allocated(ElfFile elf) {
        return elf.sections().stream().filter(Section::isAllocated).toList();
    }

    private static List<String> references(ElfFile elf, Section section) {
        return elf.relocations(section).stream()
                .map(relocation -> reference(elf, relocation))
                .toList();
    }

    private static String reference(ElfFile elf, Relocation relocation) {
        return "%x %d %x %s"
                .formatted(
                        relocation.sectionOffset(),
                        relocation.type(),
                        relocation.addend(),
                        name(elf, elf.symbols().get(relocation.symbolIndex())));
    }

    private static String name(ElfFile elf, Symbol symbol) {
        return symbol.name().isEmpty() && symbol.isInSection()
                ? elf.sections().get(symbol.sectionIndex()).name()
                : symbol.name();
    }

    private static List<String> definitions(ElfFile elf) {
        return elf.symbols().stream()
                .filter(symbol -> !symbol.isLocal())
                .map(symbol -> "%s %d %d %s %x %x %s"
                        .formatted(
                                symbol.name(),
                                symbol.binding(),
                                symbol.type(),
                                symbol.place(),
                                symbol.value(),
                                symbol.sizeBytes(),
                                symbol.isInSection()
                                        ? elf.sections()
                                                .get(symbol.sectionIndex())
                                                .name()
                                        : ""))
                .sorted()
                .toList();
    }
}
