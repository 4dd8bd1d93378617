package dev.suture.build.make;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Compares what two builds of one source in two directories made. */
final class SameFiles {
    private SameFiles() {}

    /**
     * {@return whether two files are the same, but for the directories that they were made in} What neither has any more
     * counts as the same: it was a compiler's temporary file, and is known by what it was made from.
     */
    static boolean same(Path one, Path oneTree, Path other, Path otherTree) throws IOException {
        boolean here = Files.isRegularFile(one);
        boolean there = Files.isRegularFile(other);
        if (!here || !there) {
            return here == there;
        }
        if (Files.mismatch(one, other) < 0) {
            return true;
        }
        return Arrays.equals(
                without(Files.readAllBytes(one), oneTree.toString()),
                without(Files.readAllBytes(other), otherTree.toString()));
    }

    /** The directories of two copies have names of one length. */
    private static byte[] without(byte[] bytes, String path) {
        byte[] wanted = path.getBytes(StandardCharsets.UTF_8);
        for (int at = 0; at + wanted.length <= bytes.length; at++) {
            if (bytes[at] == wanted[0] && Arrays.equals(bytes, at, at + wanted.length, wanted, 0, wanted.length)) {
                Arrays.fill(bytes, at, at + wanted.length, (byte) 0);
            }
        }
        return bytes;
    }
}
