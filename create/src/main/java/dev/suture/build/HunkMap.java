package dev.suture.build;

import com.github.difflib.DiffUtils;
import com.github.difflib.patch.AbstractDelta;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Knows which lines each hunk of one or several patches removes from the tree's files and adds to the final ones.
 *
 * <p>Lines are followed through the patches: a line that the first patch adds and the second removes is in neither the
 * tree's file nor the final one, and a line that the first one adds is further down if the second adds lines above it.
 */
public final class HunkMap {
    /** A line on its way through the patches. */
    private static final class Line {
        final String text;
        /** In the tree's file, from 1; 0 for an added line. */
        final int original;
        /** The hunk that added it; -1 for a line of the tree's file. */
        final int addedBy;

        final Set<Integer> shownIn = new HashSet<>();

        Line(String text, int original, int addedBy) {
            this.text = text;
            this.original = original;
            this.addedBy = addedBy;
        }
    }

    /**
     * A hunk and its lines. Lines count from 1.
     *
     * @param index its place among all hunks
     * @param placed where it applied
     * @param removed the lines of the tree's file that it removes, in order
     * @param added the lines of the final file that it adds, in order
     * @param firstOriginal the first line of the tree's file that it shows; 0 if it shows none
     * @param originalCount how many lines of that file it shows
     * @param firstFinal the first line of the final file that it shows; 0 if it shows none
     * @param finalCount how many lines of that file it shows
     */
    public record HunkLines(
            int index,
            PlacedHunk placed,
            List<Integer> removed,
            List<Integer> added,
            int firstOriginal,
            int originalCount,
            int firstFinal,
            int finalCount) {
        public HunkLines {
            removed = List.copyOf(removed);
            added = List.copyOf(added);
        }

        /** {@return the file that it changes, under its final name} */
        public String path() {
            return placed.patchedPath();
        }

        public boolean showsFinal(int line) {
            return line >= firstFinal && line < firstFinal + finalCount;
        }

        public boolean showsOriginal(int line) {
            return line >= firstOriginal && line < firstOriginal + originalCount;
        }
    }

    private final List<HunkLines> hunks;

    private HunkMap(List<HunkLines> hunks) {
        this.hunks = List.copyOf(hunks);
    }

    /** {@return the hunks of patches and their lines} */
    public static HunkMap of(AppliedPatches applied) {
        Map<String, SourceText> originals = new HashMap<>();
        for (ChangedSource source : applied.sources()) {
            originals.put(source.path(), source.original().orElse(SourceText.EMPTY));
        }
        Map<String, List<Line>> texts = new HashMap<>();
        Map<Integer, Set<Integer>> removed = new HashMap<>();
        Map<Integer, Set<Integer>> shown = new HashMap<>();
        Map<Integer, List<PlacedHunk>> files = new LinkedHashMap<>();
        int file = 0;
        PlacedHunk before = null;
        for (PlacedHunk hunk : applied.hunks()) {
            boolean sameFile = before != null
                    && before.patchIndex() == hunk.patchIndex()
                    && before.originalPath().equals(hunk.originalPath());
            file += sameFile ? 0 : 1;
            files.computeIfAbsent(file, key -> new ArrayList<>()).add(hunk);
            before = hunk;
        }
        int index = 0;
        for (List<PlacedHunk> ofFile : files.values()) {
            PlacedHunk first = ofFile.getFirst();
            List<Line> lines = texts.computeIfAbsent(first.originalPath(), path -> lines(originals.get(path)));
            texts.put(first.patchedPath(), apply(lines, ofFile, index, removed, shown));
            index += ofFile.size();
        }
        return new HunkMap(number(applied.hunks(), texts, removed, shown));
    }

    private static List<Line> lines(SourceText text) {
        List<Line> lines = new ArrayList<>();
        if (text != null) {
            for (String line : text.lines()) {
                lines.add(new Line(line, lines.size() + 1, -1));
            }
        }
        return lines;
    }

