package dev.suture.certify;

import dev.suture.LivePatchException;
import dev.suture.build.AskCompiler;
import dev.suture.build.AskCompiler.Preprocessed;
import dev.suture.build.Cause;
import dev.suture.build.xen.AskWholeXenBuild;
import dev.suture.diff.Compare;
import dev.suture.diff.Comparison;
import dev.suture.diff.Correlate;
import dev.suture.diff.LineNumbers;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.SplitObject;
import dev.suture.elf.ElfFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Tells functions that only report another line of their source from those in which a number changed that happens to be as
 * much larger as the lines have moved: both sources are compiled once more with one number for {@code __LINE__} wherever it
 * stands, and what differs in nothing but its lines is then the same.
 */
final class ConfirmLines {
    private final Set<String> confirmed = new HashSet<>();

    private ConfirmLines() {}

    /** {@return the functions among these that the compiler makes the same when all lines have one number} */
    static ConfirmLines of(List<Finding> functions, AskWholeXenBuild ask, SpecialSections tables) {
        List<String> objects =
                functions.stream().map(Finding::object).distinct().toList();
        return of(ask.onOneLine(objects), ask.compiler(), tables);
    }

    /** @param sources of both versions with one number for all lines, by object */
    static ConfirmLines of(Map<String, Preprocessed> sources, AskCompiler compiler, SpecialSections tables) {
        ConfirmLines work = new ConfirmLines();
        sources.forEach((object, both) -> work.confirm(object, both, compiler, tables));
        return work;
    }

    boolean confirms(Finding function) {
        return confirmed.contains(function.object() + ":" + function.name());
    }

    private void confirm(String object, Preprocessed sources, AskCompiler compiler, SpecialSections tables) {
        Optional<ObjectPieces> original = compile(object, sources.original(), compiler, tables);
        Optional<ObjectPieces> patched = compile(object, sources.patched(), compiler, tables);
        if (original.isEmpty() || patched.isEmpty()) {
            return;
        }
        Comparison comparison =
                Compare.compare(Correlate.correlate(original.get(), patched.get()), LineNumbers.UNMOVED);
        for (Piece piece : patched.get().pieces()) {
            if (piece.isCode() && comparison.status(piece) == Comparison.Status.SAME) {
                confirmed.add(object + ":" + piece.name());
            }
        }
    }

    /** The compiler's next answer would be written over this one. */
    private static Optional<ObjectPieces> compile(
            String object, Path source, AskCompiler compiler, SpecialSections tables) {
        return compiler.compile(object, source, List.of()).map(made -> {
            Path kept = source.resolveSibling(source.getFileName() + ".o");
            try {
                Files.move(made, kept, StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException e) {
                throw new LivePatchException("cannot write %s: %s".formatted(kept, Cause.of(e)), e);
            }
            return SplitObject.split(object, ElfFile.read(kept), tables);
        });
    }
}
