package dev.suture.build.make;

import dev.suture.build.ChangedSource;
import dev.suture.build.LineMap;
import dev.suture.build.NeutralSource;
import dev.suture.build.NeutraliseLines;
import dev.suture.build.PatchedFile;
import dev.suture.build.SourceText;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * The patched sources as the compiler gets them.
 *
 * @param contents by path; empty for a file that is removed
 * @param files what became of each
 * @param neutral whether directives keep the line numbers of what the patches leave alone
 */
record PatchedTexts(Map<String, Optional<SourceText>> contents, List<PatchedFile> files, boolean neutral) {
    /** {@return the texts just as they are} */
    static PatchedTexts of(List<ChangedSource> sources) {
        return of(sources, false, path -> false);
    }

    /**
     * {@return the texts}
     *
     * @param neutral whether directives keep the line numbers of what the patches leave alone
     * @param compiled which files nobody reads but compilers: to a generator a directive may be anything
     */
    static PatchedTexts of(List<ChangedSource> sources, boolean neutral, Predicate<String> compiled) {
        Map<String, Optional<SourceText>> contents = new TreeMap<>();
        List<PatchedFile> files = new ArrayList<>();
        for (ChangedSource source : sources) {
            LineMap lines = new LineMap(List.of(), List.of());
            Optional<SourceText> text = source.patched();
            if (text.isPresent() && source.original().isPresent()) {
                SourceText before = source.original().get();
                NeutralSource ready = neutral && CommandWords.isC(source.path()) && compiled.test(source.path())
                        ? NeutraliseLines.neutralise(before, text.get())
                        : NeutraliseLines.keep(before, text.get());
                text = Optional.of(ready.text());
                lines = ready.map();
            }
            contents.put(source.path(), text);
            files.add(new PatchedFile(source, lines));
        }
        return new PatchedTexts(contents, files, neutral);
    }

    /** Puts them in the place of the sources. */
    void writeTo(BuiltCopy copy) throws IOException {
        for (Map.Entry<String, Optional<SourceText>> file : contents.entrySet()) {
            if (file.getValue().isPresent()) {
                copy.write(file.getKey(), file.getValue().get());
            } else {
                copy.delete(file.getKey());
            }
        }
    }
}
