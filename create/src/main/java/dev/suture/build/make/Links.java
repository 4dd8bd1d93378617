package dev.suture.build.make;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The program linked twice by the build's own commands: without and with the patches. */
public sealed interface Links {
    /**
     * Both could be linked. Where a patch reaches an object, its place is taken by the one that is compiled with a section
     * for each function and variable; everything else is what the build made.
     *
     * @param built what the build itself linked without the patches
     * @param original the same with the objects of {@link MakeBuildResult#pairs} as they were
     * @param patched the same with these objects as they are with the patches
     * @param untouched the objects of the patched program that are none of these, with objects and archives that the build
     *     joins to others without having compiled them
     * @param inputs the files that the linker says it read for the patched program, archives as a whole; empty if it does
     *     not say
     * @param otherInputs what else is linked and differs with the patches: relative to the source, or words of the command
     * @param scripted whether a linker script says what goes where
     * @param tree the copy of the source that the original was built in
     * @param patchedTree the one that the patched program was built in
     */
    record Made(
            Path built,
            Path original,
            Path patched,
            List<Path> untouched,
            Optional<List<Path>> inputs,
            List<String> otherInputs,
            boolean scripted,
            Path tree,
            Path patchedTree)
            implements Links {
        public Made {
            untouched = List.copyOf(untouched);
            inputs = inputs.map(List::copyOf);
            otherInputs = List.copyOf(otherInputs);
        }
    }

    /**
     * They could not.
     *
     * @param why in words, a clause
     */
    record Failed(String why) implements Links {}
}
