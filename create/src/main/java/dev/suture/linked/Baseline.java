package dev.suture.linked;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.SplitObject;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Makes sure that the file that runs is what the build links.
 *
 * <p>Most often it is so byte for byte, build id and signatures of debug files apart. One that was built in another
 * directory, or stripped, is compared by its symbols: each function and variable in its size. (That the code of each
 * function which is replaced is the build's is proved elsewhere, instruction by instruction.)
 */
final class Baseline {
    private Baseline() {}

    /**
     * {@return what differs}
     *
     * @param asLinked objects whose code and constants are looked for, by name
     */
    static List<Finding> differences(Image image, ElfFile built, Map<String, Path> asLinked) {
        if (isSame(image.elf(), built)) {
            return List.of();
        }
        List<Finding> findings = new ArrayList<>(bySymbols(image, built));
        List<ObjectPieces> objects = new ArrayList<>();
        asLinked.forEach(
                (name, file) -> objects.add(SplitObject.split(name, ElfFile.read(file), SpecialSections.process())));
        Side running = new Side(new LinkedFile(image.elf(), image.symbolsFrom()), objects);
        for (ObjectPieces object : objects) {
            for (Piece piece : object.pieces()) {
                Part part = new Part(object, piece);
                boolean isAsked = piece.isNamed() && piece.sizeBytes() > 0 && !part.isVariable();
                if (isAsked
                        && !running.candidates(part).isEmpty()
                        && running.addresses(part).isEmpty()
                        && !isOneOfSeveral(part)) {
                    findings.add(new Finding(
                            object.name(),
                            part.name(),
                            "%s has something else there than the source builds".formatted(image.name())));
                }
            }
        }
        return findings;
    }

    /** Of what several objects may have the program has one. */
    private static boolean isOneOfSeveral(Part part) {
        return part.piece().section().has(Elf.SHF_GROUP)
                || part.piece().symbols().stream()
                        .anyMatch(symbol -> symbol.binding() == Elf.STB_WEAK || symbol.binding() == Elf.STB_GNU_UNIQUE);
    }

    private static boolean isSame(ElfFile one, ElfFile other) {
        List<Section> here = loaded(one);
        List<Section> there = loaded(other);
        if (here.size() != there.size()) {
            return false;
        }
        for (int i = 0; i < here.size(); i++) {
            Section section = here.get(i);
            Section twin = there.get(i);
            boolean same = section.name().equals(twin.name())
                    && section.address() == twin.address()
                    && section.sizeBytes() == twin.sizeBytes()
                    && section.contents().mismatch(twin.contents()) < 0;
            if (!same) {
                return false;
            }
        }
        return true;
    }

    private static List<Section> loaded(ElfFile elf) {
        return elf.sections().stream()
                .filter(section -> section.isAllocated() && section.type() != Elf.SHT_NOTE)
                .toList();
    }

    private static List<Finding> bySymbols(Image image, ElfFile built) {
        Map<String, List<Long>> wanted = sizes(built);
        Map<String, List<Long>> found = sizes(image.symbolsFrom());
        List<Finding> findings = new ArrayList<>();
        wanted.forEach((name, sizes) -> {
            List<Long> running = found.get(name);
            if (!sizes.equals(running)) {
                String what = running == null
                        ? "%s does not have it".formatted(image.name())
                        : "it has %s bytes in %s and %s as the source builds"
                                .formatted(list(running), image.name(), list(sizes));
                findings.add(new Finding("", name, what));
            }
        });
        return findings;
    }

    private static String list(List<Long> sizes) {
        return sizes.stream().map(Object::toString).collect(Collectors.joining(", "));
    }

    private static Map<String, List<Long>> sizes(ElfFile elf) {
        Map<String, List<Long>> sizes = new HashMap<>();
        Optional<String> file = Optional.empty();
        for (Symbol symbol : elf.symbols()) {
            if (symbol.type() == Elf.STT_FILE) {
                file = Optional.of(symbol.name());
            } else if (symbol.isInSection()
                    && symbol.sizeBytes() > 0
                    && !symbol.name().isEmpty()) {
                String name = symbol.isLocal()
                        ? Image.targetNameOfLocal(file.orElse(""), symbol.name())
                        : LinkedFile.plain(symbol.name());
                sizes.computeIfAbsent(name, _ -> new ArrayList<>(1)).add(symbol.sizeBytes());
            }
        }
        sizes.values().forEach(list -> list.sort(null));
        return sizes;
    }
}
