package dev.suture.certify;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.SpecialSections;
import dev.suture.elf.ElfFile;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Tells what of some objects a linked program does not have: which function or variable is not there byte for byte, with
 * all that it refers to and with its entries in special tables.
 */
public final class InImage {
    private final Program program;
    private final FindPlaces places;
    private final Prove prove;

    InImage(Program program, RunningSystem system) {
        this.program = program;
        places = new FindPlaces(system, Replacements.NONE);
        prove = new Prove(program, system, Tolerance.NONE, places);
    }

    /**
     * {@return what asks for objects that a program is linked from; what they use of others is known by its name}
     *
     * @param image the linked program, without a payload
     * @param tables the special tables of its release
     */
    public static InImage of(List<ObjectPieces> objects, ElfFile image, SpecialSections tables) {
        return new InImage(new Program(objects), new RunningSystem(image, List.of(), tables));
    }

    /**
     * {@return how the program differs from a function or variable; empty if it has exactly that}
     *
     * @param object the number of the object
     */
    public Optional<String> difference(int object, Piece piece) {
        Part part = new Part(object, piece.index());
        ObjectPieces pieces = program.object(part);
        Set<Place> candidates = prove.placeOfVariable(part).map(Set::of).orElseGet(() -> places.running(pieces, piece));
        Optional<String> difference = Optional.empty();
        for (Place place : candidates) {
            Proof proof = prove.prove(part, place);
            if (proof.holds()) {
                return Optional.empty();
            }
            difference = difference.or(() -> Optional.of(proof.difference()));
        }
        return difference.or(() -> Optional.of("the linked program has nothing of that name"));
    }
}
