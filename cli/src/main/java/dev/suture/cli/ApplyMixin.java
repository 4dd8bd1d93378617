package dev.suture.cli;

import dev.suture.target.ApplyOptions;
import dev.suture.target.Policy;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/** How a payload is applied. */
final class ApplyMixin {
    @Option(
            names = "--policy",
            paramLabel = "POLICY",
            description =
                    "stack (default): no thread may be in a replaced function or return to it; calls: the same, but where"
                            + " words of a stack and the calls disagree, the calls decide; bytes: no thread may be in"
                            + " the bytes that change, calls under way end in the old code.")
    private Policy policy = Policy.STACK;

    @Option(names = "--nodeps", description = "Whatever is below on the stack.")
    private boolean ignoreDepends;

    @Option(
            names = "--set",
            paramLabel = "NAME=VALUE",
            description = "Set a variable of the payload before it is applied. May be given more than once.")
    private Map<String, String> parameters = new LinkedHashMap<>();

    @Option(
            names = "--auto-revert",
            description =
                    "If one of several targets ends, executes another program, gets stuck or cannot be looked at any more"
                            + " while it is watched, take it back on the others (exit code 5).")
    private boolean autoRevert;

    boolean autoRevert() {
        return autoRevert;
    }

    /** {@return the options with these in them} */
    ApplyOptions with(ApplyOptions options) {
        return new ApplyOptions(options.timeout(), policy, ignoreDepends, parameters, options.isInPlace());
    }
}
