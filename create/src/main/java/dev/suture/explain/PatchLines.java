package dev.suture.explain;

import java.util.List;
import java.util.Optional;

/** Tells which lines of source a patch touches, as far as a patch is known. */
public interface PatchLines {
    /** No patch is known. */
    PatchLines UNKNOWN = new PatchLines() {
        @Override
        public boolean isKnown() {
            return false;
        }

        @Override
        public Optional<PatchLine> removed(String file, long line) {
            return Optional.empty();
        }

        @Override
        public List<PatchLine> added(String file, long line) {
            return List.of();
        }

        @Override
        public Optional<Kept> kept(String file, long line) {
            return Optional.empty();
        }

        @Override
        public List<PatchLine> within(String file, int first, int last) {
            return List.of();
        }
    };

    /**
     * A line of the patch.
     *
     * @param file the source file, relative to the root of the tree
     * @param line its number, from 1: in the original file if it was removed, in the patched file if it was added
     * @param added whether the patch adds it; else it removes it
     */
    record PatchLine(String file, int line, boolean added) {
        /** {@return such as {@code +common/domain.c:12}} */
        public String text() {
            return (added ? "+" : "-") + file + ":" + line;
        }
    }

    /** {@return whether there is a patch to ask about} */
    boolean isKnown();

    /**
     * {@return the line that the patch removes, if it is one}
     *
     * @param file as debug information of the original names it
     * @param line its number there
     */
    Optional<PatchLine> removed(String file, long line);

    /**
     * {@return the lines that the patch adds and that may be meant, in the order of the file} Several lines can have one
     * number: directives in the patched source set the count back behind each hunk.
     *
     * @param file as debug information of the patched object names it
     * @param line its number there
     */
    List<PatchLine> added(String file, long line);

    /**
     * A line that the patch leaves alone.
     *
     * @param patchedLine its place in the patched file, from 1
     * @param compiledLine its number in debug information of the patched object
     */
    record Kept(int patchedLine, int compiledLine) {}

    /**
     * {@return where a line is that the patch leaves alone; empty if it does not, or leaves the whole file alone}
     *
     * @param file as debug information of the original names it
     * @param line its number there
     */
    Optional<Kept> kept(String file, long line);

    /**
     * {@return the lines that the patch adds between two lines of the patched file, and those that it removes there}
     *
     * @param file as debug information names it
     * @param first its place in the patched file, from 1
     * @param last likewise, itself included
     */
    List<PatchLine> within(String file, int first, int last);
}
