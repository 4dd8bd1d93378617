package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Any commands, on processes of which some are well and others end, fork, execute, lie or sit in the way: those that are
 * well do what the list of their payloads says, each command ends in its time, and nobody's files change.
 */
@Tag("harm")
class ThousandCommandsTest {
    private static final List<String> BAD =
            List.of("dies", "dies", "forks", "executes", "threads", "maps", "stops", "sits", "lies");
    private static final int TIMEOUT_SECONDS = 1;
    /** Besides the time for finding a moment: a look, and as much again for what is taken back. */
    private static final long MOST_SECONDS_EACH = 2 * TIMEOUT_SECONDS + 10;
    /** A kernel cuts longer ones; and another checkout may run the same test. */
    private static final String NAME = "mix-" + ProcessHandle.current().pid();

    private static final int WELL = 4;
    private static final int KINDS = 20;

    @TempDir
    private static Path folder;

    private static TriedProgram tried;
    private static Path fix;
    private static Path other;
    private static final List<Process> shells = new ArrayList<>();
    private static final List<Well> well = new ArrayList<>();

    private final Map<ExitCode, AtomicInteger> ended = new ConcurrentHashMap<>(new EnumMap<>(ExitCode.class));
    private final AtomicLong slowestMillis = new AtomicLong();

    /** One that is well. */
    private record Well(int pid, Process shell, BufferedReader answers) {
        synchronized String ask(String what) throws IOException {
            shell.getOutputStream().write((what + "\n").getBytes());
            shell.getOutputStream().flush();
            return answers.readLine();
        }

        String target() {
            return "pid:" + pid;
        }
    }

    @BeforeAll
    static void start() throws Exception {
        String source;
        try (var in = ThousandCommandsTest.class.getResourceAsStream("mix.c")) {
            source = new String(in.readAllBytes());
        }
        tried = TriedProgram.compile(folder, NAME, source);
        fix = tried.payload("fix", "answer", 1000, tried.buildId());
        other = tried.payload("other", "answer", 2000, tried.buildId());
        for (int i = 0; i < WELL; i++) {
            String how = i % 2 == 0 ? "calls" : "well";
            Process shell = shell("exec 3<&0; '%s' %s <&3 & echo $!; wait".formatted(tried.program(), how));
            BufferedReader answers = shell.inputReader();
            well.add(new Well(Integer.parseInt(answers.readLine()), shell, answers));
            assertThat(well.getLast().ask("?")).isEqualTo("2");
        }
        for (String how : BAD) {
            shell("while :; do '%s' %s; done </dev/zero >/dev/null 2>&1".formatted(tried.program(), how));
        }
    }

    private static Process shell(String script) throws IOException {
        Process shell = new ProcessBuilder("bash", "-c", "ulimit -c 0; " + script).start();
        shells.add(shell);
        return shell;
    }

    @AfterAll
    static void end() {
        for (Process shell : shells) {
            List<ProcessHandle> below = shell.descendants().toList();
            shell.destroyForcibly();
            below.forEach(ProcessHandle::destroyForcibly);
        }
    }

    @Test
    void aFewSecondsOfCommandsHarmNobody() throws Exception {
        run(1, 60, 6, 2);
    }

    @Test
    @Tag("long")
    void aThousandCommandsHarmNobody() throws Exception {
        run(1, 500, 1200, 0);
        run(3, 500, 1200, 0);
    }

