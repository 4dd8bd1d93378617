package dev.suture.build;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Code of a payload that no file of the tree is changed for: sources that the user gives beside the patches, and what
 * Suture brings for those that ask for it with {@code #include <suture/shadow.h>}. Each source becomes one more object.
 *
 * <p>What Suture brings is kept in the directory {@code payload-code} of the resources, which has a licence of its own.
 */
public final class PayloadCode {
    private static final Pattern INCLUDE = Pattern.compile("\\s*#\\s*include\\s*[<\"]suture/(\\w+)\\.h[>\"].*");
    private static final Pattern SOURCE = Pattern.compile(".*\\.(c|cc|cpp|cxx)");
    private static final String GIVEN = "suture-added/";
    private static final List<String> HEADERS = List.of("shadow", "hooks");
    private static final List<String> WITH_SOURCE = List.of("shadow");

    private PayloadCode() {}

    /**
     * The patched sources with the code that comes along.
     *
     * @param patches what the patches made of the sources, and the new files
     * @param sources those of the new files that become objects of their own, by path
     */
    public record Completed(AppliedPatches patches, List<String> sources) {
        public Completed {
            sources = List.copyOf(sources);
        }

        /** {@return what came after the first of the patches, of which these are the complete result} */
        public Completed since(Completed first) {
            return new Completed(
                    patches.since(first.patches),
                    sources.stream()
                            .filter(source -> !first.sources.contains(source))
                            .toList());
        }
    }

    /** {@return whether a file that is given as a patch is a source by itself} */
    static boolean isSource(String fileName) {
        return SOURCE.matcher(fileName).matches();
    }

    /** {@return the patch that adds such a source; {@link #complete} gives it its place} */
    static FilePatch adding(String fileName, SourceText text) {
        String path = "b/" + GIVEN + fileName;
        Hunk all = new Hunk(1, 0, List.of(), text.lines(), 0, 0, false, !text.endsWithNewline());
        return new FilePatch(FilePatch.Kind.CREATE, path, path, List.of(all));
    }

    /** {@return whether the patch is one that {@link #adding} made} */
    static boolean isAdding(SourcePatch patch) {
        return patch.files().getFirst().patchedPath().startsWith("b/" + GIVEN);
    }

    /**
     * {@return the patched sources and what comes along}
     *
     * @param applied the patched sources
     * @param sourceDirectory where sources go, relative to the tree's root and with a final slash
     * @param headerDirectory where {@code suture/} goes, for includes
     */
    public static Completed complete(AppliedPatches applied, String sourceDirectory, String headerDirectory) {
        Map<String, ChangedSource> all = new LinkedHashMap<>();
        List<String> sources = new ArrayList<>();
        for (ChangedSource source : applied.sources()) {
            if (source.path().startsWith(GIVEN)) {
                String path = place(sourceDirectory, source.path().substring(GIVEN.length()));
                sources.add(path);
                all.put(path, new ChangedSource(path, Optional.empty(), source.patched()));
            } else {
                all.put(source.path(), source);
            }
        }
        List<String> wanted = HEADERS.stream()
                .filter(header -> applied.sources().stream().anyMatch(source -> includes(source, header)))
                .toList();
        for (String header : wanted) {
            String path = headerDirectory + "suture/" + header + ".h";
            all.put(path, resource(header + ".h", path));
            if (WITH_SOURCE.contains(header)) {
                String code = place(sourceDirectory, header + ".c");
                all.put(code, resource(header + ".c", code));
                sources.add(code);
            }
        }
        return new Completed(
                new AppliedPatches(List.copyOf(all.values()), applied.movedHunks(), applied.hunks()), sources);
    }

    /**
     * {@return whether an object is made of a source that Suture brings, as it is}
     *
     * @param name of the object, as the build names it
     * @param files what the patches change, in the tree from its root
     */
    public static boolean isBrought(String name, List<PatchedFile> files) {
        return name.endsWith(".o")
                && WITH_SOURCE.stream()
                        .anyMatch(source -> files.stream()
                                .filter(file -> file.original().isEmpty()
                                        && file.patched().equals(Optional.of(text(source + ".c"))))
                                .anyMatch(file -> isMadeOf(name, file.path())));
    }

    private static boolean isMadeOf(String object, String source) {
        String made = object.substring(0, object.length() - ".o".length()) + ".c";
        return source.equals(made) || source.endsWith("/" + made);
    }

    private static String place(String sourceDirectory, String fileName) {
        return sourceDirectory + "suture-" + fileName;
    }

    private static boolean includes(ChangedSource source, String header) {
        return source.patched().stream()
                .flatMap(text -> text.lines().stream())
                .map(INCLUDE::matcher)
                .anyMatch(matcher -> matcher.matches() && matcher.group(1).equals(header));
    }

    private static ChangedSource resource(String name, String path) {
        return new ChangedSource(path, Optional.empty(), Optional.of(text(name)));
    }

    private static SourceText text(String name) {
        try (InputStream in = PayloadCode.class.getResourceAsStream("/payload-code/suture/" + name)) {
            return SourceText.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
