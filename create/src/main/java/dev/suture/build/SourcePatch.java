package dev.suture.build;

import dev.suture.LivePatchException;
import dev.suture.PlainFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * A source patch as {@code git format-patch}, {@code git diff} or {@code diff -u} write it; or a C or C++ file, which is
 * taken for a patch that adds it, as an object of its own.
 *
 * @param file where it was read from
 * @param subject its {@code Subject:} without {@code [PATCH ...]}, else the first line of text before the diff, else
 *     the file's name
 * @param files what it does to each file, in its order; never empty
 */
public record SourcePatch(Path file, String subject, List<FilePatch> files) {
    private static final int LARGEST_BYTES = 64 << 20;

    public SourcePatch {
        files = List.copyOf(files);
    }

    /**
     * Reads a patch. Mail around the diff is allowed, and if every line of the file ends in CR LF the carriage returns
     * are taken for damage done in transit and dropped.
     *
     * @throws PatchFormatException if it cannot be read, holds no diff, a damaged one or a binary one
     */
    public static SourcePatch read(Path file) {
        try {
            SourceText text =
                    SourceText.of(new String(PlainFile.read(file, LARGEST_BYTES), StandardCharsets.ISO_8859_1));
            String name = file.getFileName().toString();
            if (PayloadCode.isSource(name)) {
                return new SourcePatch(file, name, List.of(PayloadCode.adding(name, text)));
            }
            return new ReadPatch(file, text).read();
        } catch (PatchFormatException e) {
            throw e;
        } catch (LivePatchException e) {
            throw new PatchFormatException(e);
        }
    }

    /**
     * {@return the SHA-256, in hexadecimal digits, of what it changes} Neither its author's words count nor the line
     * numbers, so that a patch made anew for the next release of a source is the same if it does the same.
     */
    public String digest() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (FilePatch file : files) {
                List<String> lines = new ArrayList<>(List.of(
                        file.kind().name(), withoutFirst(file.originalPath()), withoutFirst(file.patchedPath())));
                for (Hunk hunk : file.hunks()) {
                    hunk.original().forEach(line -> lines.add("-" + line));
                    hunk.patched().forEach(line -> lines.add("+" + line));
                }
                lines.forEach(line -> digest.update((line + "\n").getBytes(StandardCharsets.UTF_8)));
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** Whoever makes the patch chooses what stands in place of {@code a/} and {@code b/}. */
    private static String withoutFirst(String path) {
        return path.substring(path.indexOf('/') + 1);
    }
}
