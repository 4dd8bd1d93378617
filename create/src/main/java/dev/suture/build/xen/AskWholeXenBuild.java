package dev.suture.build.xen;

import dev.suture.LivePatchException;
import dev.suture.build.AskCompiler;
import dev.suture.build.AskCompiler.Preprocessed;
import dev.suture.build.Cause;
import dev.suture.build.ChangedSource;
import dev.suture.build.NeutraliseLines;
import dev.suture.build.ScratchTree;
import dev.suture.build.SourceText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Asks the compiler of a whole patched build once more, in its scratch copy.
 *
 * <p>Everything that was built stays there, generated headers included, so that what is compiled again differs from the
 * build in nothing but what is asked for. Sources of before the patch are read by the compiler in the user's tree, where
 * nothing is written.
 */
public final class AskWholeXenBuild {
    private final XenTree tree;
    private final ScratchTree scratch;
    private final List<ChangedSource> sources;
    private final Map<String, XenObject> originals;
    private final Map<String, XenObject> patched;
    private final AskXenCompiler compiler;

    /**
     * The source of an object behind the preprocessor.
     *
     * @param original before the patch
     * @param patched with it; lines that the patch leaves alone have the numbers they had
     * @param built with it, as it was compiled
     */
    public record Sources(Path original, Path patched, Path built) {}

    /** @param sources the files that the patches change, as they are in the scratch copy */
    AskWholeXenBuild(XenTree tree, ScratchTree scratch, List<ChangedSource> sources, Map<String, XenObject> patched) {
        this.tree = tree;
        this.scratch = scratch;
        this.sources = List.copyOf(sources);
        this.patched = patched;
        originals = ReadObjects.read(tree.xenDirectory());
        compiler = new AskXenCompiler(scratch, scratch.directory(), originals, patched, () -> {});
    }

    /** {@return who compiles a source behind the preprocessor as the patched object of that name was compiled} */
    public AskCompiler compiler() {
        return compiler;
    }

    /** {@return the sources of those objects that are compiled from C, by their names; without those that cannot be had} */
    public Map<String, Sources> preprocess(List<String> names) {
        Path copy = scratch.root().resolve("xen");
        Map<String, Sources> all = new LinkedHashMap<>();
        Map<String, Path> built = new LinkedHashMap<>();
        names.forEach(
                name -> compiler.preprocess(patched, name, copy, "built").ifPresent(text -> built.put(name, text)));
        write(true);
        for (Map.Entry<String, Path> entry : built.entrySet()) {
            String name = entry.getKey();
            Optional<Path> neutral = compiler.preprocess(patched, name, copy, "patched");
            Optional<Path> original = compiler.preprocess(originals, name, tree.xenDirectory(), "original");
            if (neutral.isPresent() && original.isPresent()) {
                all.put(name, new Sources(original.get(), neutral.get(), entry.getValue()));
            }
        }
        write(false);
        return all;
    }

    /** {@return the sources of objects with one number for all lines, by the objects' names; without those that cannot be had} */
    public Map<String, Preprocessed> onOneLine(List<String> names) {
        Path copy = scratch.root().resolve("xen");
        Map<String, Preprocessed> all = new LinkedHashMap<>();
        for (String name : names) {
            Optional<Path> after = compiler.preprocess(patched, name, copy, "patched.line", AskCompiler.ON_ONE_LINE);
            Optional<Path> before =
                    compiler.preprocess(originals, name, tree.xenDirectory(), "original.line", AskCompiler.ON_ONE_LINE);
            if (after.isPresent() && before.isPresent()) {
                all.put(name, new Preprocessed(before.get(), after.get()));
            }
        }
        return all;
    }

    private void write(boolean neutral) {
        for (ChangedSource source : sources) {
            if (source.original().isEmpty()
                    || source.patched().isEmpty()
                    || !ReachOfPatch.isCompiledC(source.path())
                    || !tree.isNeededToBuild(Path.of(source.path()))) {
                continue;
            }
            SourceText text = source.patched().get();
            try {
                scratch.write(
                        source.path(),
                        neutral
                                ? NeutraliseLines.neutralise(source.original().get(), text)
                                        .text()
                                : text);
            } catch (IOException e) {
                throw new LivePatchException("cannot write %s: %s".formatted(source.path(), Cause.of(e)), e);
            }
        }
    }
}
