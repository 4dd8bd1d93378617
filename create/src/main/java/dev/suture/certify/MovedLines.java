package dev.suture.certify;

import dev.suture.build.LineMap;
import dev.suture.build.PatchedFile;
import dev.suture.diff.LineNumbers;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Which numbers are of the same source line in what runs and in the plainly built patched program.
 *
 * <p>In the running program a line that the patch leaves alone has the number it had before. In a payload that Suture
 * made it has, too, thanks to {@code #line} directives, and so do the lines behind a change that are the patch's own.
 */
final class MovedLines {
    private record Pair(long running, long patched) {}

    private MovedLines() {}

    /**
     * {@return what may differ}
     *
     * @param neutralLines for a patched file the number of each of its lines when compiled with such directives
     * @param stamps see {@link Tolerance}
     */
    static Tolerance tolerance(
            List<PatchedFile> files, Function<PatchedFile, List<Integer>> neutralLines, Map<String, String> stamps) {
        Set<Pair> ofImage = new HashSet<>();
        Set<Pair> ofPayload = new HashSet<>();
        for (PatchedFile file : files) {
            for (LineMap.Run run : file.lines().runs()) {
                for (int i = 0; i < run.count(); i++) {
                    ofImage.add(new Pair(run.originalLine() + i, run.patchedLine() + i));
                }
            }
            List<Integer> neutral = new ArrayList<>(neutralLines.apply(file));
            for (int i = 0; i < neutral.size(); i++) {
                ofPayload.add(new Pair(neutral.get(i), i + 1L));
            }
        }
        LineNumbers inImage = (running, patched) -> ofImage.contains(new Pair(running, patched));
        LineNumbers inPayload = (running, patched) ->
                ofPayload.contains(new Pair(running, patched)) || ofImage.contains(new Pair(running, patched));
        return new Tolerance(inImage, inPayload, stamps);
    }
}
