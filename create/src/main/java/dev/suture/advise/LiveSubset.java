package dev.suture.advise;

import com.github.difflib.DiffUtils;
import com.github.difflib.UnifiedDiffUtils;
import dev.suture.LivePatchException;
import dev.suture.Progress;
import dev.suture.Refusal;
import dev.suture.advise.Advice.Subset;
import dev.suture.advise.OutlineC.Item;
import dev.suture.advise.OutlineC.Kind;
import dev.suture.build.AppliedPatches;
import dev.suture.build.ApplyPatches;
import dev.suture.build.Cause;
import dev.suture.build.ChangedSource;
import dev.suture.build.FilePatch;
import dev.suture.build.Hunk;
import dev.suture.build.HunkMap;
import dev.suture.build.HunkMap.HunkLines;
import dev.suture.build.SourcePatch;
import dev.suture.build.SourceText;
import dev.suture.build.xen.CompileException;
import dev.suture.build.xen.XenBuild;
import dev.suture.build.xen.XenBuildRequest;
import dev.suture.build.xen.XenBuildResult;
import dev.suture.create.ExamineXenPatch;
import dev.suture.create.WriteOutput;
import dev.suture.diff.SpecialSections;
import dev.suture.image.Image;
import dev.suture.payload.XenRelease;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Finds the hunks of a patch that can go live without the others, builds them, and writes them as a patch of their own.
 *
 * <p>Left out are the hunks that are refused, those in a function of which a hunk is refused (half a fix of one function is
 * not what its author wrote), and those that use a name which a hunk left out introduces. What remains is compiled; where
 * that fails, the hunks of the file with the first error are left out as well.
 */
final class LiveSubset {
    private static final int MOST_TRIES = 4;
    private static final int CONTEXT_LINES = 3;
    private static final List<String> PREFIXES = List.of("", "xen/");

    private final AdviseRequest request;
    private final Image image;
    private final HunkMap map;
    private final PatchSources sources;
    private final List<HunkAdvice> advice;
    private final Progress progress;
    private final Map<Integer, String> dropped = new TreeMap<>();

    LiveSubset(
            AdviseRequest request,
            Image image,
            HunkMap map,
            PatchSources sources,
            List<HunkAdvice> advice,
            Progress progress) {
        this.request = request;
        this.image = image;
        this.map = map;
        this.sources = sources;
        this.advice = List.copyOf(advice);
        this.progress = progress;
    }

    Subset find() {
        advice.stream().filter(hunk -> hunk.verdict().isRefusal()).forEach(hunk -> dropped.put(hunk.number() - 1, ""));
        dropDependents();
        for (int attempt = 0; attempt < MOST_TRIES; attempt++) {
            if (keptLive().isEmpty()) {
                return none("no hunk is left that changes running code");
            }
            String text = patchText();
            try {
                return build(text);
            } catch (CompileException e) {
                if (!dropFileOfError(e.getMessage())) {
                    return none("what is left does not compile: %s".formatted(firstError(e.getMessage())));
                }
                dropDependents();
            }
        }
        return none("what is left does not compile");
    }

    private Subset none(String why) {
        return new Subset(List.of(), reasons(), Optional.empty(), List.of(), why);
    }

    private List<String> reasons() {
        return dropped.entrySet().stream()
                .filter(entry -> !entry.getValue().isEmpty())
                .map(entry -> "hunk %d: %s".formatted(entry.getKey() + 1, entry.getValue()))
                .toList();
    }

    private List<HunkAdvice> keptLive() {
        return advice.stream()
                .filter(hunk -> !dropped.containsKey(hunk.number() - 1))
                .filter(hunk -> hunk.verdict() == Verdict.LIVE || hunk.verdict() == Verdict.UNCERTAIN)
                .toList();
    }

    private void dropDependents() {
        boolean grew = true;
        while (grew) {
            grew = false;
            Set<String> introduced = new TreeSet<>();
            Set<String> functions = new TreeSet<>();
            for (HunkLines hunk : map.hunks()) {
                if (dropped.containsKey(hunk.index())) {
                    introduced.addAll(introduces(hunk));
                    functionsOf(hunk).forEach(functions::add);
                }
            }
            for (HunkLines hunk : map.hunks()) {
                if (dropped.containsKey(hunk.index())) {
                    continue;
                }
                Optional<String> why = functionsOf(hunk).stream()
                        .filter(functions::contains)
                        .findFirst()
                        .map(function -> "it is in `%s`, of which another hunk cannot go"
                                .formatted(function.substring(function.indexOf(' ') + 1)))
                        .or(() -> sources.addedWords(hunk).stream()
                                .filter(introduced::contains)
                                .findFirst()
                                .map("it uses `%s`, which a hunk that cannot go introduces"::formatted));
                if (why.isPresent()) {
                    dropped.put(hunk.index(), why.get());
                    grew = true;
                }
            }
        }
    }

    private List<String> functionsOf(HunkLines hunk) {
        return sources.touched(hunk).stream()
                .filter(item -> item.kind() == Kind.FUNCTION)
                .map(item -> hunk.path() + " " + item.name())
                .toList();
    }

