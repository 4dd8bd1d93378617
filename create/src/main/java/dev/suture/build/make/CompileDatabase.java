package dev.suture.build.make;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.suture.LivePatchException;
import dev.suture.build.Cause;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * {@code compile_commands.json}, in which a build system tells how it compiles each source: meson always writes it,
 * cmake with {@code -DCMAKE_EXPORT_COMPILE_COMMANDS=ON}, others with tools such as bear.
 *
 * <p>It says nothing of linking, and may be left over from somewhere else; so it only fills in what was not recorded.
 *
 * @see "Clang documentation, JSON Compilation Database Format Specification"
 */
final class CompileDatabase {
    private static final String FILE_NAME = "compile_commands.json";
    private static final Set<String> LAUNCHERS = Set.of("ccache", "sccache", "distcc", "icecc");

    private CompileDatabase() {}

    /** {@return the databases below a directory} */
    static List<Path> find(Path tree) throws IOException {
        List<Path> found = new ArrayList<>();
        Files.walkFileTree(tree, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (file.getFileName().toString().equals(FILE_NAME)) {
                    found.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        found.sort(null);
        return found;
    }

    /**
     * {@return the commands in it that were run below {@code tree}}
     *
     * @throws LivePatchException if it is not such a database
     */
    static List<RecordedCommand> read(Path database, Path tree, Mounts mounts) {
        JsonNode entries;
        try {
            entries = new ObjectMapper().readTree(database.toFile());
        } catch (IOException e) {
            throw new LivePatchException("cannot read %s: %s".formatted(database, Cause.of(e)), e);
        }
        List<RecordedCommand> commands = new ArrayList<>();
        Map<String, Path> tools = RecordingTools.real();
        for (JsonNode entry : entries) {
            Path directory = real(Path.of(entry.path("directory").asText("/")));
            List<String> words = new ArrayList<>();
            if (entry.has("arguments")) {
                entry.path("arguments").forEach(word -> words.add(word.asText()));
            } else {
                words.addAll(words(entry.path("command").asText()));
            }
            while (!words.isEmpty() && LAUNCHERS.contains(name(words.getFirst()))) {
                words.removeFirst();
            }
            if (words.isEmpty() || !mounts.real(directory).startsWith(tree)) {
                continue;
            }
            if (entry.has("output") && !words.contains("-o")) {
                words.addAll(List.of("-o", entry.path("output").asText()));
            }
            String compiler = words.removeFirst();
            Path program = compiler.contains("/") ? directory.resolve(compiler) : tools.get(compiler);
            if (program != null) {
                commands.add(new RecordedCommand(name(compiler), program.toString(), directory, words, mounts));
            }
        }
        return commands;
    }

    private static Path real(Path directory) {
        try {
            return directory.toRealPath();
        } catch (IOException e) {
            // Gone, or never of this machine.
            return directory.normalize();
        }
    }

    private static String name(String program) {
        return program.substring(program.lastIndexOf('/') + 1);
    }

    /** {@return the words of a command line, as a shell without variables would see them} */
    static List<String> words(String command) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean inWord = false;
        char quote = 0;
        for (int i = 0; i < command.length(); i++) {
            char c = command.charAt(i);
            boolean escapes = c == '\\' && quote != '\'' && i + 1 < command.length();
            if (escapes && (quote == 0 || "\"\\$`".indexOf(command.charAt(i + 1)) >= 0)) {
                word.append(command.charAt(++i));
                inWord = true;
            } else if (quote != 0) {
                if (c == quote) {
                    quote = 0;
                } else {
                    word.append(c);
                }
            } else if (c == '"' || c == '\'') {
                quote = c;
                inWord = true;
            } else if (!Character.isWhitespace(c)) {
                word.append(c);
                inWord = true;
            } else if (inWord) {
                words.add(word.toString());
                word.setLength(0);
                inWord = false;
            }
        }
        if (inWord) {
            words.add(word.toString());
        }
        return words;
    }
}
