package dev.suture.build;

import com.github.difflib.DiffUtils;
import com.github.difflib.patch.AbstractDelta;
import java.util.ArrayList;
import java.util.List;

/**
 * Gives the lines that a patch leaves alone the numbers they had before it.
 *
 * <p>A patch that adds two lines to one function moves every function below it, and each of those that uses
 * {@code __LINE__} (Xen's {@code domain_crash()} does, in release builds too) then compiles to other bytes. So after
 * every place where the patched text gets out of step a directive sets the count right:
 * <pre>
 *    original          compiled
 *  10 void f(void)   10 void f(void)
 *  11 {              11 {
 *                    12     check();        added by the patch
 *                       #line 12
 *  12     work();    12     work();
 * </pre>
 * A {@code #line} without a file name keeps the name. It goes before the first line at which {@link ScanC} says that a
 * directive may stand. Until there, lines keep their shift, and {@link LineMap} says so. What stands in a group that
 * {@code #if} leaves out is not executed, so after {@code #else}, {@code #elif} and {@code #endif} of a group with a
 * change in it the count is set once more.
 */
public final class NeutraliseLines {
    private final List<String> patched;
    private final List<LineMap.Run> inStep;
    private final List<LineMap.Change> changed;
    private final List<String> result = new ArrayList<>();
    private final List<LineMap.Run> runs = new ArrayList<>();

    private NeutraliseLines(SourceText original, SourceText patched) {
        this.patched = patched.lines();
        this.inStep = new ArrayList<>();
        this.changed = new ArrayList<>();
        compare(original.lines(), patched.lines());
    }

    /** {@return {@code patched} with the directives that keep the line numbers of {@code original}} */
    public static NeutralSource neutralise(SourceText original, SourceText patched) {
        NeutraliseLines work = new NeutraliseLines(original, patched);
        work.insertDirectives();
        return new NeutralSource(
                new SourceText(work.result, patched.endsWithNewline()), new LineMap(work.runs, work.changed));
    }

    /** {@return {@code patched} as it is, with the map of where its lines went} */
    public static NeutralSource keep(SourceText original, SourceText patched) {
        NeutraliseLines work = new NeutraliseLines(original, patched);
        return new NeutralSource(patched, new LineMap(work.inStep, work.changed));
    }

    private void compare(List<String> original, List<String> patchedLines) {
        int originalDone = 0;
        int patchedDone = 0;
        for (AbstractDelta<String> delta :
                DiffUtils.diff(original, patchedLines).getDeltas()) {
            int originalStart = delta.getSource().getPosition();
            int patchedStart = delta.getTarget().getPosition();
            addRun(originalDone, patchedDone, originalStart - originalDone);
            changed.add(new LineMap.Change(
                    originalStart + 1,
                    delta.getSource().size(),
                    patchedStart + 1,
                    delta.getTarget().size()));
            originalDone = originalStart + delta.getSource().size();
            patchedDone = patchedStart + delta.getTarget().size();
        }
        addRun(originalDone, patchedDone, original.size() - originalDone);
    }

    private void addRun(int originalIndex, int patchedIndex, int count) {
        if (count > 0) {
            inStep.add(new LineMap.Run(originalIndex + 1, patchedIndex + 1, patchedIndex + 1, count));
        }
    }

    private void insertDirectives() {
        List<ScanC.Place> places = ScanC.scan(patched, changedLines());
        int compiledMinusPatched = 0;
        int copied = 0;
        for (LineMap.Run run : inStep) {
            copyTo(copied, run.patchedLine() - 1);
            copied = run.patchedLine() - 1;
            int runEnd = copied + run.count();
            int originalMinusPatched = run.originalLine() - run.patchedLine();
            int part = copied;
            for (int index = copied; index < runEnd; index++) {
                ScanC.Place place = places.get(index);
                boolean outOfStep = compiledMinusPatched != originalMinusPatched;
                if (place.directiveMayStandBefore() && (outOfStep || place.afterChangedGroup())) {
                    addPart(run, part, index, compiledMinusPatched);
                    copyTo(copied, index);
                    result.add("#line " + (index + 1 + originalMinusPatched));
                    copied = index;
                    part = index;
                    compiledMinusPatched = originalMinusPatched;
                }
            }
            addPart(run, part, runEnd, compiledMinusPatched);
            copyTo(copied, runEnd);
            copied = runEnd;
        }
        copyTo(copied, patched.size());
    }

    private void copyTo(int from, int to) {
        result.addAll(patched.subList(from, to));
    }

    private void addPart(LineMap.Run run, int from, int to, int compiledMinusPatched) {
        if (to > from) {
            int originalMinusPatched = run.originalLine() - run.patchedLine();
            runs.add(new LineMap.Run(
                    from + 1 + originalMinusPatched, from + 1, from + 1 + compiledMinusPatched, to - from));
        }
    }

    /** {@return for each line of the patched file, whether lines changed in front of it or it changed itself} */
    private boolean[] changedLines() {
        boolean[] lines = new boolean[patched.size() + 1];
        for (LineMap.Change change : changed) {
            int first = change.patchedLine() - 1;
            for (int index = first; index <= first + Math.max(change.patchedCount() - 1, 0); index++) {
                lines[index] = true;
            }
        }
        return lines;
    }
}
