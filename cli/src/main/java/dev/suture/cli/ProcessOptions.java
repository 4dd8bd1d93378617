package dev.suture.cli;

import dev.suture.LivePatchException;
import dev.suture.Refusal;
import dev.suture.process.FindProcesses;
import dev.suture.process.FindProcesses.Found;
import dev.suture.process.Owners;
import dev.suture.process.ProcessTarget;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which live targets a command looks at, whoever's they are. */
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

    /**
     * What a command is to change.
     *
     * @param targets each once
     * @param refused those of them that are not to be touched, by their numbers; then none is
     */
    record Chosen(List<ProcessTarget> targets, Map<Integer, Refusal> refused) {}

    /** {@return the processes to change} Those of users that {@code --user} does not name are not among them. */
    Chosen chosen(OwnerOptions options) {
        Owners owners = options.owners();
        Map<Integer, ProcessTarget> targets = new LinkedHashMap<>();
        Map<String, List<ProcessTarget>> others = new LinkedHashMap<>();
        for (String text : on) {
            Found found = found(text, owners);
            found.meant().forEach(target -> targets.putIfAbsent(target.pid(), target));
            if (!options.areNamed()) {
                others.put(text, found.others());
            } else if (found.meant().isEmpty()) {
                throw new LivePatchException("%s: no process of whom --user names is that".formatted(text));
            }
        }
        Map<Integer, Refusal> refused = new LinkedHashMap<>();
        others.forEach((text, those) -> {
            // Somebody named by a number is meant, whatever else he is.
            List<ProcessTarget> strangers = those.stream()
                    .filter(target -> !targets.containsKey(target.pid()) || refused.containsKey(target.pid()))
                    .toList();
            for (ProcessTarget stranger : strangers) {
                targets.putIfAbsent(stranger.pid(), stranger);
                refused.putIfAbsent(stranger.pid(), OwnerOptions.refusal(text, strangers));
            }
        });
        return new Chosen(List.copyOf(targets.values()), refused);
    }

    private Found found(String text, Owners owners) {
        try {
            return FindProcesses.find(text, owners);
        } catch (FindProcesses.NoTargetException e) {
            throw new ParameterException(spec.commandLine(), "--on " + e.getMessage());
        }
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
