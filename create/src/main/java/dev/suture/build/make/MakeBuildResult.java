package dev.suture.build.make;

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

/**
 * What a build made. Its objects are there until it is closed.
 *
 * @param pairs the objects that the patches reach, in link order, both compiled with a section for each function
 * @param asLinked for each of these objects, by name, the original just as the build compiles it
 * @param copiedSource where the copy of the source is that these are compiled in
 * @param patchedFiles the files that the patches change, ordered by path
 * @param unreached those among them that no object of the program is made from, and files that are not compiled and that
 *     the patches do not fit
 * @param movedHunks hunks that apply, but at another line than they say
 * @param subjects the subject of each patch, in their order
 * @param linesNeutral whether untouched code kept its line numbers
 * @param stages what took how long
 * @param workDirectory where the objects and the log are
 * @param keep whether they outlive the result
 * @param notAlike the objects that their recorded commands do not compile as the build did, by name
 * @param otherOutputs what else of the build the patches reach
 * @param linkedOtherwise what of the program itself is not the same with the patches, if no object of it is reached
 * @param compiler answers questions about the objects
 * @param links the program without and with the patches
 * @param earlier the objects that only the patches reach which are applied already; the same ones twice
 */
public record MakeBuildResult(
        List<ObjectPair> pairs,
        Map<String, Path> asLinked,
        Path copiedSource,
        List<PatchedFile> patchedFiles,
        List<UnreachedFile> unreached,
        List<MovedHunk> movedHunks,
        List<String> subjects,
        boolean linesNeutral,
        List<Stage> stages,
        Path workDirectory,
        boolean keep,
        List<String> notAlike,
        List<OtherOutput> otherOutputs,
        Optional<String> linkedOtherwise,
        AskCompiler compiler,
        Links links,
        List<ObjectPair> earlier)
        implements BuildResult {
    public MakeBuildResult {
        pairs = List.copyOf(pairs);
        asLinked = Map.copyOf(asLinked);
        patchedFiles = List.copyOf(patchedFiles);
        unreached = List.copyOf(unreached);
        movedHunks = List.copyOf(movedHunks);
        subjects = List.copyOf(subjects);
        stages = List.copyOf(stages);
        notAlike = List.copyOf(notAlike);
        otherOutputs = List.copyOf(otherOutputs);
        earlier = List.copyOf(earlier);
    }
}
