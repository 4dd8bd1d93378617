package dev.suture.cli;

import dev.suture.process.FindProcesses;
import dev.suture.process.ProcessTarget;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which live targets a command is about. */
final class ProcessOptions {
    @Option(
            names = "--on",
            paramLabel = "TARGET",
            required = true,
            arity = "1..*",
            description =
                    "pid:N, exe:PATH (all processes that run that file), name:NAME (all of that name, as ps shows it) or"
                            + " maps:FILE (all that have that library in memory). May be given more than once.")
    private List<String> on;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    /** {@return the processes, each once} */
    List<ProcessTarget> targets() {
        return targets(on, spec);
    }

    /** {@return the processes that are named in one of the ways of {@code --on}, each once} */
    static List<ProcessTarget> targets(List<String> on, CommandSpec spec) {
        try {
            return targets(on);
        } catch (FindProcesses.NoTargetException e) {
            throw new ParameterException(spec.commandLine(), "--on " + e.getMessage());
        }
    }

    /**
     * {@return the processes, each once}
     *
     * @throws FindProcesses.NoTargetException if one of the texts names none
     */
    static List<ProcessTarget> targets(List<String> on) {
        List<ProcessTarget> targets = new ArrayList<>();
        for (String text : on) {
            for (ProcessTarget target : FindProcesses.find(text)) {
                if (targets.stream().noneMatch(other -> other.pid() == target.pid())) {
                    targets.add(target);
                }
            }
        }
        return targets;
    }
}
