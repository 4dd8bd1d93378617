package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Outcome;
import dev.suture.target.Policy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Programs made at random, whose threads know themselves what they are in, are patched all the time.
 * {@code SUTURE_FUZZ_SEED} repeats one of them; {@code SUTURE_FUZZ_STOPS} says how many stops there are to be in all.
 */
@Tag("threads")
@Timeout(value = 3600, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StackFuzzTest {
    private static final boolean IS_LONG = "1".equals(System.getenv("SUTURE_LONG_TESTS"));
    private static final long STOPS = number("SUTURE_FUZZ_STOPS", IS_LONG ? 100_000 : 300);
    private static final long STOPS_OF_ONE = IS_LONG ? 2_500 : 150;
    private static final long STOPS_OF_SPLIT = 400;
    private static final int KINDS = 4;
    private static final int PAYLOADS = 4;
    private static final int CHANGES = 12;

    @TempDir
    private Path folder;

    /** Longer than most take to find a moment, and short enough not to wait long for those that find none. */
    private ApplyOptions options = new ApplyOptions(Duration.ofMillis(400), Policy.STACK, false, Map.of());

    private long stops;
    private long changes;
    private long replaced;
    private long late;
    private long stoppedMicros;

    private static long number(String name, long otherwise) {
        String text = System.getenv(name);
        return text == null ? otherwise : Long.parseLong(text);
    }

    @Test
    void nobodyIsEverMissed() throws Exception {
        long first = number("SUTURE_FUZZ_SEED", 1);
        StringBuilder said = new StringBuilder();
        for (long seed = first; stops < STOPS; seed++) {
            // Where the chain decides alone, what it misses is not made good by words.
            Policy policy = (IS_LONG ? seed / KINDS : seed) % 2 == 0 ? Policy.CALLS : Policy.STACK;
            options = new ApplyOptions(Duration.ofMillis(400), policy, false, Map.of());
            String figures = patch(seed, STOPS_OF_ONE);
            assertThat(figures).as("seed %d", seed).startsWith("misses 0 ");
            said.append(
                    "seed %d: %s; in all %,d stops, %,d changes, %,d by replace, %,d found no moment, mean stop %d us%n"
                            .formatted(
                                    seed, figures, stops, changes, replaced, late, stoppedMicros / Math.max(1, stops)));
            Files.writeString(Path.of("target", "stack-fuzz.txt"), said);
        }
    }

    /** Otherwise the figures of the others say nothing. */
    @Test
    void whoeverIsInTheOldCodeAfterAChangeIsCounted() throws Exception {
        options = new ApplyOptions(Duration.ofMillis(400), Policy.BYTES, false, Map.of());
        String said = patch(2, 20);
        // With bad luck nobody is in the way for once.
        for (int seed = 4; seed < 16 && said.startsWith("misses 0 "); seed += 4) {
            said = patch(seed, 20);
        }
        assertThat(said).doesNotStartWith("misses 0 ");
    }

    private String patch(long seed, long stopsOfOne) throws IOException {
        Random random = new Random(seed);
        boolean isSplit = seed % KINDS == 3;
        boolean isCalm = seed % KINDS == 1;
        Path place = Files.createDirectories(folder.resolve("seed" + seed));
        Program.copy(place, "fuzz-common.h");
        Files.writeString(place.resolve("fuzz.h"), FuzzSource.header() + "#include \"fuzz-common.h\"\n");
        Files.writeString(place.resolve("functions.cc"), "#include \"fuzz.h\"\n" + new FuzzSource(random).functions());
        List<String> flags = new ArrayList<>(List.of("-fcf-protection=none"));
        if (isSplit) {
            flags.addAll(List.of("-fsplit-stack", "-DSPLIT"));
        }
        if (isCalm) {
            // Without a library of C++, and so without an unwinder.
            flags.addAll(List.of("-DCALM", "-fno-exceptions", "-fno-rtti"));
        }
        List<String> sources = new ArrayList<>(flags);
        sources.add("functions.cc");
        if (isCalm) {
            sources.add("-Wl,--as-needed");
        }
        Path binary = Program.compile(place, "fuzz.cc", "fuzz", sources.toArray(String[]::new));
        List<Payload> payloads = new ArrayList<>();
        for (int i = 0; i < PAYLOADS; i++) {
            payloads.add(Program.payloadOf(
                    place,
                    "payload" + i + ".cc",
                    new FuzzSource(random).payload(),
                    binary,
                    "",
                    flags.toArray(String[]::new)));
        }
        try (Program program = Program.startWith(binary, String.valueOf(seed), isSplit ? "plain" : "mixed")) {
            // Exceptions leave parts of split stacks behind: after minutes they are gigabytes, which unload looks
            // through.
            long until = Math.min(STOPS, stops + (isSplit ? Math.min(stopsOfOne, STOPS_OF_SPLIT) : stopsOfOne));
            while (stops < until) {
                int first = random.nextInt(PAYLOADS);
                int second = (first + 1 + random.nextInt(PAYLOADS - 1)) % PAYLOADS;
                round(program.target(), payloads.get(first), payloads.get(second));
            }
            return program.ask("stop");
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("seed " + seed, e);
        }
    }

    private void round(ProcessTarget target, Payload payload, Payload other) {
        ApplyOptions inPlace = new ApplyOptions(options.timeout(), options.policy(), false, Map.of(), true);
        count(target.upload("fuzz", payload, inPlace));
        count(target.upload("other", other, inPlace));
        for (int i = 0; i < CHANGES; i++) {
            String last = "fuzz";
            if (!count(target.apply("fuzz", options))) {
                late++;
                continue;
            }
            if (i % 2 == 1) {
                boolean isReplaced = count(target.replace("other", options));
                replaced += isReplaced ? 1 : 0;
                late += isReplaced ? 0 : 1;
                last = isReplaced ? "other" : "fuzz";
            }
            String applied = last;
            untilDone(() -> target.revert(applied, options));
        }
        untilDone(() -> target.unload("fuzz", options));
        untilDone(() -> target.unload("other", options));
    }

    private void untilDone(Supplier<Outcome> action) {
        while (!count(action.get())) {
            late++;
        }
    }

    private boolean count(Outcome outcome) {
        stops += outcome.cost().attempts();
        stoppedMicros += outcome.cost().stoppedMicros();
        boolean mayBeRefused = options.policy() == Policy.BYTES;
        // On a busy machine the time may be over before anything began.
        boolean isUntried = outcome instanceof Outcome.Unknown && outcome.cost().attempts() == 0;
        boolean isFine = outcome instanceof Outcome.Done
                || outcome instanceof Outcome.TimedOut
                || isUntried
                || outcome instanceof Outcome.Refused && mayBeRefused;
        assertThat(isFine).as("%s", outcome).isTrue();
        boolean isDone = outcome instanceof Outcome.Done;
        changes += isDone ? 1 : 0;
        return isDone;
    }
}
