package dev.suture.create;

import dev.suture.build.ChangedSource;
import dev.suture.build.LineMap;
import dev.suture.build.PatchedFile;
import dev.suture.diff.SourceLines;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What patched files say of lines.
 *
 * <p>Debug information names a file as the compiler was called with it, from whatever directory, so that names are compared
 * from behind. Where that fits several files which say different things, nothing is known.
 */
final class LinesOfPatch implements SourceLines {
    private final List<PatchedFile> files;

    LinesOfPatch(List<PatchedFile> files) {
        this.files = List.copyOf(files);
    }

    @Override
    public OptionalLong untouched(String file, long line) {
        if (file.isEmpty() || line <= 0 || line != (int) line) {
            return OptionalLong.empty();
        }
        Set<OptionalInt> found = of(file).stream()
                .map(patched -> patched.kind() == ChangedSource.Kind.CHANGED
                        ? patched.lines().compiledLine((int) line)
                        : OptionalInt.empty())
                .collect(Collectors.toSet());
        if (found.isEmpty()) {
            return OptionalLong.of(line);
        }
        OptionalInt only = found.size() == 1 ? found.iterator().next() : OptionalInt.empty();
        return only.isPresent() ? OptionalLong.of(only.getAsInt()) : OptionalLong.empty();
    }

    @Override
    public boolean replaced(String file, long original, long patched) {
        List<LineMap> maps = of(file).stream().map(PatchedFile::lines).toList();
        return maps.size() == 1 && maps.getFirst().replaced((int) original, (int) patched);
    }

    private List<PatchedFile> of(String file) {
        Path compiled = Path.of(file).normalize();
        return files.stream()
                .filter(patched -> {
                    Path path = Path.of(patched.path()).normalize();
                    return path.endsWith(compiled) || compiled.endsWith(path);
                })
                .toList();
    }
}
