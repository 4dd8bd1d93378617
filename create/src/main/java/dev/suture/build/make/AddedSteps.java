package dev.suture.build.make;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * How sources are compiled that the build knows nothing of: as one that the patch reaches, or else any other of the
 * program, of the same language if there is one.
 */
final class AddedSteps {
    private AddedSteps() {}

    /**
     * {@return the steps for sources that are added}
     *
     * @param sources paths in the tree
     * @param tree the root of the copy
     * @param reached the steps for what the patch reaches
     * @param linked the steps for all of the program; not empty
     */
    static List<CompileStep> of(List<String> sources, Path tree, List<CompileStep> reached, List<CompileStep> linked) {
        return sources.stream()
                .map(source -> step(tree.resolve(source), like(source, reached, linked)))
                .toList();
    }

    private static CompileStep like(String source, List<CompileStep> reached, List<CompileStep> linked) {
        Predicate<CompileStep> sameLanguage = step -> isPlainC(step.sourceArgument()) == isPlainC(source);
        return Stream.of(reached, linked)
                .flatMap(steps -> steps.stream().filter(sameLanguage))
                .findFirst()
                .orElseGet(() -> reached.isEmpty() ? linked.getFirst() : reached.getFirst());
    }

    private static boolean isPlainC(String source) {
        return source.endsWith(".c");
    }

    private static CompileStep step(Path source, CompileStep like) {
        List<String> arguments = new ArrayList<>(like.arguments());
        arguments.replaceAll(argument -> argument.equals(like.sourceArgument()) ? source.toString() : argument);
        String name = source.getFileName().toString();
        Path object = source.resolveSibling(name.substring(0, name.lastIndexOf('.')) + ".o");
        return new CompileStep(
                like.compiler(), like.directory(), arguments, source, source.toString(), object, like.mounts());
    }
}