    private void run(int threads, int commands, int mostSeconds, int leastKind) throws Exception {
        Map<String, String> before = files();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(mostSeconds);
        AtomicInteger left = new AtomicInteger(commands);
        try (var workers = Executors.newFixedThreadPool(threads)) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                Random random = new Random(i + 11L * threads);
                all.add(workers.submit(() -> {
                    while (left.getAndDecrement() > 0 && System.nanoTime() < end) {
                        command(random, leastKind);
                        if (threads == 1) {
                            isAsListed();
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
        isAsListed();
        everybodyCanBePatched();
        assertThat(files()).isEqualTo(before);
        System.out.printf(
                "%d commands on %d threads: %s, slowest %d ms%n",
                ended.values().stream().mapToInt(AtomicInteger::get).sum(), threads, ended, slowestMillis.get());
    }

    private void command(Random random, int leastKind) throws IOException {
        boolean isLoad = random.nextInt(3) == 0;
        String verb = isLoad
                ? List.of("load", "upload").get(random.nextInt(2))
                : List.of("apply", "revert", "replace", "unload", "list", "status")
                        .get(random.nextInt(6));
        List<Object> words = new ArrayList<>(List.of(verb));
        boolean isFix = random.nextBoolean();
        if (isLoad) {
            words.add(isFix ? fix : other);
        } else if (!verb.equals("list")) {
            words.add(isFix ? "fix" : "other");
        }
        words.add("--on");
        String target = target(leastKind + random.nextInt(KINDS - leastKind), random);
        words.add(target);
        if (!verb.equals("list") && !verb.equals("status")) {
            words.addAll(List.of("--timeout", TIMEOUT_SECONDS, "--watch", random.nextInt(10) == 0 ? 1 : 0));
            if (random.nextInt(5) == 0) {
                words.add("--all-or-nothing");
            }
        }
        if ((verb.equals("load") || verb.equals("apply")) && random.nextInt(3) == 0) {
            words.add("--nodeps");
        }
        words.add("--json");
        long start = System.nanoTime();
        Said said = Said.suture(words.toArray());
        long millis = (System.nanoTime() - start) / 1_000_000;
        ended.computeIfAbsent(said.exitCode(), _ -> new AtomicInteger()).incrementAndGet();
        assertThat(said.exitCode()).as(words + "\n" + said.err()).isNotIn(ExitCode.INTERNAL_ERROR, ExitCode.USAGE);
        assertThat(said.err()).doesNotContain("a fault in suture").doesNotContain("Exception");
        JsonNode json = said.json();
        int targets =
                Math.max(1, json.path("actions").size() + json.path("targets").size());
        slowestMillis.accumulateAndGet(millis, Math::max);
        assertThat(millis).as(words.toString()).isLessThan((long)
                (TimeUnit.SECONDS.toMillis(MOST_SECONDS_EACH) * targets * slowness()));
    }

    // Where each processor has ten threads to run, everything takes ten times as long. Who hangs takes for ever.
    private static double slowness() throws IOException {
        double load =
                Double.parseDouble(Files.readString(Path.of("/proc/loadavg")).split(" ")[0]);
        return 2 + load / Runtime.getRuntime().availableProcessors();
    }

    // Of all kinds, those with the lowest numbers are all processes at once, which takes long.
    private static String target(int kind, Random random) {
        if (kind == 0) {
            return "exe:" + tried.program();
        }
        if (kind == 1) {
            return "name:" + NAME;
        }
        if (kind < 12) {
            return well.get(random.nextInt(well.size())).target();
        }
        List<Long> all = processes();
        return all.isEmpty() ? "exe:" + tried.program() : "pid:" + all.get(random.nextInt(all.size()));
    }

    private static List<Long> processes() {
        List<Long> found = new ArrayList<>();
        try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
            all.filter(process -> process.info()
                            .command()
                            .equals(java.util.Optional.of(tried.program().toString())))
                    .forEach(process -> found.add(process.pid()));
        }
        return found;
    }

    // What runs is what the list says, of the last that was applied.
    private static void isAsListed() throws Exception {
        for (Well one : well) {
            JsonNode payloads = Said.suture("list", "--on", one.target(), "--json")
                    .json()
                    .path("targets")
                    .path(0)
                    .path("payloads");
            String expected = "2";
            for (JsonNode payload : payloads) {
                if (payload.path("state").asText().equals("APPLIED")) {
                    expected = payload.path("name").asText().equals("fix") ? "1001" : "2001";
                }
            }
            assertThat(one.ask("?")).as(payloads.toString()).isEqualTo(expected);
            assertThat(one.ask("errors")).isEqualTo("0");
        }
    }

    private static void everybodyCanBePatched() throws Exception {
        for (Well one : well) {
            for (String[] words : new String[][] {
                {"revert", "fix"}, {"revert", "other"}, {"revert", "fix"}, {"unload", "fix"}, {"unload", "other"}
            }) {
                Said.suture(words[0], words[1], "--on", one.target(), "--watch", "0");
            }
            Said said = Said.suture("load", fix, "--on", one.target(), "--watch", "0");
            assertThat(said.exitCode()).as(said.err()).isEqualTo(ExitCode.DONE);
            assertThat(one.ask("?")).isEqualTo("1001");
            assertThat(one.ask("errors")).isEqualTo("0");
        }
    }

    private static Map<String, String> files() throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                files.put(file.toString(), Files.getLastModifiedTime(file) + " " + Files.size(file));
            }
        }
        return files;
    }
}
