package dev.suture.build.xen;

import dev.suture.LivePatchException;
import dev.suture.build.SourcePatch;
import dev.suture.cache.UserCache;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What to build.
 *
 * @param tree the built tree
 * @param applied patches that are applied to the running hypervisor already, in their order; the originals are built
 *     with them
 * @param patches what to apply on top of that, in this order
 * @param cache the directory for scratch copies
 * @param workDirectory where the objects go; if empty, a new directory in the cache
 * @param keep leave the objects and the log when the result is closed
 * @param insistOnCompiler go on if the compiler is not the one that built the tree
 * @param jobs how many compilers may run at a time, from 1
 */
public record XenBuildRequest(
        XenTree tree,
        List<SourcePatch> applied,
        List<SourcePatch> patches,
        Path cache,
        Optional<Path> workDirectory,
        boolean keep,
        boolean insistOnCompiler,
        int jobs) {
    // What make or a shell takes for more than one word, or for something else than a name; Xen's own makefiles say so.
    private static final Pattern NO_PLACE = Pattern.compile("[^\\p{L}\\p{N}/._+,@=~^-]");

    public XenBuildRequest {
        String place = cache.toAbsolutePath().toString();
        Matcher unfit = NO_PLACE.matcher(place);
        if (unfit.find()) {
            throw new LivePatchException(
                    "the cache %s has '%s' in its path, and Xen's makefiles build nothing in such a place. Set SUTURE_CACHE to a directory without."
                            .formatted(place, unfit.group()));
        }
        applied = List.copyOf(applied);
        patches = List.copyOf(patches);
    }

    /** A build for a hypervisor that nothing is applied to. */
    public XenBuildRequest(
            XenTree tree,
            List<SourcePatch> patches,
            Path cache,
            Optional<Path> workDirectory,
            boolean keep,
            boolean insistOnCompiler,
            int jobs) {
        this(tree, List.of(), patches, cache, workDirectory, keep, insistOnCompiler, jobs);
    }

    /** {@return the same build for a hypervisor to which patches are applied already} */
    public XenBuildRequest onTopOf(List<SourcePatch> alreadyApplied) {
        return new XenBuildRequest(tree, alreadyApplied, patches, cache, workDirectory, keep, insistOnCompiler, jobs);
    }

    /** {@return what is applied already and what is to be applied, in order} */
    public List<SourcePatch> allPatches() {
        return Stream.of(applied, patches).flatMap(List::stream).toList();
    }

    /** {@return the subjects of what is applied already and of what is to be applied} */
    public List<String> allSubjects() {
        return allPatches().stream().map(SourcePatch::subject).toList();
    }

    /** {@return a request with everything as usual: the user's cache, one job for each processor} */
    public static XenBuildRequest of(XenTree tree, List<SourcePatch> patches) {
        return new XenBuildRequest(
                tree,
                patches,
                userCache(),
                Optional.empty(),
                false,
                false,
                Runtime.getRuntime().availableProcessors());
    }

    /** {@return where scratch copies are kept} */
    public static Path userCache() {
        return UserCache.directory();
    }
}
