package dev.suture.build.make;

import dev.suture.build.AskCompiler.Preprocessed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Puts the C sources of objects that two builds make by the same command through the preprocessor, in both. */
final class PreprocessBoth {
    private PreprocessBoth() {}

    /**
     * {@return the sources of both builds, by the names of their objects}
     *
     * @param steps of the first build
     * @param directory where the texts go
     */
    static Map<String, Preprocessed> of(Reached base, List<CompileStep> steps, Reached patched, Path directory)
            throws IOException {
        Path texts = Files.createDirectories(directory.resolve("asked"));
        Map<String, Preprocessed> both = new LinkedHashMap<>();
        for (CompileStep step : steps) {
            String name = base.name(step);
            Optional<CompileStep> twin = patched.named(name)
                    .filter(other -> patched.command(other).equals(base.command(step)))
                    .filter(other -> other.source().toString().endsWith(".c"));
            if (twin.isPresent()) {
                Path before = texts.resolve(name.replace('/', '_') + ".original.i");
                Path after = texts.resolve(name.replace('/', '_') + ".patched.i");
                boolean made = base.compiler().succeeds(step.preprocessTo(before, List.of()), step.directory())
                        && patched.compiler()
                                .succeeds(
                                        twin.get().preprocessTo(after, List.of()),
                                        twin.get().directory());
                if (made) {
                    both.put(name, new Preprocessed(before, after));
                }
            }
        }
        return both;
    }
}
