package dev.suture.cli;

import dev.suture.process.FindProcesses;
import dev.suture.process.ProcessTarget;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Which live targets a command is about. */
final class ProcessOptions {
    @Option(
            names = "--on",
            paramLabel = "TARGET",
            required = true,
            arity = "1..*",
            description =
                    "pid:N, exe:PATH (all processes that run that file) or name:NAME (all of that name, as ps shows"
                            + " it). May be given more than once.")
    private List<String> on;

    /** {@return the processes, each once} */
    List<ProcessTarget> targets() {
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
