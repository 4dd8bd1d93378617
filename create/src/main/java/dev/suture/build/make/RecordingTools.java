package dev.suture.build.make;

import dev.suture.LivePatchException;
import dev.suture.build.Cause;
import dev.suture.build.ScratchTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Stands in front of the machine's compilers: a directory for the beginning of {@code PATH} with a script for each of
 * them, which writes down its command line and then becomes the real one. What the build makes is not changed by it.
 */
final class RecordingTools {
    private static final Pattern NAMES = Pattern.compile(
            "(x86_64-linux-gnu-)?((gcc|g\\+\\+|clang|clang\\+\\+)(-[0-9.]+)?|cc|c\\+\\+|c89|c99|ar|gcc-ar|llvm-ar|ld)");

    /** Variables that programs' builds take a compiler from. */
    private static final String[] COMPILER_VARIABLES = {"CC", "CXX", "AR", "LD"};

    /** The time orders the records, as several compilers may run at once. */
    private static final String SCRIPT = """
            #!/bin/sh
            # Writes down how the tool is called, for Suture, and calls it.
            { printf '%%s\\0' '%s' '%s' "$PWD" "$@"; } 2>/dev/null >"%s/$(date +%%s%%N)-$$"
            exec '%s' "$@"
            """;

    private RecordingTools() {}

    /** {@return the tools on {@code PATH} that would be recorded, by name} */
    static Map<String, Path> real() {
        Map<String, Path> tools = new TreeMap<>();
        String path = System.getenv("PATH") == null ? "/usr/bin:/bin" : System.getenv("PATH");
        for (String directory : path.split(":")) {
            if (!Files.isDirectory(Path.of(directory))) {
                continue;
            }
            try (Stream<Path> files = Files.list(Path.of(directory))) {
                files.filter(file ->
                                NAMES.matcher(file.getFileName().toString()).matches())
                        .filter(Files::isExecutable)
                        .forEach(file -> tools.putIfAbsent(file.getFileName().toString(), file));
            } catch (IOException e) {
                throw new LivePatchException(
                        "cannot look for compilers in %s: %s".formatted(directory, Cause.of(e)), e);
            }
        }
        return tools;
    }

    /**
     * Writes the scripts.
     *
     * @param directory where to
     * @param records where they leave their records, one file for each command
     * @return the environment in which the build command must run
     */
    static Map<String, String> write(Path directory, Path records) throws IOException {
        ScratchTree.deleteDirectory(directory);
        ScratchTree.deleteDirectory(records);
        Files.createDirectories(directory);
        Files.createDirectories(records);
        Map<String, Path> tools = real();
        for (Map.Entry<String, Path> tool : tools.entrySet()) {
            Path script = directory.resolve(tool.getKey());
            Files.writeString(script, SCRIPT.formatted(tool.getKey(), tool.getValue(), records, tool.getValue()));
            Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        Map<String, String> environment = new HashMap<>();
        environment.put("PATH", directory + ":" + System.getenv("PATH"));
        // A cached object would be no record.
        environment.put("CCACHE_DISABLE", "1");
        for (String variable : COMPILER_VARIABLES) {
            String value = System.getenv(variable);
            if (value != null && value.startsWith("/")) {
                environment.put(variable, value.substring(value.lastIndexOf('/') + 1));
            }
        }
        return environment;
    }
}
