package dev.suture.create;

import dev.suture.LivePatchException;
import dev.suture.build.AskCompiler;
import dev.suture.build.AskCompiler.Preprocessed;
import dev.suture.diff.Compare;
import dev.suture.diff.Comparison;
import dev.suture.diff.Comparison.Status;
import dev.suture.diff.Correlate;
import dev.suture.diff.LineNumbers;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Selection.PieceId;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.SplitObject;
import dev.suture.elf.ElfFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Tells functions that only report another line of their source from those in which a number changed that happens to be as
 * much larger as the lines below the patch have moved.
 *
 * <p>{@code return 20;} on line 28 becomes {@code return 23;}, and line 20 is line 23 now: in the code that looks like
 * {@code __LINE__}. So both sources are compiled once more with one number for {@code __LINE__} wherever it stands. Functions
 * that are the same then differ in nothing but their lines; the others are replaced.
 */
final class ConfirmLineNumbers {
    private static final String REASON = "its code differs in a number that is not the number of its line";

    private ConfirmLineNumbers() {}

    /** {@return whether such a difference was found in an object} */
    static boolean isNeeded(Comparison comparison) {
        return !candidates(comparison).isEmpty();
    }

    private static List<Piece> candidates(Comparison comparison) {
        return comparison.patched().pieces().stream()
                .filter(piece ->
                        comparison.status(piece) == Status.ONLY_LINE_NUMBERS && piece.kind() == Piece.Kind.FUNCTION)
                .toList();
    }

    /**
     * {@return the functions that are to be replaced though they seem to differ in their lines only, each with the reason}
     *
     * @param sources of the objects, by name, with those on one line
     */
    static Map<PieceId, String> replacedAnyway(
            List<Comparison> comparisons,
            Map<String, Preprocessed> sources,
            AskCompiler compiler,
            SpecialSections tables) {
        Map<PieceId, String> replaced = new TreeMap<>();
        for (int object = 0; object < comparisons.size(); object++) {
            Comparison comparison = comparisons.get(object);
            List<Piece> candidates = candidates(comparison);
            if (candidates.isEmpty()) {
                continue;
            }
            Set<String> confirmed = Optional.ofNullable(sources.get(comparison.name()))
                    .flatMap(Preprocessed::onOneLine)
                    .map(source -> sameOnOneLine(comparison.name(), source, compiler, tables))
                    .orElse(Set.of());
            for (Piece piece : candidates) {
                if (!confirmed.contains(piece.name())) {
                    replaced.put(new PieceId(object, piece.index()), REASON);
                }
            }
        }
        return replaced;
    }

    private static Set<String> sameOnOneLine(
            String object, Preprocessed source, AskCompiler compiler, SpecialSections tables) {
        Optional<ObjectPieces> original = compile(object, source.original(), compiler, tables);
        Optional<ObjectPieces> patched = compile(object, source.patched(), compiler, tables);
        if (original.isEmpty() || patched.isEmpty()) {
            return Set.of();
        }
        Comparison comparison =
                Compare.compare(Correlate.correlate(original.get(), patched.get()), LineNumbers.UNMOVED);
        return patched.get().pieces().stream()
                .filter(piece -> piece.kind() == Piece.Kind.FUNCTION && comparison.status(piece) == Status.SAME)
                .map(Piece::name)
                .collect(Collectors.toSet());
    }

    /** The compiler's next answer would be written over this one. */
    private static Optional<ObjectPieces> compile(
            String object, Path source, AskCompiler compiler, SpecialSections tables) {
        return compiler.compile(object, source, List.of()).map(made -> {
            Path kept = source.resolveSibling(source.getFileName() + ".o");
            try {
                Files.move(made, kept, StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException e) {
                throw new LivePatchException("cannot write %s: %s".formatted(kept, e.getMessage()), e);
            }
            return SplitObject.split(object, ElfFile.read(kept), tables);
        });
    }
}
