package dev.suture.build;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Asks the compiler of a build once more, by the build's own commands, while its sources are still in place.
 *
 * <p>Nobody else can use the copy of the tree until this is closed.
 */
public interface AskCompiler extends AutoCloseable {
    /** Has no compiler to ask. */
    AskCompiler NOBODY = new AskCompiler() {
        @Override
        public Map<String, Preprocessed> preprocess(List<String> objects, Set<String> alsoOnOneLine) {
            return Map.of();
        }

        @Override
        public Optional<Path> compile(String object, Path preprocessed, List<String> options) {
            return Optional.empty();
        }

        @Override
        public void close() {}
    };

    /** Makes {@code __LINE__} the same number everywhere, whatever the line; Xen has 14 bits for it (asm/bug.h). */
    List<String> ON_ONE_LINE = List.of("-w", "-D__LINE__=15011");

    /**
     * The source of an object behind the preprocessor.
     *
     * @param original before the patch
     * @param patched with it
     * @param onOneLine the same with one number for all lines, if that was asked for
     */
    record Preprocessed(Path original, Path patched, Optional<Preprocessed> onOneLine) {
        public Preprocessed(Path original, Path patched) {
            this(original, patched, Optional.empty());
        }
    }

    /** Puts the sources of before the patch back. */
    interface Originals {
        void putInPlace() throws IOException;
    }

    /**
     * {@return the sources of those objects that are compiled from C, by the objects' names; without the ones that cannot
     * be had}
     *
     * @param objects by the names that {@link ObjectPair} has; the first question decides what there is
     * @param alsoOnOneLine those among them that are wanted with one number for all lines as well
     */
    Map<String, Preprocessed> preprocess(List<String> objects, Set<String> alsoOnOneLine);

    /**
     * {@return the object that the build's command and some more options make; empty if the compiler does not know them}
     *
     * @param object whose command is to be used
     * @param preprocessed what is to be compiled
     * @param options what to add behind the build's own
     */
    Optional<Path> compile(String object, Path preprocessed, List<String> options);

    @Override
    void close();
}
