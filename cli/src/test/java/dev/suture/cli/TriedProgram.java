package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.payload.PayloadDigest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A compiled program, for which payloads are made by hand.
 *
 * @param folder where it is, and its payloads
 */
record TriedProgram(Path folder, Path program, String buildId) {
    private static final int NEW_BYTES = 9;

    private static final String PAYLOAD = """
            struct replaced {
                const char *name; void *new_address, *old_address; unsigned new_size, old_size;
                unsigned char version, unused[39], expect, expected[31];
            };
            int more = MORE;
            int new_function(int x) { return x + more; }
            __attribute__((section(".livepatch.funcs"), used)) static struct replaced function = {
                "FUNCTION", (void *)new_function, 0, NEW_SIZE, OLD_SIZE, 2, {0}, 0, {0}};
            __asm__(".section .livepatch.target,\\"a\\",@note; .long 4, 20, 3; .asciz \\"GNU\\"; .byte TARGET\\n"
                    ".section .livepatch.depends,\\"a\\",@note; .long 4, 20, 3; .asciz \\"GNU\\"; .byte DEPENDS\\n"
                    ".section .modinfo,\\"a\\"; .asciz \\"author=somebody\\"; .text");
            """;

    /** {@return the program of a source} */
    static TriedProgram compile(Path folder, String name, String source, String... flags) throws Exception {
        Files.writeString(folder.resolve(name + ".c"), source);
        List<String> command =
                new ArrayList<>(List.of("gcc", "-O2", "-pthread", "-Wl,--build-id", name + ".c", "-o", name));
        command.addAll(List.of(flags));
        run(folder, command.toArray(String[]::new));
        String buildId = run(folder, "readelf", "-n", name).replaceAll("(?s).*Build ID: ([0-9a-f]+).*", "$1");
        return new TriedProgram(folder, folder.resolve(name), buildId);
    }

    private String name() {
        return program.getFileName().toString();
    }

    /** {@return a payload with which a function answers its argument and some more} */
    Path payload(String name, String function, int more, String depends) throws Exception {
        String size = run(folder, "nm", "-S", name())
                .lines()
                .filter(line -> line.endsWith(" " + function))
                .map(line -> "0x" + line.split(" ")[1])
                .findFirst()
                .orElseThrow();
        Files.writeString(
                folder.resolve(name + ".c"),
                PAYLOAD.replace("MORE", String.valueOf(more))
                        .replace("FUNCTION", function)
                        .replace("NEW_SIZE", String.valueOf(NEW_BYTES))
                        .replace("OLD_SIZE", size)
                        .replace("TARGET", bytes(buildId))
                        .replace("DEPENDS", bytes(depends)));
        compilePayload(name);
        return folder.resolve(name + ".livepatch");
    }

    void compilePayload(String name) throws Exception {
        run(folder, "gcc", "-c", "-O2", "-fPIC", "-fvisibility=hidden", "-o", name + ".o", name + ".c");
        run(folder, "ld", "-r", "--build-id", "-o", name + ".livepatch", name + ".o");
        Path payload = folder.resolve(name + ".livepatch");
        byte[] bytes = Files.readAllBytes(payload);
        PayloadDigest.write(bytes);
        Files.write(payload, bytes);
    }

    private static String bytes(String hex) {
        return hex.replaceAll("..", "0x$0,").replaceAll(",$", "");
    }

    private static String run(Path folder, String... command) throws Exception {
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }
}
