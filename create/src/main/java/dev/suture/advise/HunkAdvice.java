package dev.suture.advise;

import java.util.List;

/**
 * What is to be said of one hunk. Lines count from 1.
 *
 * @param number its place among all hunks of the patches, from 1
 * @param patch the file name of the patch that it is from
 * @param file relative to the root of the tree
 * @param originalLine the first line it shows as its header has it
 * @param originalCount how many lines it shows of the file before the patch
 * @param patchedLine the first line it shows in the file after all patches; 0 if nothing of it is left there
 * @param patchedCount how many lines it shows there
 * @param verdict what becomes of it
 * @param certain whether that was found by comparing what the compiler made of it
 * @param touches the functions, variables, types and macros of the source that its changed lines are in
 * @param reaches the functions of the running hypervisor that change because of it, with their objects
 * @param reasons why, each one a sentence without a full stop
 * @param remedies the numbers of the remedies that help
 */
public record HunkAdvice(
        int number,
        String patch,
        String file,
        int originalLine,
        int originalCount,
        int patchedLine,
        int patchedCount,
        Verdict verdict,
        boolean certain,
        List<String> touches,
        List<String> reaches,
        List<String> reasons,
        List<Integer> remedies) {
    public HunkAdvice {
        touches = List.copyOf(touches);
        reaches = List.copyOf(reaches);
        reasons = List.copyOf(reasons);
        remedies = List.copyOf(remedies);
    }

    HunkAdvice with(Verdict other, boolean isCertain, String reason) {
        return new HunkAdvice(
                number,
                patch,
                file,
                originalLine,
                originalCount,
                patchedLine,
                patchedCount,
                other,
                isCertain,
                touches,
                reaches,
                List.of(reason),
                remedies);
    }

    HunkAdvice helpedBy(List<Integer> numbers) {
        return new HunkAdvice(
                number,
                patch,
                file,
                originalLine,
                originalCount,
                patchedLine,
                patchedCount,
                verdict,
                certain,
                touches,
                reaches,
                reasons,
                numbers);
    }

    /** {@return such as {@code xen/common/domain.c:120-128}} */
    public String place() {
        return "%s:%d-%d".formatted(file, originalLine, originalLine + Math.max(originalCount, 1) - 1);
    }
}
