package dev.suture.cli;

import dev.suture.build.SourcePatch;
import dev.suture.create.PayloadRequest;
import java.nio.file.Path;
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
            required = true,
            arity = "1..*",
            description = "A unified diff or mailed patch. Several are applied in the order given.")
    private List<Path> patches;

    @Option(names = "--output", paramLabel = "FILE", required = true, description = "Where to write the payload.")
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
        if (jobs < 1) {
            throw new ParameterException(command.commandLine(), "--jobs %d: expected at least 1".formatted(jobs));
        }
    }

    /** {@return the patches, read} */
    List<SourcePatch> patches() {
        return patches.stream().map(SourcePatch::read).toList();
    }

    boolean keep() {
        return keep;
    }

    int jobs() {
        return jobs;
    }

    /** {@return what payload is wanted} */
    PayloadRequest request() {
        return new PayloadRequest(output, name(), Optional.ofNullable(depends), metadata, allowedTypes);
    }

    /** {@return the name that was given, else that of the output without its ending} */
    private String name() {
        if (name != null) {
            return name;
        }
        String file = output.getFileName().toString();
        return file.endsWith(ENDING) ? file.substring(0, file.length() - ENDING.length()) : file;
    }
}
