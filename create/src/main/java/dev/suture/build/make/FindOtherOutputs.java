package dev.suture.build.make;

import dev.suture.LivePatchException;
import dev.suture.build.ObjectPair;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Finds what else of a build than the program at hand the patches reach. */
final class FindOtherOutputs {
    private final Path tree;
    private final Path program;
    private final List<Path> outputs = new ArrayList<>();
    private final LoadedTogether together;

    /** @param base the copy without the patches */
    private FindOtherOutputs(Reached base) throws IOException {
        tree = base.copy().tree().toRealPath();
        program = base.program();
        List<Path> all = base.copy().programs();
        together = new LoadedTogether(all);
        Set<String> ids = new HashSet<>();
        String own = ElfFile.read(program).buildId().orElse("");
        // What was linked comes before what was copied from it.
        Set<Path> linked = base.commands().linked().keySet();
        List<Path> sorted = new ArrayList<>(all);
        sorted.sort(Comparator.comparing(output -> !linked.contains(output)));
        for (Path output : sorted) {
            String id = buildId(output);
            boolean copyOfProgram =
                    output.equals(program) || !id.isEmpty() && id.equals(own) || Files.mismatch(output, program) < 0;
            // A copy of another one says nothing new.
            if (!copyOfProgram && (id.isEmpty() || ids.add(id))) {
                outputs.add(output);
            }
        }
    }

    private static String buildId(Path file) {
        try {
            return ElfFile.read(file).buildId().orElse("");
        } catch (LivePatchException e) {
            return "";
        }
    }

    private OtherOutput output(Path output, List<ObjectPair> objects, boolean differs) {
        return new OtherOutput(tree.relativize(output).toString(), together.may(program, output), objects, differs);
    }

    /**
     * {@return the outputs into which objects go that were compiled again}
     *
     * @param reached these objects
     */
    static List<OtherOutput> inPlace(Reached base, List<CompileStep> reached) throws IOException {
        FindOtherOutputs work = new FindOtherOutputs(base);
        if (work.outputs.isEmpty()) {
            return List.of();
        }
        Map<CompileStep, Set<String>> made = new LinkedHashMap<>();
        reached.forEach(step -> made.put(step, base.part().madeFrom(step.object())));
        List<OtherOutput> found = new ArrayList<>();
        for (Path output : work.outputs) {
            List<ObjectPair> objects = made.entrySet().stream()
                    .filter(entry -> entry.getValue().contains(output.toString()))
                    .map(Map.Entry::getKey)
                    .filter(step -> mayBeIn(base.object(step), output))
                    .map(step -> new ObjectPair(
                            base.name(step),
                            Optional.of(base.object(step)),
                            Optional.of(base.patched(step)),
                            base.input(step)))
                    .toList();
            if (!objects.isEmpty()) {
                found.add(work.output(output, objects, false));
            }
        }
        return found;
    }

    /** {@return the outputs that the patched copy makes otherwise} */
    static List<OtherOutput> again(Reached base, Reached patched) throws IOException {
        FindOtherOutputs work = new FindOtherOutputs(base);
        Path otherTree = patched.copy().tree().toRealPath();
        List<OtherOutput> found = new ArrayList<>();
        for (Path output : work.outputs) {
            Path twin = otherTree.resolve(work.tree.relativize(output));
            boolean same = Files.isRegularFile(twin)
                    && ComparePrograms.difference(output, work.tree, twin, otherTree)
                            .isEmpty();
            if (!same) {
                found.add(work.output(output, List.of(), true));
            }
        }
        return found;
    }

    /** {@return whether an object may be in an output: a linker takes of an archive what it needs} */
    private static boolean mayBeIn(Path object, Path output) {
        Set<String> own = definitions(object);
        Set<String> there = definitions(output);
        return own.isEmpty() || there.isEmpty() || own.stream().anyMatch(there::contains);
    }

    private static Set<String> definitions(Path file) {
        return ElfFile.read(file).symbols().stream()
                .filter(symbol -> symbol.isInSection() && symbol.isFunction() && symbol.sizeBytes() > 0)
                .map(Symbol::name)
                .collect(Collectors.toSet());
    }
}
