package dev.suture.process;

import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** How long a program stands still while it is patched, beside the least that a C program does. */
final class Bench {
    private static final int ROUNDS = 15;
    private static final int THREADS_OF_FUNCTIONS = 16;
    private static final int FUNCTIONS = 100;

    private final Path folder;
    private final Path baseline;

    private Bench(Path folder, Path baseline) {
        this.folder = folder;
        this.baseline = baseline;
    }

    /** The folder of the C sources, the launcher, then numbers of threads. */
    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createTempDirectory("bench-process");
        Path baseline = folder.resolve("baseline");
        Program.run(folder, List.of("gcc", "-O2", "-o", baseline.toString(), arguments[0] + "/baseline.c"));
        Bench bench = new Bench(folder, baseline);
        bench.threads(Arrays.copyOfRange(arguments, 2, arguments.length));
        bench.functions();
        bench.shell(arguments[1]);
    }

    private void threads(String[] numbers) {
        Path server = Program.compile(folder, "server.c", "server", "-no-pie", "-fno-pie");
        Payload payload = Payload.read(Program.payload(folder, "thousand.c", server, ""));
        long answer = ElfFile.read(server).symbols().stream()
                .filter(symbol -> symbol.name().equals("answer"))
                .mapToLong(Symbol::value)
                .findFirst()
                .orElseThrow();
        System.out.printf("Medians of %d, in microseconds.%n", ROUNDS);
        System.out.println(
                "         stopped, as measured by the tracer  ratio  longest gap of a looping thread, beside");
        System.out.println("threads  C baseline      apply     revert               nothing    C baseline     apply");
        for (String number : numbers) {
            try (Program program = Program.start(server)) {
                start(program, Integer.parseInt(number));
                ProcessTarget target = program.target();
                target.upload("bench", payload);
                List<Long> least = new ArrayList<>();
                List<Long> apply = new ArrayList<>();
                List<Long> revert = new ArrayList<>();
                List<Long> alone = new ArrayList<>();
                List<Long> gap = new ArrayList<>();
                List<Long> besideC = new ArrayList<>();
                for (int i = 0; i < ROUNDS; i++) {
                    String pid = String.valueOf(program.pid());
                    program.ask("gap");
                    least.add(Long.parseLong(
                            Program.run(folder, List.of(baseline.toString(), pid, Long.toHexString(answer)))
                                    .strip()));
                    besideC.add((long) program.number("gap"));
                    long start = System.nanoTime();
                    apply.add(micros(target.apply("bench", ApplyOptions.DEFAULT)));
                    long nanos = System.nanoTime() - start;
                    gap.add((long) program.number("gap"));
                    sleep(nanos);
                    alone.add((long) program.number("gap"));
                    revert.add(micros(target.revert("bench", ApplyOptions.DEFAULT)));
                }
                System.out.printf(
                        "%7s  %10d %10d %10d  %5.2f  %12d  %12d  %8d%n",
                        number,
                        median(least),
                        median(apply),
                        median(revert),
                        (double) median(apply) / median(least),
                        median(alone),
                        median(besideC),
                        median(gap));
            }
        }
    }

    // Looks for the same time at what happens without us.
    private static void sleep(long nanos) {
        try {
            Thread.sleep(nanos / 1_000_000, (int) (nanos % 1_000_000));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    // Two loop, so that others can run; of the rest half sleeps and half waits in system calls.
    private static void start(Program program, int threads) {
        int looping = Math.min(2, Math.max(1, threads / 3));
        int sleeping = (threads - looping) / 2;
        program.ask("watches " + looping);
        if (sleeping > 0) {
            program.ask("sleeps " + sleeping);
            program.ask("waits " + (threads - looping - sleeping));
        }
    }

    // One function and a hundred, in a program of sixteen threads.
    private void functions() throws IOException {
        StringBuilder source = new StringBuilder(Files.readString(folder.resolve("server.c")));
        StringBuilder patch = new StringBuilder();
        for (int i = 0; i < FUNCTIONS; i++) {
            source.append(
                    "__attribute__((noipa)) int many%d(int x) { ROOM; return hidden * x + %d; }%n".formatted(i, i));
            patch.append("int new_many%1$d(int x) { return x - %1$d; } REPLACES(new_many%1$d, \"many%1$d\");%n"
                    .formatted(i));
        }
        Files.writeString(folder.resolve("many.c"), source);
        Program.run(
                folder, List.of("gcc", "-g", "-O2", "-pthread", "-rdynamic", "-Wl,--build-id", "-o", "many", "many.c"));
        Path many = folder.resolve("many");
        String first = patch.substring(0, patch.indexOf("\n") + 1);
        Payload one = Program.payloadOf(folder, "one.c", first, many, "");
        Payload all = Program.payloadOf(folder, "all.c", patch.toString(), many, "");
        try (Program program = Program.start(many)) {
            start(program, THREADS_OF_FUNCTIONS);
            System.out.printf(
                    "%n%d threads: 1 function %d us, %d functions %d us%n",
                    THREADS_OF_FUNCTIONS,
                    stopped(program.target(), "one", one),
                    FUNCTIONS,
                    stopped(program.target(), "all", all));
        }
    }

    private static long stopped(ProcessTarget target, String name, Payload payload) {
        List<Long> micros = new ArrayList<>();
        for (int i = 0; i < ROUNDS; i++) {
            target.upload(name, payload);
            micros.add(micros(target.apply(name, ApplyOptions.DEFAULT)));
            target.revert(name, ApplyOptions.DEFAULT);
            target.unload(name, ApplyOptions.DEFAULT);
        }
        return median(micros);
    }

    // Of a program that leaves the processors alone, and of one whose threads take two.
    private void shell(String suture) {
        System.out.printf(
                "%n`suture apply` and `suture revert` from the shell: %d ms; with %d threads, 2 of which loop: %d ms%n",
                shell(suture, false), THREADS_OF_FUNCTIONS, shell(suture, true));
    }

    private long shell(String suture, boolean isBusy) {
        try (Program program = Program.start(folder.resolve("server"))) {
            if (isBusy) {
                start(program, THREADS_OF_FUNCTIONS);
            } else {
                program.ask("sleeps 1");
            }
            String on = "pid:" + program.pid();
            Program.run(folder, List.of(suture, "upload", "thousand.livepatch", "--any-build-id", "--on", on));
            List<Long> millis = new ArrayList<>();
            for (String verb : IntStream.range(0, 2 * ROUNDS)
                    .mapToObj(i -> i % 2 == 0 ? "apply" : "revert")
                    .toList()) {
                long start = System.nanoTime();
                Program.run(folder, List.of(suture, verb, "thousand", "--on", on));
                millis.add((System.nanoTime() - start) / 1_000_000);
            }
            return median(millis);
        }
    }

    private static long micros(Outcome outcome) {
        if (!(outcome instanceof Outcome.Done)) {
            throw new IllegalStateException(outcome.toString());
        }
        return outcome.cost().stoppedMicros();
    }

    private static long median(List<Long> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }
}
