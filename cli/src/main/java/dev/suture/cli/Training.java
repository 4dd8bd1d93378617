package dev.suture.cli;

import java.util.ArrayList;
import java.util.List;

/**
 * Runs several commands in one JVM, for the ahead-of-time cache: what is loaded here need not be searched for and linked
 * when a command runs on its own. {@code scripts/train} says which commands; what they answer does not matter.
 */
final class Training {
    private static final String THEN = "--then";

    private Training() {}

    /** The commands' words, with {@code --then} between two commands. */
    public static void main(String[] arguments) {
        List<String> command = new ArrayList<>();
        for (String word : arguments) {
            if (word.equals(THEN)) {
                Suture.execute(command.toArray(String[]::new));
                command.clear();
            } else {
                command.add(word);
            }
        }
        Suture.main(command.toArray(String[]::new));
    }
}
