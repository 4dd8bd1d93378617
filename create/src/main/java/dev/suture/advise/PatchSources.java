package dev.suture.advise;

import dev.suture.advise.OutlineC.Item;
import dev.suture.build.ChangedSource;
import dev.suture.build.HunkMap.HunkLines;
import dev.suture.build.SourceText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The sources of a tree before and after the patches, as text and as outlines. Paths are relative to its root. */
final class PatchSources {
    private static final OutlineC EMPTY = OutlineC.of(List.of());
    private static final Pattern INCLUDE = Pattern.compile("\\s*#\\s*include\\s*[<\"]([^>\"]+)");

    private final Path root;
    private final Map<String, String> config;
    private final Map<String, ChangedSource> changed = new HashMap<>();
    private final Map<String, OutlineC> originals = new HashMap<>();
    private final Map<String, OutlineC> patched = new HashMap<>();

    /**
     * @param config the symbols of the configuration that are set
     */
    PatchSources(Path root, Map<String, String> config, List<ChangedSource> sources) {
        this.root = root;
        this.config = Map.copyOf(config);
        sources.forEach(source -> changed.put(source.path(), source));
    }

    /** {@return the text after the patches; empty if there is no such file} */
    Optional<SourceText> patchedText(String path) {
        ChangedSource source = changed.get(path);
        return source == null ? read(path) : source.patched();
    }

    /** {@return the text before the patches; empty if there is no such file} */
    Optional<SourceText> originalText(String path) {
        ChangedSource source = changed.get(path);
        return source == null ? read(path) : source.original();
    }

    private Optional<SourceText> read(String path) {
        Path file = root.resolve(path);
        try {
            return Files.isRegularFile(file) ? Optional.of(SourceText.read(file)) : Optional.empty();
        } catch (IOException e) {
            // Only what can be read is looked at: whether a patch can go live does not hang on this.
            return Optional.empty();
        }
    }

    private static OutlineC outline(String path, Optional<SourceText> text) {
        return isC(path) && text.isPresent() ? OutlineC.of(text.get().lines()) : EMPTY;
    }

    OutlineC original(String path) {
        return originals.computeIfAbsent(path, name -> outline(name, originalText(name)));
    }

    OutlineC patched(String path) {
        return patched.computeIfAbsent(path, name -> outline(name, patchedText(name)));
    }

    /** {@return a line of debug information as a path in the tree} */
    static String plain(dev.suture.dwarf.SourceLine line) {
        return "%s:%d".formatted(file(line), line.line());
    }

    /** {@return the file of a line of debug information as a path in the tree} */
    static String file(dev.suture.dwarf.SourceLine line) {
        return "xen/" + Path.of(line.file()).normalize();
    }

    /** {@return text of a source, which is read byte by byte, as what it was written: UTF-8 if it can be that} */
    static String readable(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        String decoded = new String(bytes, StandardCharsets.UTF_8);
        return Arrays.equals(decoded.getBytes(StandardCharsets.UTF_8), bytes) ? decoded : text;
    }

    /** {@return whether a file is C source, of which outlines mean something} */
    static boolean isC(String path) {
        return path.endsWith(".c") || path.endsWith(".h");
    }

    /** {@return the items that the changed lines of a hunk lie in, each once} */
    List<Item> touched(HunkLines hunk) {
        Map<String, Item> found = new java.util.LinkedHashMap<>();
        for (int line : hunk.removed()) {
            original(hunk.placed().originalPath()).at(line).ifPresent(item -> found.putIfAbsent(key(item), item));
        }
        for (int line : hunk.added()) {
            patched(hunk.path()).at(line).ifPresent(item -> found.put(key(item), item));
        }
        return List.copyOf(found.values());
    }

    private static String key(Item item) {
        return item.kind() + " " + item.name();
    }

    /** {@return whether a hunk changes nothing but comments and space} */
    boolean changesOnlyComments(HunkLines hunk) {
        OutlineC before = original(hunk.placed().originalPath());
        OutlineC after = patched(hunk.path());
        return isC(hunk.path())
                && hunk.removed().stream().noneMatch(before::hasCode)
                && hunk.added().stream().noneMatch(after::hasCode);
    }

