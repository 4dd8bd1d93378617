package dev.suture.cli;

import dev.suture.build.SourcePatch;
import dev.suture.create.PayloadRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of all commands that make payloads from patches. */
final class PayloadOptions {
    private static final String ENDING = ".livepatch";

    @Option(
            names = "--patch",
            paramLabel = "FILE",
            arity = "1..*",
            description =
                    "A unified diff or mailed patch. Several are applied in the order given. A C file among them, by its"
                            + " name, is no patch: it becomes one more object of the payload, for its hooks (suture new hook).")
    private List<Path> patches = List.of();

    @Option(
            names = "--series",
            paramLabel = "FILE|DIR",
            description = "Patches by a list as quilt keeps it (a name on each line, beside the list), or the directory"
                    + " in which such a list is called series. They come before those of --patch.")
    private Path series;

    @Option(
            names = "--stack",
            description = "Make one payload of each patch, each on top of the one before. The output is a directory"
                    + " then; the payloads have the names of the patches.")
    private boolean stack;

    @Option(
            names = "--skip-refused",
            description =
                    "With --stack: go on past a patch that is refused, without it and without what does not apply or"
                            + " compile without it.")
    private boolean skipRefused;

    @Option(
            names = "--output",
            paramLabel = "FILE",
            required = true,
            description = "Where to write the payload; a directory if there are several.")
    private Path output;

    @Option(
            names = "--name",
            paramLabel = "N",
            description = "The payload's name (default: the output's file name without .livepatch).")
    private String name;

    @Option(
            names = "--depends",
            paramLabel = "BUILDID|PAYLOAD",
            description = "What the payload is stacked on: a build id, or the file of another payload (default: what is"
                    + " patched itself).")
    private String depends;

    @Option(
            names = "--applied",
            paramLabel = "FILE",
            arity = "1..*",
            description =
                    "The patches that the payload of --depends, and those below it, were made from, in their order."
                            + " The new payload is made for the source with these: it brings only what --patch changes.")
    private List<Path> applied = List.of();

    @Option(
            names = "--replaces",
            paramLabel = "PAYLOAD",
            arity = "1..*",
            description =
                    "The payloads that this one is to take the place of, by the action replace. Their patches have to"
                            + " be among those given.")
    private List<Path> replaces = List.of();

    @Option(
            names = "--metadata",
            paramLabel = "K=V",
            description =
                    "A line for .modinfo. May be given more than once. The name, the patches' subjects, the XSA and"
                            + " CVE numbers they name and the version of suture are there by themselves.")
    private List<String> metadata = List.of();

    @Option(
            names = "--allow-type",
            paramLabel = "TYPE",
            description = "Go on although the layout of this type changes, because no value of it outlives a call.")
    private Set<String> allowedTypes = Set.of();

    @Option(
            names = "--accept-new-state",
            paramLabel = "VARIABLE",
            description = "Go on although this variable starts anew in the payload, whatever the running one holds.")
    private Set<String> acceptedNewState = Set.of();

    @Option(
            names = "--accept-effect",
            paramLabel = "EVENT",
            description =
                    "Go on although the fix takes effect only at this event, which you will see to yourself: restart (of the program or"
                            + " hypervisor), cpu-online, new-objects (made and registered from now on), next-start-of:FUNCTION.")
    private Set<String> acceptedEffects = Set.of();

    @Option(names = "--keep", description = "Keep the objects and the build log, and say where they are.")
    private boolean keep;

    @Option(
            names = "--jobs",
            paramLabel = "N",
            description = "How many compilers may run at once (default: one per processor).")
    private int jobs = Runtime.getRuntime().availableProcessors();

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    /** Turns down what no payload can have. */
    void check() {
        for (String entry : metadata) {
            if (!entry.matches("(?s)[^=\\x00]+=[^\\x00]*")) {
                throw new ParameterException(
                        command.commandLine(), "--metadata %s: expected KEY=VALUE".formatted(entry));
            }
        }
        if (patches.isEmpty() && series == null) {
            throw new ParameterException(
                    command.commandLine(), "no patch is given: name one with --patch, or a list of them with --series");
        }
        if (!applied.isEmpty() && depends == null) {
            throw new ParameterException(
                    command.commandLine(),
                    "--applied: name the payload that was made from these patches with --depends as well");
        }
        if (!replaces.isEmpty() && (depends != null || stack)) {
            throw new ParameterException(
                    command.commandLine(),
                    "--replaces: what replaces all others goes directly on the target: leave --depends and --stack out");
        }
        if (skipRefused && !stack) {
            throw new ParameterException(
                    command.commandLine(),
                    "--skip-refused: one payload of all patches is made or refused as a whole: give --stack as well");
        }
        checkJobs(jobs, command);
    }

    /** Turns down a number of compilers that nothing can be built with. */
    static void checkJobs(int jobs, CommandSpec command) {
        if (jobs < 1) {
            throw new ParameterException(command.commandLine(), "--jobs %d: expected at least 1".formatted(jobs));
        }
    }

    /** {@return the patches, read} */
    List<SourcePatch> patches() {
        List<Path> files = new ArrayList<>(series == null ? List.of() : ReadSeries.read(series));
        files.addAll(patches);
        return files.stream().map(SourcePatch::read).toList();
    }

    /** {@return the patches that are applied already, read} */
    List<SourcePatch> applied() {
        return applied.stream().map(SourcePatch::read).toList();
    }

    /** {@return whether each patch is to become a payload of its own} */
    boolean stack() {
        return stack;
    }

    /** {@return whether to go on past a patch that is refused} */
    boolean skipRefused() {
        return skipRefused;
    }

    /** {@return where the payload goes, or the directory for several} */
    Path output() {
        return output;
    }

    boolean keep() {
        return keep;
    }

    int jobs() {
        return jobs;
    }

    /** {@return what payload is wanted} */
    PayloadRequest request() {
        return request(output, name != null ? name : withoutEnding(output));
    }

    /**
     * {@return what payloads of a stack are wanted}
     *
     * @param directory for all of them
     */
    PayloadRequest stackRequest(Path directory) {
        return request(directory, name != null ? name : "");
    }

    /** {@return what payload is wanted, in a directory and under the name that was given or that of a patch} */
    PayloadRequest requestIn(Path directory, SourcePatch firstPatch) {
        String chosen = name != null ? name : withoutEnding(firstPatch.file());
        return request(directory.resolve(chosen + ENDING), chosen);
    }

    private PayloadRequest request(Path where, String payloadName) {
        return new PayloadRequest(
                where,
                payloadName,
                Optional.ofNullable(depends),
                replaces,
                metadata,
                allowedTypes,
                acceptedNewState,
                acceptedEffects);
    }

    private static String withoutEnding(Path path) {
        return PayloadFiles.lastName(path).replaceFirst("\\.(livepatch|patch|diff)$", "");
    }
}
