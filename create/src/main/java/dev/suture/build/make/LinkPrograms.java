package dev.suture.build.make;

import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Links the program without and with the patches, after it has made sure that repeating the link gives what the build
 * gave.
 */
final class LinkPrograms {
    /** Words of which the comparison of the programs sees all that they do: what is linked, symbols, versions of symbols. */
    private static final Pattern SEEN_IN_PROGRAM =
            Pattern.compile("-l.+|-L.*|-Wl,--defsym[=,].*|--defsym=.*|-Wl,--version-script[=,].*|--version-script=.*");

    private static final Pattern SCRIPT = Pattern.compile("-T.*|-Wl,(.*,)?-T.*|-Wl,(.*,)?--script[=,].*|--script=.*");

    private LinkPrograms() {}

    /**
     * What earlier patches make of the program and the new ones leave alone.
     *
     * @param program what the build links without any patch
     * @param steps whose objects are compiled with the earlier patches, and are the same with all
     * @param added the steps of sources that the earlier patches bring and no build knows
     */
    record Below(Path program, List<CompileStep> steps, List<CompileStep> added) {}

    /**
     * {@return both programs}
     *
     * @param base the build without the patches
     * @param from the steps whose objects are compiled once more there
     * @param patched the build with the patches; the same one if its commands are
     * @param to the steps of the patched objects, with those of sources that no build knows
     * @param asLinked the objects that the patches reach, just as the build compiles them, by name
     * @param below what earlier patches make of the program and these leave alone
     */
    static Links link(
            Reached base,
            List<CompileStep> from,
            Reached patched,
            List<CompileStep> to,
            Map<String, Path> asLinked,
            Below below)
            throws IOException {
        Path directory = base.workDirectory().resolve("links");
        Mounts mounts = base.copy().mounts();
        try {
            // What was compiled and linked at once is there no more, and its source may be patched by now.
            Map<Path, Path> gone = new HashMap<>();
            Stream.concat(from.stream(), below.steps().stream())
                    .filter(step -> base == patched && !Files.isRegularFile(step.object()))
                    .forEach(step -> gone.put(step.object(), asLinked.get(base.name(step))));
            checkRepeats(base, directory.resolve("plain"), mounts, gone);
            Map<Path, Path> originals = new HashMap<>();
            from.forEach(step -> originals.put(step.object(), base.object(step)));
            Map<Path, Path> patchedObjects = new HashMap<>();
            List<Path> addedBelow = below.added().stream().map(base::object).toList();
            List<Path> added = new ArrayList<>(addedBelow);
            Set<String> reached = new HashSet<>();
            for (CompileStep step : below.steps()) {
                originals.put(step.object(), base.object(step));
                patchedObjects.put(step.object(), base.object(step));
                reached.add(base.name(step));
            }
            for (CompileStep step : to) {
                if (patched.named(patched.name(step)).filter(step::equals).isPresent()) {
                    patchedObjects.put(step.object(), patched.patched(step));
                    reached.add(patched.name(step));
                } else {
                    added.add(patched.patched(step));
                }
            }
            Path original = RepeatLink.link(
                    base.commands(), base.program(), directory.resolve("original"), mounts, originals, addedBelow);
            RepeatLink.Traced after = RepeatLink.linkTraced(
                    patched.commands(),
                    patched.program(),
                    directory.resolve("patched"),
                    patched.copy().mounts(),
                    patchedObjects,
                    added);
            List<Path> untouched = new ArrayList<>(addedBelow);
            below.steps().forEach(step -> untouched.add(base.object(step)));
            patched.steps().stream()
                    .filter(step -> !reached.contains(patched.name(step)))
                    .forEach(step -> untouched.add(step.object()));
            untouched.addAll(onlyJoined(patched));
            List<String> others = base == patched ? List.of() : otherInputs(base, patched);
            return new Links.Made(
                    below.program(),
                    original,
                    after.file(),
                    untouched,
                    after.inputs(),
                    others,
                    isScripted(patched),
                    base.tree(),
                    patched.tree());
        } catch (CannotLinkException e) {
            return new Links.Failed(e.getMessage());
        }
    }

    private static void checkRepeats(Reached base, Path directory, Mounts mounts, Map<Path, Path> gone)
            throws IOException, CannotLinkException {
        Path known = base.copy()
                .cached()
                .resolve("link-repeats-"
                        + base.tree().relativize(base.program()).toString().replace('/', '_'));
        if (Files.exists(known)) {
            return;
        }
        Path again = RepeatLink.link(base.commands(), base.program(), directory, mounts, gone, List.of());
        Optional<String> difference = difference(ElfFile.read(base.program()), ElfFile.read(again));
        if (difference.isPresent()) {
            throw new CannotLinkException("repeating the link of %s gives something else than the build: %s"
                    .formatted(base.program().getFileName(), difference.get()));
        }
        Files.writeString(known, "");
    }

