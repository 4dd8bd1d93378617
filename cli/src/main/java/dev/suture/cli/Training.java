package dev.suture.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.module.ModuleReader;
import java.lang.module.ResolvedModule;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs several commands in one JVM, for the ahead-of-time cache: what is loaded here need not be searched for and linked
 * when a command runs on its own. {@code scripts/train} says which commands; what they answer does not matter.
 */
final class Training {
    private static final String THEN = "--then";
    private static final String CLASSES_OF = "--classes-of";
    private static final String CLASS = ".class";

    private Training() {}

    /**
     * The commands' words, with {@code --then} between two commands. {@code --classes-of MODULE} loads all classes of a
     * module: no Xen tree is at hand here, and what builds for Xen has hundreds of its own.
     */
    public static void main(String[] arguments) {
        List<String> command = new ArrayList<>();
        for (String word : arguments) {
            if (word.equals(THEN)) {
                run(command);
                command.clear();
            } else {
                command.add(word);
            }
        }
        Suture.main(command.toArray(String[]::new));
    }

    private static void run(List<String> command) {
        if (command.size() == 2 && command.getFirst().equals(CLASSES_OF)) {
            loadClassesOf(command.getLast());
        } else {
            Suture.execute(command.toArray(String[]::new));
        }
    }

    private static void loadClassesOf(String name) {
        Module module = ModuleLayer.boot().findModule(name).orElseThrow();
        ResolvedModule resolved =
                ModuleLayer.boot().configuration().findModule(name).orElseThrow();
        try (ModuleReader reader = resolved.reference().open()) {
            reader.list()
                    .filter(file -> file.endsWith(CLASS) && !file.endsWith("-info" + CLASS))
                    .map(file ->
                            file.substring(0, file.length() - CLASS.length()).replace('/', '.'))
                    .forEach(type -> Class.forName(module, type));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
