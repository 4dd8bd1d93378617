package dev.suture.certify;

import dev.suture.diff.Names;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.elf.Elf;
import dev.suture.elf.Symbol;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Finds where a piece may be that runs already, by its symbols, and what is put in its place. */
final class FindPlaces {
    private final RunningSystem system;
    private final Replacements replacements;
    private final Map<ObjectPieces, List<List<Named>>> symbolsOfPieces = new IdentityHashMap<>();

    /**
     * A symbol of an object.
     *
     * @param file the source of a local symbol, as the linked program has it: what the compiler called it, or the object's
     *     own name if the compiler did not say
     */
    private record Named(Symbol symbol, String file) {}

    FindPlaces(RunningSystem system, Replacements replacements) {
        this.system = system;
        this.replacements = replacements;
    }

    /**
     * {@return the places at which the linked program has what may be that piece, or a payload below brought it} What stays
     * after boot is not where something was that is given back then.
     */
    Set<Place> running(ObjectPieces object, Piece piece) {
        Set<Place> places = new LinkedHashSet<>();
        for (Named named : symbols(object, piece)) {
            long inPiece = named.symbol().value() - piece.sectionOffset();
            for (ImageSymbols.Known known : system.symbols().candidates(named.symbol(), named.file())) {
                boolean boot = system.isOnlyForBoot(known.address());
                if (!boot || Program.isOnlyForBoot(piece) || !piece.isNamed()) {
                    places.add(Place.inImage(known.address() - inPiece));
                }
            }
            for (Place below : system.candidatesBelow(named.symbol(), named.file())) {
                places.add(below.plus(-inPiece));
            }
        }
        return places.isEmpty() && piece.kind() == Piece.Kind.ASSEMBLY ? besideNeighbour(object, piece) : places;
    }

    /** Code without any name keeps its distance from the first thing in its section that has one. */
    private Set<Place> besideNeighbour(ObjectPieces object, Piece piece) {
        return object.pieces().stream()
                .filter(other -> other.section().index() == piece.section().index()
                        && !symbols(object, other).isEmpty())
                .findFirst()
                .map(other -> running(object, other).stream()
                        .map(place -> place.plus(piece.sectionOffset() - other.sectionOffset()))
                        .collect(Collectors.toSet()))
                .orElse(Set.of());
    }

    /** {@return the symbols in a piece, those that only the assembler uses left out} */
    private List<Named> symbols(ObjectPieces object, Piece piece) {
        return symbolsOfPieces
                .computeIfAbsent(object, FindPlaces::symbolsOfPieces)
                .get(piece.index());
    }

    private static List<List<Named>> symbolsOfPieces(ObjectPieces object) {
        List<List<Named>> all = new ArrayList<>();
        object.pieces().forEach(piece -> all.add(new ArrayList<>(1)));
        String file = object.name().substring(object.name().lastIndexOf('/') + 1);
        boolean ofOneSource = object.elf().symbols().stream()
                        .filter(symbol -> symbol.type() == Elf.STT_FILE)
                        .count()
                == 1;
        for (Symbol symbol : object.elf().symbols()) {
            if (symbol.type() == Elf.STT_FILE) {
                // An object that was itself linked from several has several.
                file = ofOneSource ? object.sourceFile() : symbol.name();
            }
            int piece = object.pieceOfSymbol()[symbol.index()];
            boolean names = !symbol.name().isEmpty() && !symbol.name().startsWith(".L");
            if (piece >= 0 && names && !symbol.isSectionSymbol()) {
                all.get(piece).add(new Named(symbol, file));
            }
        }
        return all;
    }

    /** {@return whether a piece has a name that the compiler numbers, so that it may have had another number before} */
    boolean isNumbered(Piece piece) {
        return piece.symbols().stream().map(Symbol::name).anyMatch(Names::isNumbered);
    }

    /** {@return where the replacement of the function at a place is, that of the topmost payload which has one} */
    Optional<Place> replacementOf(Place function) {
        return replacements.now(function);
    }
}
