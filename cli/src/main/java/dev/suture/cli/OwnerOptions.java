package dev.suture.cli;

import dev.suture.Refusal;
import dev.suture.process.Owners;
import dev.suture.process.ProcessTarget;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Whose processes are meant by a target that is not a number. */
final class OwnerOptions {
    private static final int MOST_NUMBERS = 5;

    @Option(
            names = "--user",
            paramLabel = "USER",
            description =
                    "Whose processes name:, exe: and maps: stand for, by name or number (default: those of whoever calls; any"
                            + " user can give a process a name or run a file). May be given more than once.")
    private List<String> users = new ArrayList<>();

    @Option(names = "--any-user", description = "They stand for the processes of all users.")
    private boolean anyUser;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    /** {@return whose processes are meant} */
    Owners owners() {
        if (anyUser && !users.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "--user and --any-user: say one of the two");
        }
        try {
            return anyUser ? Owners.ANYBODY : users.isEmpty() ? Owners.CALLER : Owners.of(users);
        } catch (Owners.NoUserException e) {
            throw new ParameterException(spec.commandLine(), "--user " + e.getMessage());
        }
    }

    /** {@return whether it was said which users are meant} Then all others are not, and nobody has to be told. */
    boolean areNamed() {
        return !users.isEmpty();
    }

    /** {@return why processes of other users are not touched} */
    static Refusal refusal(String text, List<ProcessTarget> others) {
        Map<Set<String>, List<Integer>> byUsers = new LinkedHashMap<>();
        for (ProcessTarget other : others) {
            Owners.CALLER
                    .strangers(other.pid())
                    .filter(names -> !names.isEmpty())
                    .ifPresent(names -> byUsers.computeIfAbsent(names, _ -> new ArrayList<>())
                            .add(other.pid()));
        }
        if (byUsers.isEmpty()) {
            return new Refusal(
                    text,
                    "",
                    "that were processes of other users, which have ended since or changed their users",
                    "Try again; or name processes by pid:N.");
        }
        String whose = byUsers.entrySet().stream()
                .map(entry -> String.join(" and ", entry.getKey()) + " (" + numbers(entry.getValue()) + ")")
                .collect(Collectors.joining(", "));
        return new Refusal(
                text,
                "",
                "that are processes of other users than %s, who calls: %s; any user can give a process a name, run a file or map it"
                        .formatted(Owners.caller(), whose),
                "Say whose are meant with --user %s, or --any-user; or name processes by pid:N."
                        .formatted(byUsers.keySet().stream()
                                .flatMap(Set::stream)
                                .distinct()
                                .collect(Collectors.joining(" --user "))));
    }

    private static String numbers(List<Integer> all) {
        String first = all.stream().limit(MOST_NUMBERS).map(String::valueOf).collect(Collectors.joining(", "));
        return all.size() <= MOST_NUMBERS ? first : "%s and %d more".formatted(first, all.size() - MOST_NUMBERS);
    }
}
