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
 *
 * <p>A compiler that is called by a whole path, as by {@code CC=/usr/bin/gcc}, is not found in {@code PATH}. But gcc
 * looks for the assembler and the linker in {@code COMPILER_PATH}, where scripts for these two stand: they write down
 * the command line of the gcc that started them, which {@code /proc} has. Clang has an assembler of its own and finds
 * only the linker there; how it compiled is in a {@code compile_commands.json}, if the build makes one.
 *
 * @see "GCC manual, Environment Variables Affecting GCC, COMPILER_PATH; gcc/gcc.cc, COLLECT_GCC"
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
            SUTURE_RECORDED=1 exec '%s' "$@"
            """;

    /** The parts of gcc that it looks for in {@code COMPILER_PATH}. */
    private static final Pattern PARTS = Pattern.compile("as|ld|ld\\.(bfd|gold|lld|mold)");

    /** The assembler is started by gcc, the linker by collect2, and that by gcc. Others start a linker themselves. */
    private static final String PART_SCRIPT = """
            #!/bin/sh
            # Writes down how the compiler was called that calls this, for Suture, and becomes the part of it.
            parent() { set -- $(sed 's/.*) //' "/proc/$1/stat"); echo "$2"; }
            if [ -z "$SUTURE_RECORDED" ]; then
                {
                    if [ -n "$COLLECT_GCC" ]; then
                        compiler=$PPID
                        case $(readlink "/proc/$compiler/exe") in */collect2) compiler=$(parent "$compiler") ;; esac
                        printf '%%s\\0' "${COLLECT_GCC##*/}" "$(readlink "/proc/$compiler/exe")" "$PWD"
                        tail -z -n +2 "/proc/$compiler/cmdline"
                    else
                        printf '%%s\\0' '%s' '%s' "$PWD" "$@"
                    fi
                } 2>/dev/null >"%s/$(date +%%s%%N)-$$"
            fi
            exec '%s' "$@"
            """;

    private RecordingTools() {}

    /** {@return the tools on {@code PATH} that would be recorded, by name} */
    static Map<String, Path> real() {
        return inPath(NAMES);
    }

    private static Map<String, Path> inPath(Pattern names) {
        Map<String, Path> tools = new TreeMap<>();
        String path = System.getenv("PATH") == null ? "/usr/bin:/bin" : System.getenv("PATH");
        for (String directory : path.split(":")) {
            if (!Files.isDirectory(Path.of(directory))) {
                continue;
            }
            try (Stream<Path> files = Files.list(Path.of(directory))) {
                files.filter(file ->
                                names.matcher(file.getFileName().toString()).matches())
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
        Files.createDirectories(records);
        write(directory, real(), SCRIPT, records);
        Path parts = directory.resolve("parts");
        write(parts, inPath(PARTS), PART_SCRIPT, records);
        Map<String, String> environment = new HashMap<>();
        environment.put("PATH", directory + ":" + System.getenv("PATH"));
        String others = System.getenv("COMPILER_PATH");
        environment.put("COMPILER_PATH", parts + (others == null || others.isEmpty() ? "" : ":" + others));
        // A cached object would be no record.
        environment.put("CCACHE_DISABLE", "1");
        // Another machine's compiler neither.
        environment.put("DISTCC_HOSTS", "localhost");
        environment.put("ICECC", "no");
        for (String variable : COMPILER_VARIABLES) {
            String value = System.getenv(variable);
            if (value != null && value.startsWith("/")) {
                environment.put(variable, value.substring(value.lastIndexOf('/') + 1));
            }
        }
        return environment;
    }

    private static void write(Path directory, Map<String, Path> tools, String script, Path records) throws IOException {
        Files.createDirectories(directory);
        for (Map.Entry<String, Path> tool : tools.entrySet()) {
            Path file = directory.resolve(tool.getKey());
            Files.writeString(file, script.formatted(tool.getKey(), tool.getValue(), records, tool.getValue()));
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }
}
