package dev.suture.cli;

import dev.suture.LivePatchException;
import dev.suture.Progress;
import dev.suture.Refusal;
import dev.suture.engine.Follow;
import dev.suture.engine.Follow.Wanted;
import dev.suture.engine.FollowEvent;
import dev.suture.payload.Payload;
import dev.suture.payload.PayloadSections;
import dev.suture.process.FindProcesses;
import dev.suture.process.FindProcesses.Found;
import dev.suture.process.Owners;
import dev.suture.process.ProcessTarget;
import dev.suture.target.ApplyOptions;
import dev.suture.target.LiveTarget;
import dev.suture.target.Policy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code suture follow}: keeps payloads applied in processes that come and go. */
@Command(
        name = "follow",
        description = {
            "Keep payloads applied in processes that come and go: those that start, that execute their program anew, or"
                    + " that close a library and open it again get them, until this command is told to end (Ctrl-C,"
                    + " SIGTERM). What is applied then stays.",
            "",
            "Refuses what load refuses. What cannot be loaded is tried again after a time that doubles, up to 10 minutes;"
                    + " after three crashes, or ten ends, in a row of what was just patched it gives up (exit code 5). A payload that"
                    + " somebody reverts or unloads meanwhile is left alone."
        },
        footer = "  suture follow exe:/usr/sbin/sshd --payload fix.livepatch --journal follow.log")
final class FollowCommand extends SutureCommand implements EndsWhenTold {
    private static final long LONGEST_INTERVAL_SECONDS = 3600;

    @Parameters(
            paramLabel = "TARGET",
            arity = "1..*",
            description = "pid:N, exe:PATH, name:NAME or maps:FILE, as in load; there may be none of them yet.")
    private List<String> targets;

    @Option(
            names = "--payload",
            paramLabel = "FILE",
            required = true,
            arity = "1..*",
            parameterConsumer = UntilOperand.Target.class,
            description = "The payloads, in the order in which they are to be applied.")
    private List<Path> payloads;

    @Option(
            names = "--journal",
            paramLabel = "FILE",
            required = true,
            description =
                    "A file that gets a line of JSON for everything that happens. Without room for it nothing is done.")
    private Path journal;

    @Option(
            names = "--interval",
            paramLabel = "SECONDS",
            description = "How long to wait between two looks, at least (default: 1, at most 3600).")
    private Duration interval = Duration.ofSeconds(1);

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            description = "How long to look, in each process, for a moment in which it can be done (default: 30).")
    private Duration timeout = ApplyOptions.DEFAULT.timeout();

    @Option(
            names = "--watch",
            paramLabel = "SECONDS",
            defaultValue = "${env:SUTURE_WATCH:-1}",
            converter = ActionCommand.WatchSeconds.class,
            description = "How long to look, after a change, whether the process lives (default: 1, or $SUTURE_WATCH).")
    private Duration watch;

    @Option(
            names = "--any-build-id",
            description = "Take payloads of another linker, whose build ids do not tell whether the files are whole.")
    private boolean anyBuildId;

    @Mixin
    private OwnerOptions owners;

    @Spec
    private CommandSpec spec;

    /** What was done. */
    record Followed(Follow.End end, long loaded, String journal) {}

    @Override
    Answer answer(Progress progress) {
        if (interval.toSeconds() > LONGEST_INTERVAL_SECONDS) {
            throw wrong("--interval: at most %d seconds".formatted(LONGEST_INTERVAL_SECONDS));
        }
        List<Wanted> wanted = wanted();
        Owners meant = owners.owners();
        List<Supplier<Found>> finders =
                targets.stream().map(text -> finder(text, meant)).toList();
        boolean endsByItself = targets.stream().allMatch(text -> text.startsWith("pid:"));
        ApplyOptions options = new ApplyOptions(timeout, Policy.STACK, false, Map.of());
        try (Journal lines = new Journal(journal)) {
            Strangers strangers = new Strangers(lines, owners.areNamed());
            Follow follow = new Follow(wanted, () -> found(finders, strangers), options, interval, watch, lines::write);
            Follow.End end = follow.run(() -> endsByItself);
            ExitCode exitCode = end == Follow.End.GAVE_UP ? ExitCode.STATE_UNKNOWN : ExitCode.DONE;
            String text = "%s; loaded %d times, see %s".formatted(inWords(end), follow.patched(), journal);
            return new Answer(exitCode, new Followed(end, follow.patched(), journal.toString()), text);
        }
    }

    private static String inWords(Follow.End end) {
        return switch (end) {
            case NOTHING_LEFT -> "nothing is left to follow";
            case INTERRUPTED -> "told to end";
            case GAVE_UP -> "gave up, as processes crashed soon after they were patched";
        };
    }

    private List<Wanted> wanted() {
        Map<String, Wanted> byName = new LinkedHashMap<>();
        for (Path file : payloads) {
            String name = PayloadFiles.nameOf(file);
            if (!PayloadSections.isName(name)) {
                throw wrong(
                        "a payload cannot be called '%s': call the file 1 to 127 letters, digits, dots, dashes and underscores"
                                .formatted(name));
            }
            Payload payload = PayloadFiles.read(file, anyBuildId);
            if (payload.changedFile().isEmpty()) {
                throw new LivePatchException(file + ": it is no payload for processes");
            }
            if (byName.put(name, new Wanted(name, payload)) != null) {
                throw wrong("two payloads are called %s: rename one of the files".formatted(name));
            }
        }
        return List.copyOf(byName.values());
    }

    private Supplier<Found> finder(String text, Owners meant) {
        try {
            return FindProcesses.whenever(text, meant);
        } catch (FindProcesses.NoTargetException e) {
            throw wrong(e.getMessage());
        }
    }

    private static List<LiveTarget> found(List<Supplier<Found>> finders, Strangers strangers) {
        Map<Integer, ProcessTarget> meant = new LinkedHashMap<>();
        Map<Integer, ProcessTarget> others = new LinkedHashMap<>();
        for (Supplier<Found> finder : finders) {
            Found found = finder.get();
            found.meant().forEach(target -> meant.putIfAbsent(target.pid(), target));
            found.others().forEach(target -> others.putIfAbsent(target.pid(), target));
        }
        others.keySet().removeAll(meant.keySet());
        strangers.tell(others.values());
        return List.copyOf(meant.values());
    }

    /** Processes of users of whom nothing was said: each is told of once. */
    private static final class Strangers {
        private final Journal journal;
        private final boolean isNobodyMissed;
        private final Set<Integer> told = new HashSet<>();

        Strangers(Journal journal, boolean isNobodyMissed) {
            this.journal = journal;
            this.isNobodyMissed = isNobodyMissed;
        }

        void tell(Collection<ProcessTarget> others) {
            if (isNobodyMissed) {
                return;
            }
            told.retainAll(others.stream().map(ProcessTarget::pid).toList());
            for (ProcessTarget other : others) {
                if (told.add(other.pid())) {
                    Refusal refusal = OwnerOptions.refusal(other.name(), List.of(other));
                    journal.write(new FollowEvent(
                            FollowEvent.Kind.LEFT_ALONE,
                            other.name(),
                            "",
                            "it is of another user",
                            List.of(refusal),
                            0));
                }
            }
        }
    }

    private ParameterException wrong(String why) {
        return new ParameterException(spec.commandLine(), why);
    }
}
