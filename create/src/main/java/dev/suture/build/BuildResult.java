package dev.suture.build;

import dev.suture.LivePatchException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What a build of any kind of tree made. Its objects are there until it is closed. */
public interface BuildResult extends AutoCloseable {
    /** {@return the objects that were built again, in link order} */
    List<ObjectPair> pairs();

    /** {@return the objects that the target was linked from, by name, of those of the pairs that were among them} */
    Map<String, Path> asLinked();

    /** {@return the files that the patches change, ordered by path} */
    List<PatchedFile> patchedFiles();

    /** {@return those among them that no object is made from} */
    List<UnreachedFile> unreached();

    /** {@return hunks that apply, but at another line than they say} */
    List<MovedHunk> movedHunks();

    /** {@return the subject of each patch, in their order} */
    List<String> subjects();

    /** {@return whether untouched code kept its line numbers; false if the patch compiles only without that} */
    boolean linesNeutral();

    /** {@return what took how long} */
    List<Stage> stages();

    /** {@return where the objects and the log are} */
    Path workDirectory();

    /** {@return whether they outlive the result} */
    boolean keep();

    /** {@return who answers questions about the objects while the result is open} */
    AskCompiler compiler();

    /** Lets others use the copy of the source, and deletes the work directory, unless it is to be kept. */
    @Override
    default void close() {
        compiler().close();
        if (!keep()) {
            try {
                ScratchTree.deleteDirectory(workDirectory());
            } catch (IOException e) {
                throw new LivePatchException("cannot delete " + workDirectory() + ": " + Cause.of(e), e);
            }
        }
    }
}
