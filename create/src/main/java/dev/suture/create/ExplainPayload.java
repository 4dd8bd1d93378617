package dev.suture.create;

import dev.suture.Refusal;
import dev.suture.build.BuildResult;
import dev.suture.diff.Selection;
import dev.suture.effect.Effects;
import dev.suture.explain.Explain;
import dev.suture.explain.ExplainPage;
import dev.suture.explain.ExplainedPatch;
import dev.suture.explain.Review;
import dev.suture.explain.Review.ShownHunk;
import dev.suture.link.LinkResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Writes down for a reviewer why a payload is what it is, or why there is none. */
final class ExplainPayload {
    private ExplainPayload() {}

    static void write(
            Path page,
            String name,
            List<ShownHunk> hunks,
            BuildResult build,
            Selection selection,
            Effects effects,
            LinkResult linked,
            List<Refusal> refusals,
            List<String> warnings,
            Depends depends) {
        // Every reason against the payload is shown, also what other passes than the selection found.
        Selection all = new Selection(selection.objects(), selection.chosen(), selection.leftOut(), refusals);
        ExplainedPatch explained =
                Explain.explain(all, new PatchedLines(build.patchedFiles()), new AskObjdump(), symbol -> true);
        List<String> facts = new ArrayList<>();
        build.subjects().forEach(subject -> facts.add("Patch: " + subject));
        build.patchedFiles().forEach(file -> facts.add("It touches " + file.path()));
        if (refusals.isEmpty()) {
            facts.add("Build id of the payload: " + linked.buildId());
        }
        facts.add("It goes on top of build id " + depends.buildId());
        facts.add("%d objects were compiled again.".formatted(build.pairs().size()));
        Review review = new Review(facts, effects.sentences(), warnings, hunks);
        String text = ExplainPage.of("Live patch " + name, review, explained);
        WriteOutput.write(page, text.getBytes(StandardCharsets.UTF_8));
    }
}
