package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.create.HookTemplate;
import dev.suture.create.HookTemplate.Change;
import dev.suture.create.HookTemplate.Nothing;
import dev.suture.create.HookTemplate.Shadow;
import dev.suture.create.HookTemplate.Target;
import dev.suture.create.HookTemplate.Variable;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code suture new hook}: a C file with hooks to start from. */
@Command(
        name = "hook",
        description = {
            "Write a C file with a hook, which runs when a payload is applied or reverted, and the hook that takes back what"
                    + " it did. Live patches replace functions; what has to happen to data is done by hooks. The file compiles"
                    + " as it is, and goes into a payload with --patch, beside the patch.",
            "",
            "load and unload run while all stands still, around the change; preapply and postrevert before and after, while"
                    + " the target goes on, as do postapply and prerevert; apply and revert take the place of what Xen does"
                    + " by itself, and in processes run beside it. The file says what they may do."
        },
        footer = {
            "  suture new hook load --for xen --variable opt_max_grant_frames --type 'unsigned int' \\",
            "      --output limit.c",
            "  suture new hook load --for process --variable timeout --value 30 --output timeout.c",
            "  suture new hook preapply --for xen --shadow 'struct domain' --output count.c",
            "  suture build xen --tree ~/xen --patch fix.patch --patch count.c --output fix.livepatch"
        })
final class NewHookCommand extends SutureCommand {
    enum Kind {
        LOAD,
        UNLOAD,
        PREAPPLY,
        APPLY,
        POSTAPPLY,
        PREREVERT,
        REVERT,
        POSTREVERT
    }

    @Parameters(
            paramLabel = "KIND",
            description =
                    "When it runs: load, unload, preapply, apply, postapply, prerevert, revert or postrevert. The file"
                            + " has the hook that belongs to it, too: load and unload, preapply and postrevert, postapply and"
                            + " prerevert, apply and revert.")
    private Kind kind;

    @Option(
            names = "--for",
            paramLabel = "TARGET",
            required = true,
            description = "What the payload is for: xen, process.")
    private Target target;

    @Option(
            names = "--variable",
            paramLabel = "NAME",
            description = "Change this global variable, and give it back what it had.")
    private String variable;

    @Option(names = "--type", paramLabel = "TYPE", description = "The variable's C type (default: int).")
    private String type;

    @Option(
            names = "--value",
            paramLabel = "EXPRESSION",
            description = "What the variable is to be (default: to be filled in).")
    private String value;

    @Option(
            names = "--shadow",
            paramLabel = "TYPE",
            description =
                    "Give objects of this C type a shadow variable each: data that the type itself has no room for. For"
                            + " Xen's 'struct domain' the file finds the objects, for others that is to be filled in.")
    private String shadow;

    @Option(names = "--output", paramLabel = "FILE.c", required = true, description = "Where to write the file.")
    private Path output;

    @Spec
    private CommandSpec command;

    /** What was written. */
    record Written(String output, String target, List<String> hooks) {}

    @Override
    Answer answer(Progress progress) {
        checkUsage();
        HookTemplate template = new HookTemplate(lowerCase(kind), target, change());
        template.write(output);
        return Answer.done(
                new Written(output.toString(), lowerCase(target), template.hooks()),
                "%s: a %s and a %s hook; give it to suture build %s with --patch, beside the patch"
                        .formatted(
                                output,
                                template.hooks().getFirst(),
                                template.hooks().getLast(),
                                lowerCase(target)));
    }

    private static String lowerCase(Enum<?> word) {
        return word.name().toLowerCase(java.util.Locale.ROOT);
    }

    private Change change() {
        if (variable != null) {
            return new Variable(variable, type == null ? "int" : type, Optional.ofNullable(value));
        }
        return shadow == null ? new Nothing() : new Shadow(shadow);
    }

    private void checkUsage() {
        String mistake = "";
        if (variable != null && shadow != null) {
            mistake = "--variable and --shadow: one of them at a time; write two files";
        } else if (variable == null && (type != null || value != null)) {
            mistake = "--type and --value say something of a variable: which is it? (--variable NAME)";
        } else if (variable != null && !variable.matches("[A-Za-z_]\\w*")) {
            mistake = "--variable %s: expected the name of a global variable".formatted(variable);
        } else if (shadow != null && (kind == Kind.POSTAPPLY || kind == Kind.PREREVERT)) {
            mistake =
                    "--shadow with %s: in a prerevert hook the functions that use the data still run; take load or preapply"
                            .formatted(lowerCase(kind));
        } else if (!output.toString().endsWith(".c")) {
            mistake = "--output %s: expected a name that ends in .c, by which suture build knows it".formatted(output);
        }
        if (!mistake.isEmpty()) {
            throw new ParameterException(command.commandLine(), mistake);
        }
    }
}
