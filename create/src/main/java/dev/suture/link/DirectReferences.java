package dev.suture.link;

import dev.suture.diff.Destinations;
import dev.suture.diff.Reference;
import dev.suture.diff.Select;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.Named;
import dev.suture.diff.TargetTraits;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Finds what a payload would refer to by a 32-bit distance, and the program does not have.
 *
 * <p>Code of a program takes for granted that a library's variable, like {@code stdout}, can be copied into the program
 * when it is linked, near to the code. For what the program did not use before the patch there is no copy, and the
 * library is out of reach.
 *
 * @see "System V ABI, AMD64 Architecture Processor Supplement, 5.2 Copy relocations"
 */
public final class DirectReferences {
    /** PC32, 32 and 32S. A call (PLT32) may go through a stub. */
    private static final Set<Integer> DIRECT = Set.of(2, 10, 11);

    private DirectReferences() {}

    /** {@return the names, in order} */
    public static Set<String> of(Selection selection, Image image, TargetTraits traits, Set<String> stackSymbols) {
        Destinations destinations = Select.destinations(selection, traits);
        Set<String> exported = image.elf().dynamicSymbols().stream()
                .filter(Symbol::isInSection)
                .map(Symbol::name)
                .collect(Collectors.toUnmodifiableSet());
        Set<String> names = new TreeSet<>();
        for (Chosen chosen : selection.chosen()) {
            for (Reference reference :
                    selection.objects().get(chosen.id().object()).patched().references(chosen.piece())) {
                boolean direct = DIRECT.contains(reference.relocation().type());
                if (direct && destinations.of(chosen.id().object(), chosen.piece(), reference) instanceof Named named) {
                    String name = named.symbol();
                    boolean near = !image.all(name).isEmpty() || exported.contains(name) || stackSymbols.contains(name);
                    if (!near) {
                        names.add(name);
                    }
                }
            }
        }
        return names;
    }
}
