package dev.suture.cli;

import dev.suture.LivePatchException;
import dev.suture.PlainFile;
import dev.suture.Progress;
import dev.suture.build.xen.XenTree;
import dev.suture.create.CreateReport;
import dev.suture.create.CreateStack;
import dev.suture.elf.ElfFile;
import dev.suture.link.LinkResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Builds the same patches for several hypervisors, and says in a table what came of each.
 *
 * <p>What goes wrong with one does not keep the others from being built. The payloads of each go into a directory with
 * the name of its hypervisor's build id, which is what a host tells of itself: {@code xl info xen_build_id}.
 */
final class BuildForTrees {
    private BuildForTrees() {}

    /** Builds for one hypervisor. */
    @FunctionalInterface
    interface BuildForTree {
        /** {@return what came of it: the report is one on a payload or on a stack of them} */
        Answer build(XenTree tree, Path directory, Progress progress);
    }

    /** What came of one tree. */
    enum Outcome {
        MADE,
        REFUSED,
        FAILED
    }

    /**
     * A row of the table.
     *
     * @param tree as it was named
     * @param version of its hypervisor; empty if it could not be opened
     * @param buildId of its hypervisor; empty if it could not be opened
     * @param outcome in one word
     * @param exitCode what the command would have ended with for this tree alone
     * @param functions what is replaced
     * @param payloads the files
     * @param seconds how long it took
     * @param error why there is nothing to report; empty if there is a report
     * @param report on the payload, or on the stack
     */
    record Row(
            Path tree,
            String version,
            String buildId,
            Outcome outcome,
            int exitCode,
            List<String> functions,
            List<Path> payloads,
            double seconds,
            String error,
            Optional<Object> report) {}

    /** All rows, in the order of the trees. */
    record Table(List<Row> trees) {}

    /** {@return the table; its exit code is the worst of all trees} */
    static Answer build(List<Path> trees, Path output, Progress progress, BuildForTree build) {
        List<Row> rows = new ArrayList<>();
        List<String> errors = new ArrayList<>();
        Map<String, Path> known = new HashMap<>();
        ExitCode worst = ExitCode.DONE;
        for (Path tree : trees) {
            long started = System.nanoTime();
            String version = "";
            String buildId = "";
            Answer answer;
            try {
                XenTree opened = XenTree.open(tree);
                version = opened.version();
                buildId = ElfFile.read(opened.xenSyms()).buildId().orElse("");
                Path same = known.putIfAbsent(buildId, tree);
                if (buildId.isEmpty() || same != null) {
                    throw new LivePatchException(
                            same == null
                                    ? opened.xenSyms() + ": the hypervisor has no build id"
                                    : "%s: it has the same hypervisor as %s".formatted(tree, same));
                }
                answer = into(
                        output.resolve(buildId), directory -> build.build(opened, directory, named(progress, tree)));
            } catch (LivePatchException e) {
                answer = new Answer(ExitCode.BAD_INPUT, Optional.empty(), "", e.getMessage());
            }
            double seconds = Math.round((System.nanoTime() - started) / 1e7) / 100.0;
            rows.add(row(tree, version, buildId, answer, seconds));
            if (!answer.errors().isEmpty()) {
                errors.add("%s:%n%s".formatted(tree, answer.errors().indent(2).stripTrailing()));
            }
            worst = severity(answer.exitCode()) > severity(worst) ? answer.exitCode() : worst;
        }
        return new Answer(worst, new Table(rows), text(rows), String.join("\n", errors));
    }

    /** Makes a directory for what is built, and takes it away if nothing was. */
    private static Answer into(Path directory, Function<Path, Answer> build) {
        try {
            Files.createDirectories(directory);
            try {
                return build.apply(directory);
            } finally {
                for (Path made : List.of(directory, directory.toAbsolutePath().getParent())) {
                    try (Stream<Path> files = Files.list(made)) {
                        if (files.findAny().isEmpty()) {
                            Files.delete(made);
                        }
                    }
                }
            }
        } catch (IOException e) {
            throw new LivePatchException("%s: cannot be written: %s".formatted(directory, PlainFile.why(e)), e);
        }
    }

    private static int severity(ExitCode exitCode) {
        return switch (exitCode) {
            case DONE -> 0;
            case REFUSED -> 1;
            case TIMED_OUT -> 2;
            case USAGE -> 3;
            case BAD_INPUT -> 4;
            case STATE_UNKNOWN -> 5;
            case INTERNAL_ERROR -> 6;
        };
    }

    private static Progress named(Progress progress, Path tree) {
        return new Progress() {
            @Override
            public void stage(String name) {
                progress.stage("%s: %s".formatted(tree, name));
            }

            @Override
            public void advance(long done, long total) {
                progress.advance(done, total);
            }
        };
    }

    private static Row row(Path tree, String version, String buildId, Answer answer, double seconds) {
        List<CreateReport> payloads = switch (answer.report()) {
            case CreateReport one -> List.of(one);
            case CreateStack.Report stack -> stack.payloads();
            default -> List.of();
        };
        Outcome outcome = switch (answer.exitCode()) {
            case DONE -> Outcome.MADE;
            case REFUSED -> Outcome.REFUSED;
            default -> Outcome.FAILED;
        };
        return new Row(
                tree,
                version,
                buildId,
                outcome,
                answer.exitCode().code(),
                payloads.stream()
                        .flatMap(payload -> payload.functions().stream())
                        .map(LinkResult.Function::name)
                        .distinct()
                        .toList(),
                payloads.stream().flatMap(payload -> payload.output().stream()).toList(),
                seconds,
                outcome == Outcome.FAILED ? answer.errors() : "",
                payloads.isEmpty() ? Optional.empty() : Optional.of(answer.report()));
    }

    private static String text(List<Row> rows) {
        List<List<String>> cells = new ArrayList<>();
        cells.add(List.of("tree", "version", "build id", "outcome", "functions", "seconds", "payload"));
        for (Row row : rows) {
            List<String> files = row.payloads().isEmpty()
                    ? List.of("")
                    : row.payloads().stream().map(Path::toString).toList();
            cells.add(List.of(
                    row.tree().toString(),
                    row.version(),
                    row.buildId().substring(0, Math.min(12, row.buildId().length())),
                    row.outcome().name().toLowerCase(java.util.Locale.ROOT),
                    Integer.toString(row.functions().size()),
                    "%.1f".formatted(row.seconds()),
                    files.getFirst()));
            files.stream().skip(1).forEach(file -> cells.add(List.of("", "", "", "", "", "", file)));
        }
        return Columns.of(cells);
    }
}
