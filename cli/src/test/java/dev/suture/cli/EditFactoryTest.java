package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Progress;
import dev.suture.Refusal;
import dev.suture.build.SourcePatch;
import dev.suture.cli.factory.Code;
import dev.suture.cli.factory.Dice;
import dev.suture.cli.factory.Edit;
import dev.suture.cli.factory.MakeCode;
import dev.suture.cli.factory.WriteProgram;
import dev.suture.cli.factory.WriteTruth;
import dev.suture.create.CreateProcessPayload;
import dev.suture.create.CreateReport;
import dev.suture.create.PayloadRequest;
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
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random edits of random programs: each is patched while it runs, and answers from then on as a program does that has
 * both versions and goes over from one to the other; or it is refused.
 *
 * <p>{@code -Dsuture.factory.seed=N} does one of them and leaves its files in {@code target/factory/N}; {@code
 * -Dsuture.factory.from=N} and {@code -Dsuture.factory.count=M} do others, and print each verdict. With {@code
 * -Dsuture.factory.fault=} and the name of a {@link Fault}, what is loaded is made wrong: then the verdicts tell what
 * such a fault would be found by.
 */
@Tag("factory")
class EditFactoryTest {
    private static final String SEED = "suture.factory.seed";
    private static final int FEW = 12;
    private static final int MANY = 500;
    private static final boolean IS_LONG = "1".equals(System.getenv("SUTURE_LONG_TESTS"));
    private static final int MOST_TO_FIND_A_FAULT = 40;
    private static final int TICKS = 12;

    /** What a payload is made wrong by, to see that it is found. */
    private enum Fault {
        NONE(Edit.values()),
        /** The last edit is not in the payload. */
        EDIT_LOST(Edit.values()),
        /** Whatever is refused for a new variable goes in, and the variable starts anew. */
        STATE_LOST(Edit.STATIC_RENAMED, Edit.STATIC_MOVED_OUT, Edit.VARIABLE_RENAMED, Edit.FUNCTION_SPLIT);

        private final Edit[] edits;

        Fault(Edit... edits) {
            this.edits = edits;
        }
    }

    @TempDir
    private Path directory;

    private final Map<String, Integer> verdicts = new TreeMap<>();

    @Test
    void aPatchedProgramAnswersAsThePatchedSourceSays(TestReporter reporter) throws Exception {
        long first = Long.getLong(SEED, Long.getLong("suture.factory.from", 1));
        int count =
                System.getProperty(SEED) == null ? Integer.getInteger("suture.factory.count", IS_LONG ? MANY : FEW) : 1;
        Fault fault = Fault.valueOf(System.getProperty("suture.factory.fault", "NONE"));
        List<String> wrong = new ArrayList<>();
        for (long seed : LongStream.range(first, first + count).toArray()) {
            String verdict = verdict(seed, fault);
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

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void aPayloadThatIsMadeWrongIsFound(Fault fault) throws Exception {
        String verdict = "";
        for (long seed = 1; seed <= MOST_TO_FIND_A_FAULT && !verdict.startsWith("wrong: patched"); seed++) {
            verdict = verdict(seed, fault);
        }
        assertThat(verdict).startsWith("wrong: patched");
    }

    private String verdict(long seed, Fault fault) throws Exception {
        Path folder = System.getProperty(SEED) == null
                ? directory.resolve("case" + seed)
                : Path.of("target/factory/" + seed).toAbsolutePath();
        RunningProgram.run(directory, "rm", "-rf", folder.toString());
        Dice dice = new Dice(seed);
        Code before = MakeCode.make(dice);
        List<Edit> edits = new ArrayList<>();
        Code after = before;
        Code shortOfOne = before;
        for (int i = 0; i < 30 && edits.size() < 1 + seed % 3; i++) {
            Edit edit = fault.edits[dice.below(fault.edits.length)];
            Code next = edit.apply(after, dice);
            if (!next.equals(after)) {
                edits.add(edit);
                shortOfOne = after;
                after = next;
            }
        }
        Path source = Files.createDirectories(folder.resolve("src"));
        Path patched = Files.createDirectories(folder.resolve("patched"));
        WriteProgram.write(before, source);
        WriteProgram.write(fault == Fault.EDIT_LOST ? shortOfOne : after, patched);
        Path patch = folder.resolve("fix.patch");
        Process diff = new ProcessBuilder("diff", "-ru", "src", "patched")
                .directory(folder.toFile())
                .redirectOutput(patch.toFile())
                .start();
        if (diff.waitFor() == 0) {
            return "same";
        }
        Files.writeString(folder.resolve("truth.c"), WriteTruth.text(before, after));
        RunningProgram.run(folder, "gcc", "-w", "-O1", "-pthread", "-o", "truth", "truth.c");
        RunningProgram.run(source, "make", "-s");
        String result = patched(folder, WriteProgram.binary(before), edits, fault);
        if (System.getProperty(SEED) == null) {
            RunningProgram.run(directory, "rm", "-rf", folder.toString());
        }
        return result + " " + edits + " " + before.build();
    }

    private String patched(Path folder, String binary, List<Edit> edits, Fault fault) throws Exception {
        CreateReport report;
        try {
            report = create(folder, binary, Set.of());
            if (fault == Fault.STATE_LOST && report.output().isEmpty()) {
                Set<String> named =
                        report.refusals().stream().map(Refusal::symbol).collect(Collectors.toSet());
                report = create(folder, binary, named);
            }
        } catch (RuntimeException | IOException e) {
            return "wrong: " + e;
        }
        if (report.output().isEmpty()) {
            String why = report.refusals().getFirst().toString();
            return report.withoutEffect() ? unpatched(folder) + why : "refused: " + why;
        }
        try (RunningProgram program = RunningProgram.start(folder.resolve("src").resolve("prog"));
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
    private static String unpatched(Path folder) throws IOException {
        try (RunningProgram program = RunningProgram.start(folder.resolve("src").resolve("prog"));
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
            if (should == null || !should.equals(is)) {
                return "%s, at %d: %s, not %s".formatted(when, i, is, should);
            }
        }
        return "";
    }

    private static CreateReport create(Path folder, String binary, Set<String> newState) throws IOException {
        Path source = folder.resolve("src");
        return CreateProcessPayload.create(
                new ProcessRequest(
                        source,
                        "make",
                        source.resolve(binary),
                        Optional.empty(),
                        List.of(),
                        List.of(SourcePatch.read(folder.resolve("fix.patch"))),
                        folder.resolve("cache"),
                        false,
                        1,
                        new PayloadRequest(
                                folder.resolve("out.livepatch"),
                                "out",
                                Optional.empty(),
                                List.of(),
                                List.of(),
                                Set.of(),
                                newState,
                                Set.of())),
                Progress.NONE);
    }
}
