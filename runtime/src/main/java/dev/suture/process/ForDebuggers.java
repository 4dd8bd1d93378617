package dev.suture.process;

import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * What debuggers and profilers need to see through the payloads of a process.
 *
 * @param files one for each payload
 * @param inPlaceIn files with functions in whose place there are others now: what these files say of the frames is not
 *     true there any more
 * @param code what is where in code that belongs to no file, in the order of addresses
 * @param missing build ids of more such files, which were not found
 */
public record ForDebuggers(
        List<DebugFile> files, List<InPlaceIn> inPlaceIn, List<NamedCode> code, List<String> missing) {
    private static final Pattern PLAIN_PATH = Pattern.compile("[\\p{Alnum}_./+:@%=,~-]+");

    public ForDebuggers {
        files = List.copyOf(files);
        inPlaceIn = List.copyOf(inPlaceIn);
        code = List.copyOf(code);
        missing = List.copyOf(missing);
    }

    /**
     * A file some of whose functions are replaced in place.
     *
     * @param path by which the process knows it
     * @param bias what is added to its addresses to get the process's, in bytes
     * @param isProgram whether it is the program itself, and not a library
     * @param isHere whether that path leads to it here, too: a process may have another root
     */
    public record InPlaceIn(String path, long bias, boolean isProgram, boolean isHere) {}

    /** A function in code that belongs to no file. */
    public record NamedCode(long address, long sizeBytes, String name) {}

    /**
     * {@return a script for gdb, to be read when it has the process or what is left of it} gdb takes the first file that
     * says something of a frame, so those that say something old are read again behind those of the payloads.
     *
     * @param pathOf where the file of a payload is
     */
    public String gdbScript(Function<DebugFile, String> pathOf) {
        StringBuilder text =
                new StringBuilder("# Made by suture symbols: gdb -p PID -x FILE, or gdb PROGRAM CORE -x FILE\n");
        boolean isInLibrary = inPlaceIn.stream().anyMatch(file -> !file.isProgram());
        if (isInLibrary) {
            text.append("nosharedlibrary\n");
        }
        for (DebugFile file : files) {
            text.append("add-symbol-file \"%s\"\n".formatted(pathOf.apply(file).replaceAll("[\"\\\\]", "\\\\$0")));
        }
        for (InPlaceIn file : inPlaceIn) {
            if (file.isProgram()
                    && file.isHere()
                    && PLAIN_PATH.matcher(file.path()).matches()) {
                text.append("symbol-file -o 0x%x %s\n".formatted(file.bias(), file.path()));
            } else if (file.isProgram()) {
                text.append("# Functions are replaced in place: say symbol-file -o 0x%x FILE, with the program's file\n"
                        .formatted(file.bias()));
            }
        }
        if (isInLibrary) {
            text.append("sharedlibrary\n");
        }
        return text.toString();
    }

    /** {@return what {@code perf} reads in {@code /tmp/perf-PID.map}, as tools/perf/Documentation/jit-interface.txt has it} */
    public String perfMap() {
        StringBuilder text = new StringBuilder();
        for (NamedCode function : code) {
            String name = function.name().replaceAll("[^!-~]", "_");
            text.append("%x %x %s\n".formatted(function.address(), Math.max(1, function.sizeBytes()), name));
        }
        return text.toString();
    }
}
