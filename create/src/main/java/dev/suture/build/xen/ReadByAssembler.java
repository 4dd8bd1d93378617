package dev.suture.build.xen;

import dev.suture.LivePatchException;
import dev.suture.build.Cause;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The files that the assembler reads for a C source: the preprocessor leaves those alone, and so its output does not tell
 * when they change.
 *
 * @see "Xen xen/arch/x86/Makefile, filechk_asm-macros.h: asm ( \".include ...\" )"
 */
final class ReadByAssembler {
    private static final Pattern DIRECTIVE = Pattern.compile("\\.(?:include|incbin)\\s+\\\\?\"([^\"\\\\]+)");

    private ReadByAssembler() {}

    /**
     * {@return the contents of those files, by the names that the source has; empty text for one that is not there}
     *
     * @param source behind the preprocessor
     * @param directory in which the compiler runs
     */
    static Map<String, String> files(Path source, Path directory) {
        Map<String, String> contents = new TreeMap<>();
        try {
            Matcher directive = DIRECTIVE.matcher(Files.readString(source, StandardCharsets.ISO_8859_1));
            while (directive.find()) {
                Path file = directory.resolve(directive.group(1));
                contents.put(
                        directive.group(1),
                        Files.isRegularFile(file) ? Files.readString(file, StandardCharsets.ISO_8859_1) : "");
            }
        } catch (IOException e) {
            throw new LivePatchException("cannot read what %s includes: %s".formatted(source, Cause.of(e)), e);
        }
        return contents;
    }
}
