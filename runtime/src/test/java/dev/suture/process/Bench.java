package dev.suture.process;

import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** How long a program stands still while it is patched, beside the least that a C program does. */
final class Bench {
    private static final int ROUNDS = 15;

    private Bench() {}

    /** The folder of the C sources, then numbers of threads. */
    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createTempDirectory("bench-process");
        Path server = Program.compile(folder, "server.c", "server", "-no-pie", "-fno-pie");
        Path baseline = folder.resolve("baseline");
        Program.run(folder, List.of("gcc", "-O2", "-o", baseline.toString(), arguments[0] + "/baseline.c"));
        Path file = Program.payload(folder, "thousand.c", server, "");
        Payload payload = Payload.read(file);
        long answer = ElfFile.read(server).symbols().stream()
                .filter(symbol -> symbol.name().equals("answer"))
                .mapToLong(Symbol::value)
                .findFirst()
                .orElseThrow();
        System.out.println(
                "threads  baseline us  apply us  revert us  ratio   (median of " + ROUNDS + ", stopped time)");
        for (String number : Arrays.copyOfRange(arguments, 1, arguments.length)) {
            int threads = Integer.parseInt(number);
            try (Program program = Program.start(server)) {
                start(program, threads);
                ProcessTarget target = program.target();
                target.upload("bench", payload);
                List<Long> least = new ArrayList<>();
                List<Long> apply = new ArrayList<>();
                List<Long> revert = new ArrayList<>();
                for (int i = 0; i < ROUNDS; i++) {
                    String said = Program.run(
                            folder,
                            List.of(baseline.toString(), String.valueOf(program.pid()), Long.toHexString(answer)));
                    least.add(Long.parseLong(said.strip()));
                    apply.add(micros(target.apply("bench", ApplyOptions.DEFAULT)));
                    revert.add(micros(target.revert("bench", ApplyOptions.DEFAULT)));
                }
                System.out.printf(
                        "%7d  %11d  %8d  %9d  %5.2f%n",
                        threads, median(least), median(apply), median(revert), (double) median(apply) / median(least));
            }
        }
    }

    // A third each loops, sleeps and waits; with a thousand only two loop, as else nothing else would run.
    private static void start(Program program, int threads) {
        int looping = Math.min(2, Math.max(1, threads / 3));
        int sleeping = (threads - looping) / 2;
        program.ask("loops " + looping);
        if (sleeping > 0) {
            program.ask("sleeps " + sleeping);
            program.ask("waits " + (threads - looping - sleeping));
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
