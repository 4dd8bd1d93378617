package dev.suture.create;

import dev.suture.Refusal;
import dev.suture.build.ObjectPair;
import dev.suture.build.make.MakeBuildResult;
import dev.suture.build.make.OtherOutput;
import dev.suture.diff.SameBytes;
import dev.suture.elf.ElfFile;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Sees to what else of a build a patch changes than the file at hand.
 *
 * <p>A payload changes one file. If the patch changes another one of the same process, as a library and the program that
 * calls it, the process would run half of it: a new caller with an old callee. Example: {@code work(int)} in {@code
 * libx.so} becomes {@code work(int, int *)}, and {@code prog} calls it so. What runs in other processes is only named.
 */
final class CheckOutputs {
    private CheckOutputs() {}

    /** {@return why one payload is not enough} */
    static List<Refusal> refusals(MakeBuildResult build, String fileName) {
        return build.otherOutputs().stream()
                .filter(output -> output.mayShareProcess() && changes(output))
                .map(output -> new Refusal(
                        output.name(),
                        "",
                        "the patch changes %s as well (%s), which may run in one process with %s; a payload changes one file,"
                                        .formatted(output.name(), what(output), fileName)
                                + " and the process would run half of the patch",
                        "Make two patches of it if each is right without the other, and a payload of each; otherwise restart"
                                + " the program with the patch."))
                .toList();
    }

    /** {@return the objects that cannot be compiled as the build compiles them} */
    static List<Refusal> notAlike(MakeBuildResult build) {
        return build.notAlike().stream()
                .map(name -> new Refusal(
                        name,
                        "",
                        "%s is not what its recorded command compiles: the build gives the compiler something else (a variable"
                                        .formatted(name)
                                + " of its environment, a file that changes while it runs), or changes the object afterwards",
                        "Give the compiler all that it needs in its command line, and write no file twice."))
                .toList();
    }

    /** {@return what else needs a payload of its own} */
    static List<String> warnings(MakeBuildResult build) {
        return build.otherOutputs().stream()
                .filter(output -> !output.mayShareProcess() && changes(output))
                .map(output -> "%s is changed by the patch, too (%s): what runs of it needs a payload of its own"
                        .formatted(output.name(), what(output)))
                .toList();
    }

    private static boolean changes(OtherOutput output) {
        return output.differs() || output.objects().stream().anyMatch(CheckOutputs::changes);
    }

    private static boolean changes(ObjectPair pair) {
        return pair.original().isEmpty()
                || pair.patched().isEmpty()
                || !SameBytes.inProgram(
                        ElfFile.read(pair.original().get()),
                        ElfFile.read(pair.patched().get()));
    }

    private static String what(OtherOutput output) {
        return output.differs()
                ? "it is built otherwise"
                : output.objects().stream()
                        .filter(CheckOutputs::changes)
                        .map(ObjectPair::name)
                        .collect(Collectors.joining(", "));
    }
}
