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
        try (InputStream in = PayloadCode.class.getResourceAsStream("/payload-code/suture/" + name)) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return new ChangedSource(path, Optional.empty(), Optional.of(SourceText.of(text)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
