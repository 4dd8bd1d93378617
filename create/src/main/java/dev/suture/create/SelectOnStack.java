package dev.suture.create;

import dev.suture.build.AskCompiler;
import dev.suture.diff.Compare;
import dev.suture.diff.Comparison;
import dev.suture.diff.Correlate;
import dev.suture.diff.LineNumbers;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Select;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.PieceId;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.SplitObject;
import dev.suture.diff.TargetTraits;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.payload.Stack;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Decides what goes into a payload on top of others, which is made from the source with their patches.
 *
 * <p>What runs is not in every function what that source compiles to: a payload below may have left one out, because only
 * the compiler had changed it ({@link LeaveOutDrift}). That was proved for what was replaced then. An example: {@code f}
 * keeps a value in a register around its call of {@code g}, which leaves that register alone. The first patch makes the
 * compiler inline otherwise, and the {@code f} of its build no longer does so; the running one is left. The second patch
 * changes {@code g}, which now uses the register. In both builds for it {@code f} is the same, and right; what runs is not.
 * So where code of an object is replaced, such functions of that object are replaced as well; but for those whose patched
 * code is again that of the object which the target was linked from, for that is what runs.
 *
 * <p>For the same reason nothing else is left out here: what drifted is told by the source that the target was built from.
 */
final class SelectOnStack {
    private static final String LEFT = "a payload below left it as it ran, though its source compiled to other code";
    private static final String AGAIN =
            "a payload below left it as it ran, and that is what its source compiles to again";

    private final List<Comparison> comparisons;
    private final Stack below;
    private final Map<String, Path> asLinked;
    private final SpecialSections tables;
    private final Map<PieceId, String> left = new TreeMap<>();
    private final Map<PieceId, String> again = new TreeMap<>();

    private SelectOnStack(
            List<Comparison> comparisons, Stack below, Map<String, Path> asLinked, SpecialSections tables) {
        this.comparisons = comparisons;
        this.below = below;
        this.asLinked = asLinked;
        this.tables = tables;
    }

    /**
     * {@return what goes into a payload}
     *
     * @param below what the payloads below it have made of the source
     * @param asLinked objects that the target was linked from, by name
     * @param tables the special sections of their kind
     */
    static Selection select(
            List<Comparison> comparisons,
            TargetTraits traits,
            Stack below,
            Map<String, Path> asLinked,
            SpecialSections tables) {
        SelectOnStack work = new SelectOnStack(comparisons, below, asLinked, tables);
        for (int object = 0; object < comparisons.size(); object++) {
            work.findLeft(object);
        }
        // Nobody is asked here whether what looks like a line number is one.
        Map<PieceId, String> noLines =
                ConfirmLineNumbers.replacedAnyway(comparisons, Map.of(), AskCompiler.NOBODY, tables);
        Selection selection = Select.select(comparisons, traits, work.again, noLines);
        Set<Integer> reached = selection.chosen().stream()
                .filter(chosen -> chosen.piece().isCode())
                .map(chosen -> chosen.id().object())
                .collect(Collectors.toSet());
        work.left.keySet().removeIf(id -> !reached.contains(id.object()));
        if (work.left.isEmpty()) {
            return selection;
        }
        noLines.forEach(work.left::putIfAbsent);
        return Select.select(comparisons, traits, work.again, work.left);
    }

    private void findLeft(int object) {
        Comparison comparison = comparisons.get(object);
        List<Piece> found = comparison.patched().pieces().stream()
                .filter(piece -> comparison
                        .correlation()
                        .twinOfPatched(piece)
                        .filter(twin -> isLeft(comparison.original(), twin))
                        .isPresent())
                .toList();
        if (found.isEmpty()) {
            return;
        }
        Optional<Comparison> withLinked = Optional.ofNullable(asLinked.get(comparison.name()))
                .map(file -> SplitObject.split(comparison.name(), ElfFile.read(file), tables))
                .map(linked -> Compare.compare(Correlate.correlate(linked, comparison.patched()), LineNumbers.UNMOVED));
        for (Piece piece : found) {
            PieceId id = new PieceId(object, piece.index());
            boolean runs = withLinked
                    .filter(known -> known.status(piece) == Comparison.Status.SAME)
                    .isPresent();
            (runs ? again : left).put(id, runs ? AGAIN : LEFT);
        }
    }

    private boolean isLeft(ObjectPieces original, Piece piece) {
        return piece.kind() == Piece.Kind.FUNCTION
                && piece.symbols().stream()
                        .map(symbol -> name(original, symbol))
                        .anyMatch(below.left()::containsKey);
    }

    private static String name(ObjectPieces object, Symbol symbol) {
        return symbol.isLocal() ? Image.targetNameOfLocal(object.sourceFile(), symbol.name()) : symbol.name();
    }
}
