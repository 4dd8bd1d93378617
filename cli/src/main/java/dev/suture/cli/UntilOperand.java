package dev.suture.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Stack;
import java.util.function.Predicate;
import picocli.CommandLine.IParameterConsumer;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/**
 * Takes the files behind an option, up to the next option or to what cannot be one of them.
 *
 * <p>{@code --patch a.patch b.patch fix.livepatch} would else take the payload for a patch, and then miss the payload.
 */
abstract class UntilOperand implements IParameterConsumer {
    private static final byte[] ELF = {0x7f, 'E', 'L', 'F'};

    private final Predicate<String> isOperand;

    private UntilOperand(Predicate<String> isOperand) {
        this.isOperand = isOperand;
    }

    /** Of patches: a payload is an ELF file, and a patch or a source never is. */
    static final class Payload extends UntilOperand {
        Payload() {
            super(UntilOperand::isElf);
        }
    }

    /** Of payloads: a target has a colon behind its kind. */
    static final class Target extends UntilOperand {
        Target() {
            super(word -> word.matches("(pid|exe|name|maps):.*") && !Files.exists(Path.of(word)));
        }
    }

    @Override
    public void consumeParameters(Stack<String> words, ArgSpec argument, CommandSpec command) {
        List<Path> all = new ArrayList<>();
        List<Path> before = argument.getValue();
        if (before != null) {
            all.addAll(before);
        }
        int known = all.size();
        while (!words.isEmpty()
                && !words.peek().startsWith("-")
                && (all.size() == known || !isOperand.test(words.peek()))) {
            all.add(Path.of(words.pop()));
        }
        if (all.size() == known) {
            throw new ParameterException(
                    command.commandLine(),
                    "Missing required parameter for option '%s' (%s)"
                            .formatted(
                                    command.optionsMap().entrySet().stream()
                                            .filter(entry -> entry.getValue() == argument)
                                            .findFirst()
                                            .orElseThrow()
                                            .getKey(),
                                    argument.paramLabel()));
        }
        argument.setValue(all);
    }

    // What is read here is gone from a pipe, and who waits for one waits for ever.
    private static boolean isElf(String word) {
        if (!Files.isRegularFile(Path.of(word))) {
            return false;
        }
        try (InputStream in = Files.newInputStream(Path.of(word))) {
            return Arrays.equals(in.readNBytes(ELF.length), ELF);
        } catch (IOException e) {
            return false;
        }
    }
}
