package dev.suture.create;

import dev.suture.build.ObjectPair;
import dev.suture.build.make.Links;
import dev.suture.build.make.MakeBuildResult;
import dev.suture.diff.Comparison;
import dev.suture.diff.Piece;
import dev.suture.diff.SectionRole;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.image.Image.ImageSymbol;
import dev.suture.linked.UsersElsewhere;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Finds the changed global constants that are as good as static: no other object of the link has their name, the dynamic
 * linker does not know it, and nothing else of the program is known by their place.
 *
 * <p>For example {@code const int table[]}, which a header declares and only one file uses. Where a linker does not say what
 * it read, there are none.
 */
final class PrivateConstants {
    private final Image image;
    private final List<ObjectPair> pairs;
    private final UsersElsewhere users;
    private final Set<String> exported;

    private PrivateConstants(Image image, List<ObjectPair> pairs, Links.Made links) {
        this.image = image;
        this.pairs = pairs;
        users = new UsersElsewhere(links, pairs);
        exported = image.elf().dynamicSymbols().stream().map(Symbol::name).collect(Collectors.toSet());
    }

    /** {@return their names} */
    static Set<String> of(List<Comparison> comparisons, MakeBuildResult build, Image image) {
        Set<String> found = new HashSet<>();
        if (build.links() instanceof Links.Made links) {
            PrivateConstants work = new PrivateConstants(image, build.pairs(), links);
            for (Comparison comparison : comparisons) {
                comparison.patched().pieces().stream()
                        .filter(piece -> isChangedConstant(comparison, piece) && work.isPrivate(comparison, piece))
                        .forEach(piece -> found.add(piece.name()));
            }
        }
        return found;
    }

    private static boolean isChangedConstant(Comparison comparison, Piece piece) {
        return piece.kind() == Piece.Kind.DATA
                && piece.role() == SectionRole.READ_ONLY
                && piece.isGlobal()
                && comparison.status(piece) == Comparison.Status.CHANGED;
    }

    private boolean isPrivate(Comparison comparison, Piece constant) {
        Piece before = comparison.correlation().twinOfPatched(constant).orElseThrow();
        Set<String> names = Stream.of(before, constant)
                .flatMap(piece -> piece.symbols().stream())
                .map(Symbol::name)
                .collect(Collectors.toSet());
        return names.stream().noneMatch(name -> exported.contains(name) || users.uses(name))
                && pairs.stream()
                        .filter(pair -> !pair.name().equals(comparison.name()))
                        .noneMatch(pair -> hasAnyOf(names, pair.original()) || hasAnyOf(names, pair.patched()))
                && isAlone(before, names);
    }

    private static boolean hasAnyOf(Set<String> names, Optional<Path> object) {
        return object.stream()
                .flatMap(file -> ElfFile.read(file).symbols().stream())
                .anyMatch(symbol -> names.contains(symbol.name()));
    }

    /** The linker may have given the place another name, which it writes as a number. */
    private boolean isAlone(Piece constant, Set<String> names) {
        Optional<ImageSymbol> place = image.find(constant.name());
        return place.isPresent()
                && image.symbolsFrom().symbols().stream()
                        .filter(symbol -> !symbol.isUndefined() && !symbol.isSectionSymbol())
                        .filter(symbol -> symbol.value() >= place.get().address()
                                && symbol.value() < place.get().address() + constant.sizeBytes())
                        .allMatch(symbol -> names.contains(symbol.name()));
    }
}
