package dev.suture.explain;

import dev.suture.diff.Comparison;
import dev.suture.diff.Correlation;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.LeftOut;
import dev.suture.diff.Selection.Why;
import dev.suture.dwarf.SourceLine;
import dev.suture.elf.ElfFile;
import dev.suture.explain.ExplainedFunction.Decision;
import dev.suture.explain.ExplainedPatch.ExplainedPiece;
import dev.suture.explain.ExplainedPatch.Renumbered;
import dev.suture.explain.ExplainedPatch.SameThough;
import dev.suture.explain.PatchLines.PatchLine;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Says for each thing in a payload why it is there, and for each function that differs and is not there why not.
 *
 * <p>What {@link dev.suture.diff.Compare} and {@link dev.suture.diff.Select} decided is not decided again here. Their
 * verdict on a function that grew is that its size changed; a reader also wants to see the first instruction that is
 * another one and the line it was made from, so the two versions are listed and aligned.
 */
public final class Explain {
    private final Selection selection;
    private final PatchLines patchLines;
    private final Disassembly disassembly;
    private final Predicate<String> wanted;
    private final Chains chains;
    private final Map<ElfFile, SourcePlaces> places = new HashMap<>();
    private boolean knowsSource;

    private Explain(Selection selection, PatchLines patchLines, Disassembly disassembly, Predicate<String> wanted) {
        this.selection = selection;
        this.patchLines = patchLines;
        this.disassembly = disassembly;
        this.wanted = wanted;
        chains = new Chains(selection);
    }

    /**
     * Explains a selection.
     *
     * @param selection what was decided
     * @param patchLines which lines the patch touches
     * @param disassembly how instructions are written
     * @param wanted of which symbols an account is wanted, by their names after the patch
     * @throws dev.suture.dwarf.DwarfFormatException if debug information is corrupt
     */
    public static ExplainedPatch explain(
            Selection selection, PatchLines patchLines, Disassembly disassembly, Predicate<String> wanted) {
        return new Explain(selection, patchLines, disassembly, wanted).explain();
    }

    private ExplainedPatch explain() {
        List<ExplainedFunction> functions = new ArrayList<>();
        List<ExplainedPiece> pieces = new ArrayList<>();
        for (Chosen chosen : selection.chosen()) {
            if (chosen.piece().kind() == Piece.Kind.FUNCTION) {
                if (wanted.test(chosen.piece().name())) {
                    functions.add(chosenFunction(chosen));
                }
            } else if (wanted.test(chosen.piece().name())) {
                pieces.add(piece(chosen));
            }
        }
        List<LeftOut> otherLeftOut = new ArrayList<>();
        for (LeftOut left : new LinkedHashSet<>(selection.leftOut())) {
            if (wanted.test(left.symbol())) {
                leftOut(left).ifPresentOrElse(functions::add, () -> otherLeftOut.add(left));
            }
        }
        List<SameThough> same = selection.objects().stream()
                .flatMap(comparison -> SameNoise.find(comparison).stream())
                .filter(function -> wanted.test(function.name()))
                .toList();
        List<Renumbered> renumbered = selection.objects().stream()
                .flatMap(comparison -> renumbered(comparison).stream())
                .toList();
        return new ExplainedPatch(
                functions,
                pieces,
                otherLeftOut,
                same,
                renumbered,
                selection.refusals(),
                chains.references(),
                patchLines.isKnown(),
                knowsSource);
    }

    private List<Renumbered> renumbered(Comparison comparison) {
        Correlation correlation = comparison.correlation();
        List<Renumbered> found = new ArrayList<>();
        for (Piece piece : comparison.patched().pieces()) {
            Optional<Piece> twin = correlation.twinOfPatched(piece);
            if (piece.isNamed()
                    && twin.isPresent()
                    && !twin.get().name().equals(piece.name())
                    && wanted.test(piece.name())) {
                found.add(new Renumbered(
                        comparison.name(),
                        twin.get().name(),
                        piece.name(),
                        correlation.matchedBy(piece).orElseThrow()));
            }
        }
        return found;
    }

    private ExplainedPiece piece(Chosen chosen) {
        ObjectPieces object = selection.objects().get(chosen.id().object()).patched();
        Piece piece = chosen.piece();
        boolean shown = piece.kind() == Piece.Kind.STRING || piece.kind() == Piece.Kind.CONSTANT;
        return new ExplainedPiece(
                object.name(),
                piece.name(),
                piece.kind(),
                chosen.why(),
                chosen.reason(),
                piece.statedSizeBytes(),
                shown ? NameTargets.contents(object, piece) : "",
                chains.chain(chosen.id()));
    }

