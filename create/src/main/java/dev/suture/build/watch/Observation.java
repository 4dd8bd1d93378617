package dev.suture.build.watch;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32;

/**
 * What the processes of a command did with the files below some directories.
 *
 * @param unknown why the uses are not all that there were; empty if they are
 * @param programs every program that ran, by number; a process that executes another program is one more
 * @param uses in the order in which they happened, each once for a state of the file
 */
public record Observation(Optional<String> unknown, Map<Integer, Program> programs, List<Use> uses) {
    private static final String HEADER = "suture observation 2";
    private static final int LEAST_LINES = 3;

    /** What a program does with a file. */
    public enum Kind {
        /** Gets the contents, those of a directory or where a link leads included. */
        READ,
        /** Learns whether it is there and may be used, and nothing else. */
        ASK,
        /** Learns whether it is there, how large it is or when it changed. */
        LOOK,
        /** May change the contents. */
        WRITE,
        /** Gives it another name. */
        RENAME,
        /** Gives it a second name. */
        LINK
    }

    /**
     * A program in a process.
     *
     * @param number from 1
     * @param parent the program that started the process, or that ran in it before; 0 for the first
     * @param sameProcess whether the parent ran in this process before
     * @param file the file that runs, by its real path; an interpreter for a script
     * @param called the path it was called by
     */
    public record Program(int number, int parent, boolean sameProcess, String file, String called) {}

    /**
     * A use of a file.
     *
     * @param program who
     * @param kind what
     * @param path the file, by its real path
     * @param to the new name, if the kind gives one
     */
    public record Use(int program, Kind kind, String path, String to) {}

    public Observation {
        programs = Map.copyOf(programs);
        uses = List.copyOf(uses);
    }

    /** {@return an observation of which nothing is known} */
    public static Observation unknown(String why) {
        return new Observation(Optional.of(why), Map.of(), List.of());
    }

    /** Writes it beside its place and renames it. */
    public void write(Path file) throws IOException {
        StringBuilder text = new StringBuilder(HEADER + "\n");
        text.append(unknown.map(why -> "unknown " + why.replace('\n', ' ')).orElse("complete"))
                .append('\n');
        programs.values()
                .forEach(program -> line(
                        text,
                        "P",
                        program.number(),
                        program.parent(),
                        program.sameProcess() ? "same" : "other",
                        program.file(),
                        program.called()));
        uses.forEach(use -> line(text, "U", use.program(), use.kind(), use.path(), use.to()));
        text.append(digest(text)).append('\n');
        Path part = file.resolveSibling(file.getFileName() + ".part");
        Files.writeString(part, text, StandardCharsets.UTF_8);
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void line(StringBuilder text, Object... fields) {
        String separator = "";
        for (Object field : fields) {
            text.append(separator).append(field);
            separator = "\0";
        }
        text.append('\n');
    }

    private static String digest(CharSequence text) {
        CRC32 crc = new CRC32();
        crc.update(text.toString().getBytes(StandardCharsets.UTF_8));
        return "end %08x".formatted(crc.getValue());
    }

    /** {@return what was written; an unknown one if that is not there or not whole} */
    public static Observation read(Path file) {
        try {
            return parse(Files.readString(file, StandardCharsets.UTF_8));
        } catch (IOException | IllegalArgumentException | IndexOutOfBoundsException e) {
            return unknown("there is no record of what its processes read");
        }
    }

    private static Observation parse(String text) {
        int end = text.lastIndexOf("end ");
        List<String> lines = text.substring(0, end).lines().toList();
        boolean whole = text.substring(end).strip().equals(digest(text.substring(0, end)));
        if (!whole || lines.size() < LEAST_LINES - 1 || !lines.getFirst().equals(HEADER)) {
            throw new IllegalArgumentException("not an observation");
        }
        Map<Integer, Program> programs = new HashMap<>();
        List<Use> uses = new ArrayList<>();
        for (String line : lines.subList(2, lines.size())) {
            String[] fields = line.split("\0", -1);
            int number = Integer.parseInt(fields[1]);
            if (fields[0].equals("P")) {
                int parent = Integer.parseInt(fields[2]);
                programs.put(number, new Program(number, parent, fields[3].equals("same"), fields[4], fields[5]));
            } else {
                uses.add(new Use(number, Kind.valueOf(fields[2]), fields[3], fields[4]));
            }
        }
        String state = lines.get(1);
        Optional<String> unknown = state.equals("complete")
                ? Optional.empty()
                : Optional.of(state.substring(Math.min(state.length(), "unknown ".length())));
        return new Observation(unknown, programs, uses);
    }
}
