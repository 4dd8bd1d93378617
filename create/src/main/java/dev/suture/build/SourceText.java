package dev.suture.build;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The text of one source file as lines without their line feeds. A carriage return stays part of its line.
 *
 * @param lines the lines; line 1 is at index 0
 * @param endsWithNewline whether the last line is ended by a line feed; true for an empty file
 */
public record SourceText(List<String> lines, boolean endsWithNewline) {
    /** A file without a byte in it. */
    public static final SourceText EMPTY = new SourceText(List.of(), true);

    public SourceText {
        lines = List.copyOf(lines);
    }

    /** {@return the text in {@code file}, read as ISO 8859-1} */
    public static SourceText read(Path file) throws IOException {
        return of(Files.readString(file, StandardCharsets.ISO_8859_1));
    }

    /** {@return {@code text} split at its line feeds} */
    public static SourceText of(String text) {
        List<String> lines = new ArrayList<>();
        int start = 0;
        for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
            lines.add(text.substring(start, end));
            start = end + 1;
        }
        boolean complete = start == text.length();
        if (!complete) {
            lines.add(text.substring(start));
        }
        return new SourceText(lines, complete);
    }

    /** {@return the file's whole text, the inverse of {@link #of}} */
    public String text() {
        StringBuilder text = new StringBuilder();
        for (String line : lines) {
            text.append(line).append('\n');
        }
        if (!endsWithNewline && !text.isEmpty()) {
            text.setLength(text.length() - 1);
        }
        return text.toString();
    }
}
