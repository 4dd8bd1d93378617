package dev.suture.drift;

import dev.suture.LivePatchException;
import dev.suture.build.AskCompiler;
import dev.suture.build.Cause;
import dev.suture.diff.Compare;
import dev.suture.diff.Comparison;
import dev.suture.diff.Correlate;
import dev.suture.diff.LineNumbers;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.SplitObject;
import dev.suture.elf.ElfFile;
import dev.suture.source.SourceChange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Tells functions whose running code is code of the patched source, too: token by token, behind the preprocessor, they
 * and everything they use are what they were, and they share no state with code that changes.
 */
public final class UnchangedInSource {
    /** Why such a function needs no replacement, for reports. */
    public static final String REASON =
            "the patch changes nothing that it is made from: the compiler only decided otherwise what to inline, and what runs stays right";

    private final SourceChange change;
    private final VariablesOfObjects variables;

    private UnchangedInSource(SourceChange change, VariablesOfObjects variables) {
        this.change = change;
        this.variables = variables;
    }

    /**
     * {@return what two versions of a source have in common; empty if they differ in what is not understood}
     *
     * @param original the source before the patch, behind the preprocessor
     * @param patched the same with the patch; lines that the patch leaves alone have the numbers they had
     * @param comparison of the objects that are made of them
     */
    public static Optional<UnchangedInSource> between(Path original, Path patched, Comparison comparison) {
        return SourceChange.between(read(original), read(patched))
                .map(change -> new UnchangedInSource(change, new VariablesOfObjects(comparison)));
    }

    /**
     * {@return whether that can be asked of a function at all: whether everybody knows how it is called} How clones
     * ({@code f.constprop.0}) are called is the compiler's own affair.
     */
    public static boolean mayBeAsked(Piece original, Piece patched) {
        return patched.kind() == Piece.Kind.FUNCTION
                && patched.symbols().size() == 1
                && original.symbols().size() == 1
                && original.name().equals(patched.name())
                && patched.name().indexOf('.') < 0;
    }

    /** {@return whether a function's running code is code of the patched source, too} */
    public boolean holds(Piece original, Piece patched) {
        String name = patched.name();
        boolean isLocal = !patched.isGlobal() || !original.isGlobal();
        return change.knows(name)
                && change.pathToChange(name).isEmpty()
                && !(isLocal && change.isUsedByChangedCode(name))
                && change.sharedState(name, variables).isEmpty()
                && variables.leadToNoOther(original, patched);
    }

    /**
     * {@return whether a compiler makes an object of a source, as far as it is part of a program} If not, then the object
     * is from another source, or what decides about its code is not in the source: flags, say, or a file that the assembler
     * reads.
     *
     * @param source behind the preprocessor
     */
    public static boolean makes(AskCompiler compiler, Path source, ObjectPieces object, SpecialSections tables) {
        Optional<Path> made = compiler.compile(object.name(), source, List.of());
        if (made.isEmpty()) {
            return false;
        }
        ObjectPieces pieces = SplitObject.split(object.name(), ElfFile.read(made.get()), tables);
        Comparison comparison = Compare.compare(Correlate.correlate(pieces, object), LineNumbers.UNMOVED);
        return comparison.removed().isEmpty()
                && object.pieces().stream()
                        .map(comparison::status)
                        .allMatch(status -> status == Comparison.Status.SAME || status == Comparison.Status.UNNAMED);
    }

    private static String read(Path preprocessed) {
        try {
            return Files.readString(preprocessed, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new LivePatchException("cannot read %s: %s".formatted(preprocessed, Cause.of(e)), e);
        }
    }
}