    private ExplainedFunction chosenFunction(Chosen chosen) {
        Comparison comparison = selection.objects().get(chosen.id().object());
        Decision decision = chosen.why() == Why.REPLACED ? Decision.REPLACED : Decision.NEW;
        return function(comparison, chosen.piece(), decision, chosen.reason(), chains.chain(chosen.id()));
    }

    private Optional<ExplainedFunction> leftOut(LeftOut left) {
        for (Comparison comparison : selection.objects()) {
            Optional<Piece> piece = comparison.patched().named(left.symbol());
            if (comparison.name().equals(left.object())
                    && piece.isPresent()
                    && piece.get().kind() == Piece.Kind.FUNCTION) {
                return Optional.of(function(comparison, piece.get(), Decision.LEFT_OUT, left.why(), List.of()));
            }
        }
        return Optional.empty();
    }

    private ExplainedFunction function(
            Comparison comparison, Piece piece, Decision decision, String reason, List<String> chain) {
        Correlation correlation = comparison.correlation();
        Optional<Piece> twin = correlation.twinOfPatched(piece);
        List<Listing> listings = listings(comparison, twin, piece);
        List<PatchLine> lines = ReachingLines.find(
                patchLines,
                twin.map(original -> declared(comparison.original(), original)).orElse(SourceLine.UNKNOWN),
                declared(comparison.patched(), piece),
                listings);
        boolean mayBeDrift = decision == Decision.REPLACED && twin.isPresent() && lines.isEmpty();
        return new ExplainedFunction(
                comparison.name(),
                piece.name(),
                decision,
                reason,
                twin.map(Piece::name).orElse(""),
                correlation.matchedBy(piece),
                twin.map(Piece::statedSizeBytes).orElse(0L),
                piece.statedSizeBytes(),
                chain,
                lines,
                mayBeDrift
                        ? InlinedOtherwise.note(
                                comparison,
                                twin.get(),
                                piece,
                                places(comparison.original()),
                                places(comparison.patched()))
                        : "",
                listings);
    }

    private List<Listing> listings(Comparison comparison, Optional<Piece> twin, Piece piece) {
        ListCode ofPatched = lister(comparison, false);
        if (twin.isEmpty()) {
            return List.of(new Listing(piece.name(), AlignListings.align(List.of(), ofPatched.list(piece))));
        }
        ListCode ofOriginal = lister(comparison, true);
        List<Listing> listings = new ArrayList<>();
        listings.add(
                new Listing(piece.name(), AlignListings.align(ofOriginal.list(twin.get()), ofPatched.list(piece))));
        List<Piece> partsBefore = parts(comparison.original(), twin.get());
        List<Piece> parts = parts(comparison.patched(), piece);
        for (int i = 0; i < Math.max(partsBefore.size(), parts.size()); i++) {
            List<ListCode.Line> before = i < partsBefore.size() ? ofOriginal.list(partsBefore.get(i)) : List.of();
            List<ListCode.Line> after = i < parts.size() ? ofPatched.list(parts.get(i)) : List.of();
            String name =
                    i < parts.size() ? parts.get(i).name() : partsBefore.get(i).name();
            listings.add(new Listing(name, AlignListings.align(before, after)));
        }
        return listings;
    }

    /** {@return the parts of a function that the compiler put elsewhere and named, in the order they are referred to} */
    private static List<Piece> parts(ObjectPieces object, Piece function) {
        List<Piece> parts = new ArrayList<>();
        Set<Integer> seen = new HashSet<>();
        for (Reference reference : object.references(function)) {
            if (reference.target() instanceof Reference.InPiece target && seen.add(target.pieceIndex())) {
                Piece part = object.pieces().get(target.pieceIndex());
                if (part.kind() == Piece.Kind.FRAGMENT && !part.symbols().isEmpty()) {
                    parts.add(part);
                }
            }
        }
        return parts;
    }

    private SourceLine declared(ObjectPieces object, Piece function) {
        return places(object).declared(function.section().index(), function.sectionOffset());
    }

    private SourcePlaces places(ObjectPieces object) {
        return places.computeIfAbsent(object.elf(), SourcePlaces::new);
    }

    private ListCode lister(Comparison comparison, boolean isOriginal) {
        NameTargets names = new NameTargets(comparison.correlation(), isOriginal);
        SourcePlaces known = places(names.object());
        knowsSource |= known.isKnown();
        return new ListCode(names, known, disassembly);
    }
}