    /** {@return whether a word between spaces stands in the lines that a hunk removes or adds} */
    boolean changesWord(HunkLines hunk, String word) {
        Stream<String> removed = texts(originalText(hunk.placed().originalPath()), hunk.removed());
        return Stream.concat(removed, texts(patchedText(hunk.path()), hunk.added()))
                .flatMap(line -> Stream.of(line.strip().split("\\s+")))
                .anyMatch(word::equals);
    }

    /** {@return lines of a file by their numbers; none if the file has another name in the tree} */
    private static Stream<String> texts(Optional<SourceText> file, List<Integer> lines) {
        return file.stream()
                .flatMap(text -> lines.stream()
                        .filter(line -> line <= text.lines().size())
                        .map(line -> text.lines().get(line - 1)));
    }

    /** {@return the file that a hunk includes, if that is all the code it changes} */
    Optional<String> onlyIncludes(HunkLines hunk) {
        OutlineC before = original(hunk.placed().originalPath());
        OutlineC after = patched(hunk.path());
        List<String> added = texts(
                        patchedText(hunk.path()),
                        hunk.added().stream().filter(after::hasCode).toList())
                .toList();
        if (added.size() != 1 || hunk.removed().stream().anyMatch(before::hasCode)) {
            return Optional.empty();
        }
        Matcher include = INCLUDE.matcher(added.getFirst());
        return include.lookingAt() ? Optional.of(include.group(1)) : Optional.empty();
    }

    /** {@return why the configuration leaves out all that a hunk changes; empty if not or if that is not known} */
    Optional<String> leftOut(HunkLines hunk) {
        if (!isC(hunk.path())) {
            return Optional.empty();
        }
        OutlineC before = original(hunk.placed().originalPath());
        OutlineC after = patched(hunk.path());
        Map<Integer, String> outBefore = leftOutLines(originalText(hunk.placed().originalPath()));
        Map<Integer, String> outAfter = leftOutLines(patchedText(hunk.path()));
        boolean all = hunk.removed().stream().allMatch(line -> !before.hasCode(line) || outBefore.containsKey(line))
                && hunk.added().stream().allMatch(line -> !after.hasCode(line) || outAfter.containsKey(line));
        Optional<String> why = hunk.added().stream()
                .map(outAfter::get)
                .filter(Objects::nonNull)
                .findFirst();
        return all
                ? why.or(() -> hunk.removed().stream()
                        .map(outBefore::get)
                        .filter(Objects::nonNull)
                        .findFirst())
                : Optional.empty();
    }

    private Map<Integer, String> leftOutLines(Optional<SourceText> text) {
        return text.map(lines -> LeftOutLines.of(lines.lines(), config)).orElse(Map.of());
    }

    /** {@return the names that stand in the changed lines of a hunk} */
    Set<String> words(HunkLines hunk) {
        Set<String> words = new LinkedHashSet<>();
        words.addAll(words(original(hunk.placed().originalPath()), hunk.removed()));
        words.addAll(words(patched(hunk.path()), hunk.added()));
        return words;
    }

    /** {@return the names in the lines that a hunk adds} */
    Set<String> addedWords(HunkLines hunk) {
        return words(patched(hunk.path()), hunk.added());
    }

    private static Set<String> words(OutlineC outline, List<Integer> lines) {
        Set<Integer> wanted = Set.copyOf(lines);
        Set<String> words = new LinkedHashSet<>();
        for (Item item : outline.items()) {
            for (Token token : item.tokens()) {
                if (token.isName() && wanted.contains(token.line())) {
                    words.add(token.text());
                }
            }
        }
        return words;
    }

    /** {@return the changed lines of a hunk in which a name stands, as {@code file:line}, added ones first} */
    List<String> placesOf(HunkLines hunk, String word) {
        List<String> places = new ArrayList<>();
        for (Item item : patched(hunk.path()).items()) {
            for (Token token : item.tokens()) {
                String place = "%s:%d".formatted(hunk.path(), token.line());
                if (token.is(word) && hunk.added().contains(token.line()) && !places.contains(place)) {
                    places.add(place);
                }
            }
        }
        return places;
    }
}
