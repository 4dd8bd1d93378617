package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.engine.Verb;
import dev.suture.target.Policy;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code suture unload}: takes a payload out of live targets. */
@Command(
        name = "unload",
        description = "Take a payload out of live targets again. It must not be applied.",
        footer = "  suture unload fix --on pid:4711")
final class UnloadCommand extends NamedActionCommand {
    @Option(
            names = "--policy",
            paramLabel = "POLICY",
            description = "stack (default): no thread may be in the payload or return to it; calls: the same, but where"
                    + " words of a stack and the calls disagree, the calls decide.")
    private Policy policy = Policy.STACK;

    @Spec
    private CommandSpec spec;

    @Override
    Answer answer(Progress progress) {
        if (!policy.isWholeFunction()) {
            throw new ParameterException(
                    spec.commandLine(), "the memory that unload gives back must not be run: --policy stack or calls");
        }
        return act(Verb.UNLOAD, name(), Optional.empty(), options().with(policy));
    }
}