    private static Optional<String> difference(ElfFile one, ElfFile other) {
        List<Section> here = loaded(one);
        List<Section> there = loaded(other);
        if (here.size() != there.size()) {
            return Optional.of("%d sections instead of %d".formatted(there.size(), here.size()));
        }
        for (int i = 0; i < here.size(); i++) {
            Section section = here.get(i);
            Section twin = there.get(i);
            boolean same = section.name().equals(twin.name())
                    && section.address() == twin.address()
                    && section.sizeBytes() == twin.sizeBytes()
                    && section.flags() == twin.flags()
                    && (section.type() == Elf.SHT_NOTE || section.contents().mismatch(twin.contents()) < 0);
            if (!same) {
                return Optional.of("section %s differs".formatted(section.name()));
            }
        }
        return Optional.empty();
    }

    private static List<Section> loaded(ElfFile elf) {
        return elf.sections().stream().filter(Section::isAllocated).toList();
    }

    /** {@return what goes into the link besides compiled objects and is not the same in both builds} */
    private static List<String> otherInputs(Reached base, Reached patched) throws IOException, CannotLinkException {
        List<String> before = words(base);
        List<String> after = words(patched);
        List<String> others = new ArrayList<>();
        for (String word : difference(before, after)) {
            boolean file = !word.startsWith("-") && isLinkable(word);
            if (!file && !SEEN_IN_PROGRAM.matcher(word).matches()) {
                others.add(word);
            }
        }
        Path tree = base.copy().tree().toRealPath();
        Path other = patched.copy().tree().toRealPath();
        for (Path file : files(base)) {
            Path twin = other.resolve(tree.relativize(file));
            if (!SameFiles.same(file, tree, twin, other)) {
                others.add(tree.relativize(file).toString());
            }
        }
        return others;
    }

    private static boolean isLinkable(String word) {
        return CommandWords.isObject(word)
                || CommandWords.isArchive(word)
                || CommandWords.isSource(word)
                || word.matches(".*\\.so(\\.[0-9.]+)?");
    }

    private static List<String> difference(List<String> before, List<String> after) {
        List<String> only = new ArrayList<>(before);
        List<String> more = new ArrayList<>(after);
        before.forEach(more::remove);
        after.forEach(only::remove);
        only.addAll(more);
        if (only.isEmpty() && !before.equals(after)) {
            only.add("the order of the words");
        }
        return only;
    }

    private static List<String> words(Reached build) throws CannotLinkException {
        return ReadCommands.expanded(command(build)).stream()
                .map(word -> word.replace(build.copy().tree().toString(), ""))
                .toList();
    }

    private static RecordedCommand command(Reached build) throws CannotLinkException {
        return Optional.ofNullable(build.commands().how().get(build.program()))
                .orElseThrow(() -> new CannotLinkException("how %s is linked could not be recorded"
                        .formatted(build.program().getFileName())));
    }

    /** {@return files of the copy that the link reads and that are neither compiled nor archives of such} */
    private static Set<Path> files(Reached build) throws IOException, CannotLinkException {
        RecordedCommand command = command(build);
        Path tree = build.copy().tree().toRealPath();
        Set<Path> compiled = build.commands().compiled().keySet();
        List<String> parts = ReadCommands.expanded(command).stream()
                .filter(word -> !SEEN_IN_PROGRAM.matcher(word).matches())
                .flatMap(word -> List.of(word.split("[,=]")).stream())
                .collect(Collectors.toList());
        Set<Path> files = new HashSet<>();
        for (String part : parts) {
            Path path = command.at(part);
            if (Files.isRegularFile(path)
                    && path.toRealPath().startsWith(tree)
                    && !compiled.contains(path)
                    && !path.equals(build.program())
                    && !CommandWords.isSource(part)
                    && !ReplaceMembers.isArchive(path)
                    && !isShared(path)) {
                files.add(path.toRealPath());
            }
        }
        return files;
    }

    /** What a program needs of a library is in its own dynamic section. */
    private static boolean isShared(Path path) {
        return path.getFileName().toString().matches(".*\\.so(\\.[0-9.]+)?");
    }

    /** {@return objects and archives that go into a joined object and that the build does not compile} */
    private static Set<Path> onlyJoined(Reached build) {
        Map<Path, Set<Path>> linked = build.commands().linked();
        Set<Path> found = new LinkedHashSet<>();
        Set<Path> seen = new HashSet<>();
        ArrayDeque<Path> open = new ArrayDeque<>(List.of(build.program()));
        while (!open.isEmpty()) {
            Path output = open.remove();
            for (Path part : seen.add(output) ? linked.getOrDefault(output, Set.of()) : Set.<Path>of()) {
                if (linked.containsKey(part) && !isShared(part)) {
                    open.add(part);
                } else if (!output.equals(build.program())
                        && !build.commands().compiled().containsKey(part)) {
                    found.add(part);
                }
            }
        }
        return found;
    }

    private static boolean isScripted(Reached build) throws CannotLinkException {
        return ReadCommands.expanded(command(build)).stream()
                .anyMatch(word -> SCRIPT.matcher(word).matches() || word.endsWith(".ld"));
    }
}
