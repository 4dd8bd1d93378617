package dev.suture.build.xen;

import dev.suture.build.AskCompiler;
import dev.suture.build.BuildResult;
import dev.suture.build.MovedHunk;
import dev.suture.build.ObjectPair;
import dev.suture.build.PatchedFile;
import dev.suture.build.Stage;
import dev.suture.build.UnreachedFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * What a build made. Its objects are there until it is closed.
 *
 * @param pairs the objects that were built again, in link order
 * @param asLinked for each of these objects that the tree has, by name, the one that the hypervisor was linked from
 * @param patchedFiles the files that the patches change, ordered by path
 * @param unreached those among them that no object is made from
 * @param movedHunks hunks that apply, but at another line than they say
 * @param subjects the subject of each patch, in their order
 * @param staleOriginals objects of the tree that were older than their sources or missing, so that the original was
 *     built as well
 * @param linesNeutral whether untouched code kept its line numbers; false if the patch compiles only without that
 * @param stages what took how long
 * @param workDirectory where the objects and the log {@code make.log} are
 * @param keep whether they outlive the result
 * @param compiler answers questions about the objects
 * @param unpatched gives the object of a name as the tree's source compiles now, without any patch; nothing if it does not
 */
public record XenBuildResult(
        List<ObjectPair> pairs,
        Map<String, Path> asLinked,
        List<PatchedFile> patchedFiles,
        List<UnreachedFile> unreached,
        List<MovedHunk> movedHunks,
        List<String> subjects,
        List<String> staleOriginals,
        boolean linesNeutral,
        List<Stage> stages,
        Path workDirectory,
        boolean keep,
        AskCompiler compiler,
        Function<String, Optional<Path>> unpatched)
        implements BuildResult {
    public XenBuildResult {
        pairs = List.copyOf(pairs);
        asLinked = Map.copyOf(asLinked);
        patchedFiles = List.copyOf(patchedFiles);
        unreached = List.copyOf(unreached);
        movedHunks = List.copyOf(movedHunks);
        subjects = List.copyOf(subjects);
        staleOriginals = List.copyOf(staleOriginals);
        stages = List.copyOf(stages);
    }
}
