package dev.suture.build.make;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * How one object is compiled from its source.
 *
 * @param compiler path of the program
 * @param directory where it was run, a seen path
 * @param arguments all of them, as the build gave them
 * @param source a real path
 * @param sourceArgument the source as the arguments name it
 * @param object where the build puts the object, a real path; it may be a temporary file that is gone by now
 * @param mounts what the command sees where
 */
record CompileStep(
        String compiler,
        Path directory,
        List<String> arguments,
        Path source,
        String sourceArgument,
        Path object,
        Mounts mounts) {

    /** Options with an argument of their own that say where output goes. */
    private static final Set<String> OUTPUT_WITH_ARGUMENT = Set.of("-o", "-MF", "-MT", "-MQ", "-dumpbase", "-dumpdir");

    private static final Set<String> OUTPUT_ALONE =
            Set.of("-c", "-MD", "-MMD", "-MP", "-MG", "-M", "-MM", "-save-temps", "-save-temps=obj", "-shared");

    /** For the linker, in commands that compile and link at once. */
    private static final Set<String> LINKING_WITH_ARGUMENT = Set.of("-Xlinker", "-T", "-u", "-z", "-h", "-soname");

    CompileStep {
        arguments = List.copyOf(arguments);
    }

    /** {@return the real path of a file that the compiler names} */
    Path at(String name) {
        return mounts.real(directory.resolve(name).normalize());
    }

    /** {@return the command that compiles the source with the build's own options to another object} */
    List<String> compileTo(Path to, List<String> more) {
        List<String> command = options();
        command.addAll(more);
        command.addAll(List.of("-c", "-o", to.toString()));
        return command;
    }

    /** {@return the command that writes the source behind the preprocessor} */
    List<String> preprocessTo(Path to, List<String> more) {
        List<String> command = options();
        command.addAll(more);
        command.addAll(List.of("-E", "-o", to.toString()));
        return command;
    }

    /** {@return the command that compiles what the preprocessor wrote} */
    List<String> compilePreprocessed(Path preprocessed, Path to, List<String> more) {
        List<String> command = compileTo(to, more);
        command.set(command.indexOf(sourceArgument), preprocessed.toString());
        return command;
    }

    /** {@return the command that writes which files the source includes, as a rule of make} */
    List<String> listInputsTo(Path to) {
        List<String> command = options();
        command.addAll(List.of("-M", "-MT", "object", "-MF", to.toString()));
        return command;
    }

    private List<String> options() {
        List<String> command = new ArrayList<>(List.of(compiler));
        for (int i = 0; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            if (OUTPUT_WITH_ARGUMENT.contains(argument) || LINKING_WITH_ARGUMENT.contains(argument)) {
                i++;
            } else if (!isDropped(argument)) {
                command.add(argument);
                boolean takesNext = CommandWords.OPTIONS_WITH_ARGUMENT.contains(argument);
                if (takesNext && i + 1 < arguments.size()) {
                    command.add(arguments.get(++i));
                }
            }
        }
        return command;
    }

    private boolean isDropped(String argument) {
        boolean output = OUTPUT_ALONE.contains(argument)
                || argument.startsWith("-Wp,-M")
                || argument.startsWith("-o") && argument.length() > 2
                || argument.startsWith("-MF")
                || argument.startsWith("-MT");
        boolean linking = argument.startsWith("-Wl,") || argument.startsWith("-l") || argument.startsWith("-L");
        boolean otherInput = !argument.startsWith("-") && !argument.equals(sourceArgument);
        return output || linking || otherInput;
    }
}
