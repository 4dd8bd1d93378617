package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Progress;
import dev.suture.build.SourcePatch;
import dev.suture.cli.factory.Code;
import dev.suture.cli.factory.Dice;
import dev.suture.cli.factory.Edit;
import dev.suture.cli.factory.MakeCode;
import dev.suture.cli.factory.WriteProgram;
import dev.suture.cli.factory.WriteTruth;
import dev.suture.create.CreateProcessPayload;
import dev.suture.create.CreateReport;
import dev.suture.create.ProcessRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random edits of random programs: each is patched while it runs, and answers from then on as a program does that has
 * both versions and goes over from one to the other; or it is refused.
 *
 * <p>{@code -Dsuture.factory.seed=N} does one of them and leaves its files in {@code target/factory/N}; {@code
 * -Dsuture.factory.count=N} does more.
 */
class EditFactoryTest {
    private static final String SEED = "suture.factory.seed";
    private static final int FEW = 12;
    private static final int TICKS = 12;

    @TempDir
    private Path directory;

    private final Map<String, Integer> verdicts = new TreeMap<>();

    @Test
    void aPatchedProgramAnswersAsThePatchedSourceSays(TestReporter reporter) throws Exception {
        long first = Long.getLong(SEED, Long.getLong("suture.factory.from", 1));
        int count = System.getProperty(SEED) == null ? Integer.getInteger("suture.factory.count", FEW) : 1;
        List<String> wrong = new ArrayList<>();
        for (long seed : LongStream.range(first, first + count).toArray()) {
            String verdict = verdict(seed);
            verdicts.merge(verdict.split(":| \\[", 2)[0], 1, Integer::sum);
            if (verdict.startsWith("wrong")) {
                wrong.add("seed %d: %s".formatted(seed, verdict));
            }
            if (count > FEW) {
                System.out.println("seed %d: %s".formatted(seed, verdict));
            }
        }
        reporter.publishEntry("verdicts", verdicts.toString());
        assertThat(wrong).isEmpty();
        assertThat(verdicts.getOrDefault("right", 0)).isPositive();
    }

    private String verdict(long seed) throws Exception {
        Path folder = System.getProperty(SEED) == null
                ? directory.resolve("case" + seed)
                : Path.of("target/factory/" + seed).toAbsolutePath();
        RunningProgram.run(directory, "rm", "-rf", folder.toString());
        Dice dice = new Dice(seed);
        Code before = MakeCode.make(dice);
        List<Edit> edits = new ArrayList<>();
        Code after = before;
        for (int i = 0; i < 30 && edits.size() < 1 + seed % 3; i++) {
            Edit edit = Edit.values()[dice.below(Edit.values().length)];
            Code next = edit.apply(after, dice);
            if (!next.equals(after)) {
                edits.add(edit);
                after = next;
            }
        }
        Path source = Files.createDirectories(folder.resolve("src"));
        Path patched = Files.createDirectories(folder.resolve("patched"));
        WriteProgram.write(before, source);
        WriteProgram.write(after, patched);
        Path patch = folder.resolve("fix.patch");
        Process diff = new ProcessBuilder("diff", "-ru", "src", "patched")
                .directory(folder.toFile())
                .redirectOutput(patch.toFile())
                .start();
        if (diff.waitFor() == 0) {
            return "same";
        }
        Files.writeString(folder.resolve("truth.c"), WriteTruth.text(before, after));
        RunningProgram.run(folder, "gcc", "-w", "-O1", "-o", "truth", "truth.c");
        RunningProgram.run(source, "make", "-s");
        String result = patched(folder, source, patch, edits);
        if (System.getProperty(SEED) == null) {
            RunningProgram.run(directory, "rm", "-rf", folder.toString());
        }
        return result + " " + edits + " " + before.flags();
    }

    private String patched(Path folder, Path source, Path patch, List<Edit> edits) throws Exception {
        CreateReport report;
        try {
            report = create(folder, source, patch);
        } catch (RuntimeException | IOException e) {
            return "wrong: " + e;
        }
        if (report.output().isEmpty()) {
            return (report.withoutEffect() ? "nothing: " : "refused: ")
                    + report.refusals().getFirst();
        }
        try (RunningProgram program = RunningProgram.start(source.resolve("prog"));
                RunningProgram truth = RunningProgram.start(folder.resolve("truth"))) {
            String different = different(program, truth, "before");
            if (different.isEmpty()) {
                String said =
                        program.act("load", folder.resolve("out.livepatch").toString());
                if (!said.contains("now applied")) {
                    return "not loaded: " + said.strip();
                }
                truth.ask("new");
                different = different(program, truth, "patched");
            }
            if (different.isEmpty()) {
                assertThat(program.act("revert", "out")).contains("now checked");
                truth.ask("old");
                different = different(program, truth, "reverted");
            }
            if (!different.isEmpty()) {
                return "wrong: " + different;
            }
            return edits.stream().anyMatch(Edit::changesMemory) ? "right although memory changes" : "right";
        }
    }

    // Where there is nothing to apply, the old functions do what the new ones do.
    private static String unpatched(Path folder, Path source) throws IOException {
        try (RunningProgram program = RunningProgram.start(source.resolve("prog"));
                RunningProgram truth = RunningProgram.start(folder.resolve("truth"))) {
            String before = different(program, truth, "before");
            truth.ask("new");
            String after = different(program, truth, "unpatched");
            return before.isEmpty() && after.isEmpty() ? "nothing: " : "wrong: " + before + after;
        }
    }

    private static String different(RunningProgram program, RunningProgram truth, String when) throws IOException {
        for (int i = 0; i < TICKS; i++) {
            String is = program.ask("tick");
            String should = truth.ask("tick");
            if (!should.equals(is)) {
                return "%s, at %d: %s, not %s".formatted(when, i, is, should);
            }
        }
        return "";
    }

    private static CreateReport create(Path folder, Path source, Path patch) throws IOException {
        return CreateProcessPayload.create(
                new ProcessRequest(
                        source,
                        "make",
                        source.resolve("prog"),
                        Optional.empty(),
                        List.of(SourcePatch.read(patch)),
                        folder.resolve("cache"),
                        false,
                        1,
                        folder.resolve("out.livepatch"),
                        "out",
                        Optional.empty(),
                        List.of(),
                        Set.of()),
                Progress.NONE);
    }
}
