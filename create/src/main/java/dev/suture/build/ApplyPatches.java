package dev.suture.build;

import dev.suture.LivePatchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Applies patches to a tree's sources, in memory.
 *
 * <p>A hunk must find every one of its context and removed lines, in order; it may find them at another line than it
 * says (an offset, reported), but never only some of them (fuzz). So a patch either means here what it meant where it
 * was made or is turned down, with the place where it nearly fits.
 *
 * <p>How many leading directories of the patch's names to drop, and whether the patch was made inside one of the
 * tree's directories, is found out from which files exist: {@code a/xen/common/page_alloc.c} and
 * {@code common/page_alloc.c} both find {@code xen/common/page_alloc.c}.
 */
public final class ApplyPatches {
    private final Path root;
    private final List<String> prefixes;
    private final Map<String, Optional<SourceText>> originals = new TreeMap<>();
    private final Map<String, Optional<SourceText>> current = new TreeMap<>();
    private final List<MovedHunk> movedHunks = new ArrayList<>();
    private final List<PlacedHunk> placedHunks = new ArrayList<>();
    private int patchIndex;

    private ApplyPatches(Path root, List<String> prefixes) {
        this.root = root;
        this.prefixes = prefixes;
    }

    /**
     * Applies {@code patches} one after the other.
     *
     * @param root the tree's root; only read
     * @param prefixes directories a patch may have been made in, such as {@code ""} and {@code "xen/"}
     * @throws PatchDoesNotApplyException if one does not fit
     */
    public static AppliedPatches apply(Path root, List<String> prefixes, List<SourcePatch> patches) {
        ApplyPatches application = new ApplyPatches(root, prefixes);
        patches.forEach(application::apply);
        return application.result();
    }

    /**
     * A patch that does not fit one of its files.
     *
     * @param patch the patch
     * @param path the file
     * @param problems why, one text for each hunk
     */
    public record Unfit(SourcePatch patch, String path, List<String> problems) {
        public Unfit {
            problems = List.copyOf(problems);
        }
    }

    /**
     * Patches, as far as they fit.
     *
     * @param applied what they made of the files that they fit
     * @param unfit the files that they do not fit, which are left as they were before
     */
    public record Fitting(AppliedPatches applied, List<Unfit> unfit) {
        public Fitting {
            unfit = List.copyOf(unfit);
        }

        /**
         * Makes sure that only such files are left out as do not matter.
         *
         * @throws PatchDoesNotApplyException if there is another
         */
        public void requireAllBut(Predicate<String> mayBeLeftOut) {
            for (Unfit one : unfit) {
                if (!mayBeLeftOut.test(one.path())) {
                    throw new PatchDoesNotApplyException(one.patch(), one.problems());
                }
            }
        }
    }

    /**
     * Applies {@code patches} one after the other, and leaves out the files that they do not fit. A test or a document
     * that has changed since need not stop a live patch, as long as it is not compiled.
     *
     * @param root the tree's root; only read
     * @param prefixes directories a patch may have been made in
     * @throws PatchDoesNotApplyException if one fits none of its files
     */
    public static Fitting applyWhatFits(Path root, List<String> prefixes, List<SourcePatch> patches) {
        ApplyPatches application = new ApplyPatches(root, prefixes);
        List<Unfit> unfit = new ArrayList<>();
        for (SourcePatch patch : patches) {
            List<Unfit> ofPatch = application.applyEach(patch);
            if (ofPatch.size() == patch.files().size()) {
                throw new PatchDoesNotApplyException(
                        patch,
                        ofPatch.stream().flatMap(one -> one.problems().stream()).toList());
            }
            unfit.addAll(ofPatch);
        }
        return new Fitting(application.result(), unfit);
    }

    private List<Unfit> applyEach(SourcePatch patch) {
        Naming naming = findNaming(patch);
        List<Unfit> unfit = new ArrayList<>();
        for (FilePatch file : patch.files()) {
            String original = naming.path(file.originalPath());
            String patched = naming.path(file.patchedPath());
            List<String> problems = new ArrayList<>();
            apply(file, original, patched, problems);
            if (!problems.isEmpty()) {
                unfit.add(new Unfit(patch, file.kind() == FilePatch.Kind.CREATE ? patched : original, problems));
            }
        }
        patchIndex++;
        return unfit;
    }

    private AppliedPatches result() {
        List<ChangedSource> sources = new ArrayList<>();
        current.forEach((path, patched) -> {
            Optional<SourceText> original = originals.get(path);
            if (!original.equals(patched)) {
                sources.add(new ChangedSource(path, original, patched));
            }
        });
        return new AppliedPatches(sources, movedHunks, placedHunks);
    }

    private void apply(SourcePatch patch) {
        Naming naming = PayloadCode.isAdding(patch) ? new Naming(1, "") : findNaming(patch);
        List<String> problems = new ArrayList<>();
        for (FilePatch file : patch.files()) {
            apply(file, naming.path(file.originalPath()), naming.path(file.patchedPath()), problems);
        }
        if (!problems.isEmpty()) {
            throw new PatchDoesNotApplyException(patch, problems);
        }
        patchIndex++;
    }

