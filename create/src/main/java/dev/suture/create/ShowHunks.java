package dev.suture.create;

import com.github.difflib.DiffUtils;
import com.github.difflib.patch.AbstractDelta;
import dev.suture.build.AppliedPatches;
import dev.suture.build.ApplyPatches;
import dev.suture.build.Hunk;
import dev.suture.build.HunkMap;
import dev.suture.build.HunkMap.HunkLines;
import dev.suture.build.SourcePatch;
import dev.suture.build.xen.XenBuildRequest;
import dev.suture.explain.PatchLines.PatchLine;
import dev.suture.explain.Review.ShownHunk;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Shows a reviewer the hunks of the patches, with the lines by which what is compiled from them is found. */
final class ShowHunks {
    private ShowHunks() {}

    /** {@return the hunks of what is to be applied, in their order} Sources of payloads are not shown: they are no hunks. */
    static List<ShownHunk> of(XenBuildRequest request) {
        AppliedPatches all = ApplyPatches.apply(request.tree().root(), List.of("", "xen/"), request.allPatches());
        return of(all, request.applied().size());
    }

    /** {@return those of a program's patches} What of them is for files that it does not have is not shown. */
    static List<ShownHunk> of(ProcessRequest request) {
        List<SourcePatch> patches = Stream.of(request.applied(), request.patches())
                .flatMap(List::stream)
                .toList();
        return of(
                ApplyPatches.applyWhatFits(request.source(), List.of("", "src/"), patches)
                        .applied(),
                request.applied().size());
    }

    private static List<ShownHunk> of(AppliedPatches all, int first) {
        List<ShownHunk> shown = new ArrayList<>();
        for (HunkLines hunk : HunkMap.of(all).hunks()) {
            if (hunk.placed().patchIndex() >= first) {
                shown.add(shown(hunk, first == 0));
            }
        }
        return shown;
    }

    /** @param countsFromTree whether the lines of before the patch are those of the tree */
    private static ShownHunk shown(HunkLines hunk, boolean countsFromTree) {
        List<PatchLine> touched = new ArrayList<>();
        hunk.added().forEach(line -> touched.add(new PatchLine(hunk.path(), line, true)));
        if (countsFromTree) {
            hunk.removed().forEach(line -> touched.add(new PatchLine(hunk.path(), line, false)));
        }
        int line = Math.max(1, hunk.firstFinal());
        return new ShownHunk(hunk.path(), line, text(hunk.placed().hunk()), touched);
    }

    private static List<String> text(Hunk hunk) {
        List<String> text = new ArrayList<>();
        int done = 0;
        for (AbstractDelta<String> delta :
                DiffUtils.diff(hunk.original(), hunk.patched()).getDeltas()) {
            int from = delta.getSource().getPosition();
            hunk.original().subList(done, from).forEach(line -> text.add(" " + line));
            delta.getSource().getLines().forEach(line -> text.add("-" + line));
            delta.getTarget().getLines().forEach(line -> text.add("+" + line));
            done = from + delta.getSource().size();
        }
        hunk.original().subList(done, hunk.original().size()).forEach(line -> text.add(" " + line));
        return text;
    }
}