    private static List<Line> apply(
            List<Line> before,
            List<PlacedHunk> hunks,
            int firstIndex,
            Map<Integer, Set<Integer>> removed,
            Map<Integer, Set<Integer>> shown) {
        List<Line> after = new ArrayList<>();
        int done = 0;
        for (int at = 0; at < hunks.size(); at++) {
            int id = firstIndex + at;
            Hunk hunk = hunks.get(at).hunk();
            int start = hunks.get(at).originalIndex();
            extend(before, start + hunk.original().size());
            after.addAll(before.subList(done, start));
            List<Line> old = before.subList(start, start + hunk.original().size());
            old.stream()
                    .filter(line -> line.original > 0)
                    .forEach(line ->
                            shown.computeIfAbsent(id, key -> new TreeSet<>()).add(line.original));
            int copied = 0;
            for (AbstractDelta<String> delta :
                    DiffUtils.diff(hunk.original(), hunk.patched()).getDeltas()) {
                int from = delta.getSource().getPosition();
                show(after, old.subList(copied, from), id);
                copied = from + delta.getSource().size();
                for (Line gone : old.subList(from, copied)) {
                    if (gone.original > 0) {
                        removed.computeIfAbsent(id, key -> new TreeSet<>()).add(gone.original);
                    }
                }
                for (String text : delta.getTarget().getLines()) {
                    Line line = new Line(text, 0, id);
                    show(after, List.of(line), id);
                }
            }
            show(after, old.subList(copied, old.size()), id);
            done = start + hunk.original().size();
        }
        after.addAll(before.subList(done, before.size()));
        return after;
    }

    /** Of a file that is in the end what it was nobody keeps the text; its lines are what the hunks say there are. */
    private static void extend(List<Line> lines, int count) {
        int last = lines.stream().mapToInt(line -> line.original).max().orElse(0);
        while (lines.size() < count) {
            last++;
            lines.add(new Line("", last, -1));
        }
    }

    private static void show(List<Line> after, Collection<Line> lines, int id) {
        lines.forEach(line -> line.shownIn.add(id));
        after.addAll(lines);
    }

    private static List<HunkLines> number(
            List<PlacedHunk> placed,
            Map<String, List<Line>> texts,
            Map<Integer, Set<Integer>> removed,
            Map<Integer, Set<Integer>> shown) {
        List<HunkLines> hunks = new ArrayList<>();
        for (int id = 0; id < placed.size(); id++) {
            List<Line> lines = texts.get(placed.get(id).patchedPath());
            List<Integer> added = new ArrayList<>();
            TreeSet<Integer> finals = new TreeSet<>();
            for (int at = 0; at < lines.size(); at++) {
                if (lines.get(at).addedBy == id) {
                    added.add(at + 1);
                }
                if (lines.get(at).shownIn.contains(id)) {
                    finals.add(at + 1);
                }
            }
            TreeSet<Integer> originals = new TreeSet<>(shown.getOrDefault(id, Set.of()));
            hunks.add(new HunkLines(
                    id,
                    placed.get(id),
                    List.copyOf(removed.getOrDefault(id, Set.of())),
                    added,
                    originals.isEmpty() ? 0 : originals.first(),
                    originals.isEmpty() ? 0 : originals.last() - originals.first() + 1,
                    finals.isEmpty() ? 0 : finals.first(),
                    finals.isEmpty() ? 0 : finals.last() - finals.first() + 1));
        }
        return hunks;
    }

    /** {@return all hunks, in the order in which they apply} */
    public List<HunkLines> hunks() {
        return hunks;
    }

    /**
     * {@return the hunk that changes a line, or else shows it: a difference may be aligned in more than one way}
     *
     * @param path relative to the root of the tree
     * @param added whether the line is one of the final file; else it is one of the tree's
     */
    public Optional<HunkLines> at(String path, int line, boolean added) {
        Optional<HunkLines> exact = hunks.stream()
                .filter(hunk -> hunk.path().equals(path) && (added ? hunk.added() : hunk.removed()).contains(line))
                .findFirst();
        return exact.or(() -> hunks.stream()
                .filter(hunk -> hunk.path().equals(path) && (added ? hunk.showsFinal(line) : hunk.showsOriginal(line)))
                .findFirst());
    }
}
