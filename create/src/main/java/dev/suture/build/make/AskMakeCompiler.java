package dev.suture.build.make;

import dev.suture.LivePatchException;
import dev.suture.build.AskCompiler;
import dev.suture.build.Cause;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Asks the compiler of a program, in the built copy of its source. */
final class AskMakeCompiler implements AskCompiler {
    private final BuiltCopy copy;
    private final Path directory;
    private final CompileObjects compiler;
    private final Map<String, CompileStep> steps;
    private final List<String> flags;
    private final Originals sources;
    /** Once the sources of before the patch are back, those with it are gone. */
    private final Map<String, Preprocessed> known = new LinkedHashMap<>();

    private boolean wereAsked;

    /**
     * @param directory where answers go
     * @param steps how the objects of the build are compiled, by the names it calls them
     * @param flags what the objects were compiled with behind the build's own options
     * @param sources what the originals were compiled from
     * @param known what was put through the preprocessor already; if there is any, nothing else is
     */
    AskMakeCompiler(
            BuiltCopy copy,
            Path directory,
            CompileObjects compiler,
            Map<String, CompileStep> steps,
            List<String> flags,
            Originals sources,
            Map<String, Preprocessed> known) {
        this.copy = copy;
        this.directory = directory;
        this.compiler = compiler;
        this.steps = Map.copyOf(steps);
        this.flags = List.copyOf(flags);
        this.sources = sources;
        this.known.putAll(known);
        wereAsked = !known.isEmpty();
    }

    @Override
    public Map<String, Preprocessed> preprocess(List<String> objects, Set<String> alsoOnOneLine) {
        if (wereAsked) {
            Map<String, Preprocessed> again = new LinkedHashMap<>(known);
            again.keySet().retainAll(objects);
            return again;
        }
        wereAsked = true;
        Map<String, Path> texts = new LinkedHashMap<>();
        Map<String, Path> onOneLine = new LinkedHashMap<>();
        objects.forEach(name -> preprocess(name, "patched", List.of()).ifPresent(text -> texts.put(name, text)));
        alsoOnOneLine.forEach(
                name -> preprocess(name, "patched.line", ON_ONE_LINE).ifPresent(text -> onOneLine.put(name, text)));
        Map<String, Preprocessed> both = new LinkedHashMap<>();
        if (!texts.isEmpty()) {
            try {
                sources.putInPlace();
            } catch (IOException e) {
                throw new LivePatchException("cannot put the sources back: " + Cause.of(e), e);
            }
            texts.forEach((name, text) -> preprocess(name, "original", List.of())
                    .ifPresent(original -> both.put(
                            name,
                            new Preprocessed(
                                    original,
                                    text,
                                    Optional.ofNullable(onOneLine.get(name))
                                            .flatMap(line -> preprocess(name, "original.line", ON_ONE_LINE)
                                                    .map(other -> new Preprocessed(other, line)))))));
        }
        known.putAll(both);
        return both;
    }

    private Optional<Path> preprocess(String name, String version, List<String> more) {
        CompileStep step = steps.get(name);
        if (step == null || !step.source().toString().endsWith(".c")) {
            return Optional.empty();
        }
        Path text = output(name, version + ".i");
        return answer(step, step.preprocessTo(text, more), text);
    }

    @Override
    public Optional<Path> compile(String object, Path preprocessed, List<String> options) {
        Path output = output(object, "asked.o");
        List<String> more = new ArrayList<>(flags);
        more.addAll(options);
        more.add("-w");
        CompileStep step = steps.get(object);
        return answer(step, step.compilePreprocessed(preprocessed, output, more), output);
    }

    private Path output(String name, String ending) {
        try {
            return Files.createDirectories(directory).resolve(name.replace('/', '_') + "." + ending);
        } catch (IOException e) {
            throw new LivePatchException("cannot write to %s: %s".formatted(directory, Cause.of(e)), e);
        }
    }

    private Optional<Path> answer(CompileStep step, List<String> command, Path output) {
        boolean answered = compiler.succeeds(command, step.directory()) && Files.exists(output);
        return answered ? Optional.of(output) : Optional.empty();
    }

    @Override
    public void close() {
        copy.close();
    }
}
