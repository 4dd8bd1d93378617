package dev.suture.build.xen;

import dev.suture.LivePatchException;
import dev.suture.build.AskCompiler;
import dev.suture.build.Cause;
import dev.suture.build.ChildProcess;
import dev.suture.build.ScratchTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Asks the compiler of a Xen tree, in the scratch copy that a build has left behind. */
final class AskXenCompiler implements AskCompiler {
    private final ScratchTree scratch;
    private final Path workDirectory;
    private final Map<String, XenObject> originals;
    private final Map<String, XenObject> patched;
    private final Originals sources;

    /**
     * @param originals all objects of the tree, by name
     * @param patched all objects of the patched tree, by name
     * @param sources what the originals were compiled from
     */
    AskXenCompiler(
            ScratchTree scratch,
            Path workDirectory,
            Map<String, XenObject> originals,
            Map<String, XenObject> patched,
            Originals sources) {
        this.scratch = scratch;
        this.workDirectory = workDirectory;
        this.originals = Map.copyOf(originals);
        this.patched = Map.copyOf(patched);
        this.sources = sources;
    }

    @Override
    public Map<String, Preprocessed> preprocess(List<String> names, Set<String> alsoOnOneLine) {
        Map<String, Path> texts = new LinkedHashMap<>();
        Map<String, Path> onOneLine = new LinkedHashMap<>();
        Path directory = scratch.root().resolve("xen");
        Map<String, Map<String, String>> assembly = new HashMap<>();
        names.stream().filter(this::keepsItsCommand).forEach(name -> {
            preprocess(patched, name, directory, "patched").ifPresent(text -> {
                texts.put(name, text);
                assembly.put(name, ReadByAssembler.files(text, directory));
            });
            if (alsoOnOneLine.contains(name)) {
                preprocess(patched, name, directory, "patched.line", ON_ONE_LINE)
                        .ifPresent(text -> onOneLine.put(name, text));
            }
        });
        Map<String, Preprocessed> both = new LinkedHashMap<>();
        if (!texts.isEmpty()) {
            try {
                sources.putInPlace();
            } catch (IOException e) {
                throw new LivePatchException("cannot put the tree's files back: " + Cause.of(e), e);
            }
            texts.forEach((name, text) -> preprocess(originals, name, directory, "original")
                    .filter(original ->
                            ReadByAssembler.files(original, directory).equals(assembly.get(name)))
                    .ifPresent(original -> both.put(
                            name,
                            new Preprocessed(
                                    original,
                                    text,
                                    Optional.ofNullable(onOneLine.get(name))
                                            .flatMap(line -> preprocess(
                                                            originals, name, directory, "original.line", ON_ONE_LINE)
                                                    .map(other -> new Preprocessed(other, line)))))));
        }
        return both;
    }

    /** A patch of a makefile may change what code is made of a source that it does not touch. */
    private boolean keepsItsCommand(String name) {
        XenObject before = originals.get(name);
        XenObject after = patched.get(name);
        return before != null
                && after != null
                && RecordedWords.compilerAndOptions(before.command(), before.source())
                        .equals(RecordedWords.compilerAndOptions(after.command(), after.source()));
    }

    /**
     * {@return the source of an object behind the preprocessor; empty if it is not in C, or the compiler failed}
     *
     * @param directory the folder {@code xen} with the sources
     * @param version what to call the answer
     */
    Optional<Path> preprocess(Map<String, XenObject> objects, String name, Path directory, String version) {
        return preprocess(objects, name, directory, version, List.of());
    }

    Optional<Path> preprocess(
            Map<String, XenObject> objects, String name, Path directory, String version, List<String> options) {
        XenObject object = objects.get(name);
        if (object == null || !object.source().endsWith(".c")) {
            return Optional.empty();
        }
        List<String> more = new ArrayList<>(options);
        more.addAll(List.of("-E", object.source()));
        return run(object, directory, more, name, version + ".i");
    }

    @Override
    public Optional<Path> compile(String name, Path preprocessed, List<String> options) {
        List<String> more = new ArrayList<>(options);
        more.addAll(List.of("-w", "-c", preprocessed.toAbsolutePath().toString()));
        return run(patched.get(name), scratch.root().resolve("xen"), more, name, "asked.o");
    }

    /** {@return what the compiler wrote with more options than the build's; empty if it failed} */
    private Optional<Path> run(XenObject object, Path directory, List<String> more, String name, String ending) {
        Path output =
                workDirectory.resolve("asked").resolve(name + "." + ending).toAbsolutePath();
        List<String> command = new ArrayList<>(RecordedWords.compilerAndOptions(object.command(), object.source()));
        command.addAll(more);
        command.addAll(List.of("-o", output.toString()));
        try {
            Files.createDirectories(output.getParent());
        } catch (IOException e) {
            throw new LivePatchException("cannot write to %s: %s".formatted(workDirectory, Cause.of(e)), e);
        }
        int status = ChildProcess.run(
                command,
                directory,
                Map.of("LC_ALL", "C"),
                scratch.directory().toString(),
                workDirectory.resolve("make.log"),
                _ -> {});
        return status == 0 && Files.exists(output) ? Optional.of(output) : Optional.empty();
    }

    @Override
    public void close() {
        scratch.close();
    }
}
