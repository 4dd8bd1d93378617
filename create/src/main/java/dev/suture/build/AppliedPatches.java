package dev.suture.build;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What patches made of a tree's sources.
 *
 * @param sources every file whose text differs from the tree's, ordered by path
 * @param movedHunks hunks that applied at another line than they say
 * @param hunks all hunks, in the order in which they were applied
 */
public record AppliedPatches(List<ChangedSource> sources, List<MovedHunk> movedHunks, List<PlacedHunk> hunks) {
    /** No patch at all. */
    public static final AppliedPatches NONE = new AppliedPatches(List.of(), List.of(), List.of());

    /** What may decide which files are read: directives of the preprocessor and of the assembler. */
    private static final Pattern DIRECTIVE = Pattern.compile("\\s*(#|%:|\\?\\?=)|.*incbin");

    public AppliedPatches {
        sources = List.copyOf(sources);
        movedHunks = List.copyOf(movedHunks);
        hunks = List.copyOf(hunks);
    }

    /**
     * {@return what came after the first of these patches}
     *
     * @param first what the first of them alone made of the sources
     */
    public AppliedPatches since(AppliedPatches first) {
        Map<String, ChangedSource> before = byPath(first);
        Map<String, ChangedSource> after = byPath(this);
        Set<String> paths = new TreeSet<>(before.keySet());
        paths.addAll(after.keySet());
        List<ChangedSource> later = new ArrayList<>();
        for (String path : paths) {
            Optional<SourceText> from = before.containsKey(path)
                    ? before.get(path).patched()
                    : after.get(path).original();
            Optional<SourceText> to = after.containsKey(path)
                    ? after.get(path).patched()
                    : before.get(path).original();
            if (!from.equals(to)) {
                later.add(new ChangedSource(path, from, to));
            }
        }
        return new AppliedPatches(
                later,
                movedHunks.subList(first.movedHunks().size(), movedHunks.size()),
                hunks.subList(first.hunks().size(), hunks.size()));
    }

    /** {@return whether objects may depend on other files with these patches than without} */
    public boolean mayIncludeMore() {
        return sources.stream()
                .anyMatch(source -> source.kind() != ChangedSource.Kind.CHANGED
                        || !directives(source.original().get())
                                .equals(directives(source.patched().get())));
    }

    private static List<String> directives(SourceText text) {
        return text.lines().stream()
                .filter(line -> DIRECTIVE.matcher(line).lookingAt())
                .toList();
    }

    private static Map<String, ChangedSource> byPath(AppliedPatches patches) {
        return patches.sources().stream().collect(Collectors.toMap(ChangedSource::path, source -> source));
    }
}
