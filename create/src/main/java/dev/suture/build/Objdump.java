package dev.suture.build;

import dev.suture.LivePatchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Asks {@code objdump} of binutils how the code of an object is written in assembly language.
 *
 * <p>What it adds from relative distances that relocations will change (comments, and names and addresses behind branches)
 * is left out: in an object it is not true.
 */
public final class Objdump {
    private static final Pattern SECTION = Pattern.compile("Disassembly of section (.*):");
    private static final Pattern INSTRUCTION = Pattern.compile("\\s*([0-9a-f]+):\\t(.*)");
    private static final Pattern BRANCH = Pattern.compile("((?:[a-z,]+\\s+)*?[a-z]+)\\s+[0-9a-f]+ <.*>");

    private Objdump() {}

    /**
     * {@return instructions as text, by section name and offset in the section; empty if there is no {@code objdump} or it
     * does not know the file}
     *
     * @param object a relocatable file; among sections of one name the last counts
     */
    public static Optional<Map<String, Map<Long, String>>> disassemble(Path object) {
        Path directory = null;
        try {
            directory = Files.createTempDirectory("suture-objdump");
            List<String> lines = new ArrayList<>();
            int status = ChildProcess.run(
                    List.of(
                            "objdump",
                            "-d",
                            "-w",
                            "--no-show-raw-insn",
                            object.toAbsolutePath().toString()),
                    directory,
                    Map.of("LC_ALL", "C"),
                    directory.toString(),
                    directory.resolve("log"),
                    lines::add);
            return status == 0 ? Optional.of(parse(lines)) : Optional.empty();
        } catch (IOException e) {
            throw new LivePatchException("cannot make a directory for what objdump says: " + Cause.of(e), e);
        } finally {
            delete(directory);
        }
    }

    /** {@return whether {@code objdump} is installed} */
    public static boolean isInstalled() {
        String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
        return Stream.of(path.split(":"))
                .filter(folder -> !folder.isEmpty())
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, "objdump")));
    }

    static Map<String, Map<Long, String>> parse(List<String> lines) {
        Map<String, Map<Long, String>> sections = new HashMap<>();
        Map<Long, String> instructions = new HashMap<>();
        for (String line : lines) {
            Matcher section = SECTION.matcher(line);
            Matcher instruction = INSTRUCTION.matcher(line);
            if (section.matches()) {
                instructions = new HashMap<>();
                sections.put(section.group(1), instructions);
            } else if (instruction.matches()) {
                instructions.put(Long.parseUnsignedLong(instruction.group(1), 16), text(instruction.group(2)));
            }
        }
        return sections;
    }

    private static String text(String written) {
        int comment = written.indexOf('#');
        String text = (comment < 0 ? written : written.substring(0, comment)).strip();
        Matcher branch = BRANCH.matcher(text);
        return branch.matches() ? branch.group(1) : text;
    }

    private static void delete(Path directory) {
        try {
            if (directory != null) {
                ScratchTree.deleteDirectory(directory);
            }
        } catch (IOException e) {
            // It is in the system's directory for temporary files, which is emptied sooner or later.
        }
    }
}