    /** {@return the names that mean something only with this hunk: new items, and what is new in a type} */
    private Set<String> introduces(HunkLines hunk) {
        Set<String> names = new LinkedHashSet<>();
        for (Item item : sources.touched(hunk)) {
            Optional<Item> before =
                    sources.original(hunk.placed().originalPath()).find(item.kind(), item.name());
            if (before.isEmpty() && item.kind() != Kind.DIRECTIVE) {
                names.add(item.name());
            } else if (before.isPresent() && item.kind() == Kind.TYPE) {
                sources.addedWords(hunk).stream()
                        .filter(word -> !before.get().mentions(word) && item.declares(word))
                        .forEach(names::add);
            }
        }
        return names;
    }

    private boolean dropFileOfError(String message) {
        for (String line : message.lines().toList()) {
            for (HunkLines hunk : map.hunks()) {
                String file = hunk.path().startsWith("xen/") ? hunk.path().substring(4) : hunk.path();
                if (line.strip().startsWith(file + ":") && !dropped.containsKey(hunk.index())) {
                    map.hunks().stream()
                            .filter(other -> other.path().equals(hunk.path()))
                            .forEach(other -> dropped.putIfAbsent(
                                    other.index(), "its file does not compile without hunks that cannot go"));
                    return true;
                }
            }
        }
        return false;
    }

    private static String firstError(String message) {
        return message.lines()
                .filter(line -> line.contains("error"))
                .findFirst()
                .orElse(message)
                .strip();
    }

    /** {@return the hunks that are left as one patch, made anew, so that its line numbers are right} */
    private String patchText() {
        List<SourcePatch> patches = new ArrayList<>();
        int index = 0;
        for (SourcePatch patch : request.build().patches()) {
            List<FilePatch> files = new ArrayList<>();
            for (FilePatch file : patch.files()) {
                List<Hunk> hunks = new ArrayList<>();
                for (Hunk hunk : file.hunks()) {
                    if (!dropped.containsKey(index++)) {
                        hunks.add(hunk);
                    }
                }
                boolean whole = hunks.size() == file.hunks().size();
                if (!hunks.isEmpty() || whole) {
                    files.add(new FilePatch(file.kind(), file.originalPath(), file.patchedPath(), hunks));
                }
            }
            if (!files.isEmpty()) {
                patches.add(new SourcePatch(patch.file(), patch.subject(), files));
            }
        }
        AppliedPatches applied = ApplyPatches.apply(request.build().tree().root(), PREFIXES, patches);
        StringBuilder text = new StringBuilder();
        request.build().patches().forEach(patch -> text.append(patch.subject()).append(" (in part)\n"));
        for (ChangedSource source : applied.sources()) {
            text.append('\n').append(diff(source));
        }
        return text.toString();
    }

    private static String diff(ChangedSource source) {
        List<String> before = source.original().map(SourceText::lines).orElse(List.of());
        List<String> after = source.patched().map(SourceText::lines).orElse(List.of());
        List<String> lines = UnifiedDiffUtils.generateUnifiedDiff(
                source.original().isPresent() ? "a/" + source.path() : "/dev/null",
                source.patched().isPresent() ? "b/" + source.path() : "/dev/null",
                before,
                DiffUtils.diff(before, after),
                CONTEXT_LINES);
        return String.join("\n", lines) + "\n";
    }

    private Subset build(String text) {
        Path output = request.liveSubset().orElseThrow().toAbsolutePath();
        byte[] contents = text.getBytes(StandardCharsets.ISO_8859_1);
        try {
            Path part = Files.createTempFile("suture-", ".patch");
            try {
                Files.write(part, contents);
                Subset subset = build(part, output);
                if (subset.output().isPresent()) {
                    WriteOutput.write(output, contents);
                }
                return subset;
            } finally {
                Files.deleteIfExists(part);
            }
        } catch (IOException e) {
            throw new LivePatchException("cannot write %s: %s".formatted(output, Cause.of(e)), e);
        }
    }

    private Subset build(Path part, Path output) throws IOException {
        XenBuildRequest whole = request.build();
        XenRelease release = XenRelease.of(whole.tree().version());
        XenBuildRequest reduced = new XenBuildRequest(
                whole.tree(),
                List.of(SourcePatch.read(part)),
                whole.cache(),
                Optional.empty(),
                false,
                whole.insistOnCompiler(),
                whole.jobs());
        ExamineXenPatch.Place place = ExamineXenPatch.Place.alone(image, release, "subset");
        try (XenBuildResult build = XenBuild.run(reduced, progress)) {
            ExamineXenPatch examined = ExamineXenPatch.examine(
                    build,
                    SpecialSections.xenX86(release.minor()),
                    request.allowedTypes(),
                    Set.of(),
                    List.of(),
                    place,
                    progress::stage);
            if (!examined.refusals().isEmpty()) {
                Refusal first = examined.refusals().getFirst();
                return none("what is left is refused: %s".formatted(first.what()));
            }
            List<Integer> kept = advice.stream()
                    .map(HunkAdvice::number)
                    .filter(number -> !dropped.containsKey(number - 1))
                    .toList();
            List<String> replaced = examined.selection().replaced().stream()
                    .map(chosen -> chosen.piece().name())
                    .toList();
            return new Subset(kept, reasons(), Optional.of(output), replaced, "");
        }
    }
}