    private void apply(FilePatch file, String originalName, String patchedName, List<String> problems) {
        String originalPath = realPath(originalName);
        String patchedPath = realPath(patchedName);
        boolean takesAway = file.kind() == FilePatch.Kind.DELETE || file.kind() == FilePatch.Kind.RENAME;
        if (takesAway && Files.isSymbolicLink(root.resolve(originalName))) {
            problems.add(originalName + ": it is a link, and the patch takes away what it leads to.");
            return;
        }
        Optional<SourceText> before = read(originalPath);
        boolean creates = file.kind() == FilePatch.Kind.CREATE;
        if (creates && before.isPresent() && !before.get().lines().isEmpty()) {
            boolean same = file.hunks().size() == 1
                    && before.get().lines().equals(file.hunks().getFirst().patched());
            problems.add(originalPath + ": the patch creates this file, but the tree already has it"
                    + (same ? " with the same text: the patch is already applied." : "."));
            return;
        }
        if (!creates && before.isEmpty()) {
            problems.add(originalPath + ": there is no such file in the tree.");
            return;
        }
        SourceText text = before.orElse(SourceText.EMPTY);
        List<String> fileProblems = new ArrayList<>();
        List<MovedHunk> movedHere = new ArrayList<>();
        SourceText after = PlaceHunks.place(originalPath, text, file.hunks(), movedHere, fileProblems);
        problems.addAll(fileProblems);
        if (!fileProblems.isEmpty()) {
            return;
        }
        movedHunks.addAll(movedHere);
        for (Hunk hunk : file.hunks()) {
            int offset = movedHere.stream()
                    .filter(moved -> moved.number() == hunk.number())
                    .mapToInt(MovedHunk::offsetLines)
                    .sum();
            placedHunks.add(new PlacedHunk(patchIndex, originalPath, patchedPath, hunk, hunk.expectedIndex() + offset));
        }
        switch (file.kind()) {
            case CHANGE, CREATE, COPY -> current.put(patchedPath, Optional.of(after));
            case DELETE -> current.put(originalPath, Optional.empty());
            case RENAME -> {
                current.put(originalPath, Optional.empty());
                current.put(patchedPath, Optional.of(after));
            }
        }
        originals.computeIfAbsent(patchedPath, this::readFromTree);
    }

    private Optional<SourceText> read(String path) {
        Optional<SourceText> original = originals.computeIfAbsent(path, this::readFromTree);
        return current.getOrDefault(path, original);
    }

    // A file is patched once, under whatever names the tree's links give it.
    private String realPath(String path) {
        Path real = root.resolve(path).normalize();
        Path rest = Path.of("");
        while (real.startsWith(root) && !real.equals(root)) {
            if (Files.exists(real)) {
                try {
                    Path found = real.toRealPath();
                    Path realRoot = root.toRealPath();
                    return found.startsWith(realRoot)
                            ? realRoot.relativize(found).resolve(rest).toString()
                            : path;
                } catch (IOException e) {
                    throw new LivePatchException("cannot read " + real + ": " + Cause.of(e), e);
                }
            }
            rest = real.getFileName().resolve(rest);
            real = real.getParent();
        }
        return path;
    }

    private Optional<SourceText> readFromTree(String path) {
        Path file = root.resolve(path).normalize();
        if (!file.startsWith(root)) {
            throw new LivePatchException("the patch names " + path + ", which lies outside of the tree " + root);
        }
        try {
            return Files.isRegularFile(file) ? Optional.of(SourceText.read(file)) : Optional.empty();
        } catch (IOException e) {
            throw new LivePatchException("cannot read " + file + ": " + Cause.of(e), e);
        }
    }

    /** How a patch names the tree's files: {@code strip} leading directories dropped, {@code prefix} put in front. */
    private record Naming(int strip, String prefix) {
        String path(String inPatch) {
            String rest = inPatch;
            for (int i = 0; i < strip; i++) {
                rest = rest.substring(rest.indexOf('/') + 1);
            }
            return prefix + rest;
        }
    }

    /** The naming under which most files exist; at a tie the usual one, which comes first. */
    private Naming findNaming(SourcePatch patch) {
        Naming best = new Naming(1, prefixes.getFirst());
        int mostFound = 0;
        for (int strip : new int[] {1, 0, 2, 3}) {
            for (String prefix : prefixes) {
                Naming naming = new Naming(strip, prefix);
                int found = 0;
                for (FilePatch file : patch.files()) {
                    found += exists(file, naming) ? 1 : 0;
                }
                if (found > mostFound) {
                    mostFound = found;
                    best = naming;
                }
            }
        }
        return best;
    }

    private boolean exists(FilePatch file, Naming naming) {
        String path = naming.path(file.originalPath());
        if (file.kind() == FilePatch.Kind.CREATE) {
            int directoryEnd = path.lastIndexOf('/');
            return directoryEnd > 0 && Files.isDirectory(root.resolve(path.substring(0, directoryEnd)));
        }
        return current.getOrDefault(path, Optional.empty()).isPresent() || Files.isRegularFile(root.resolve(path));
    }
}
