package dev.suture.advise;

import dev.suture.Refusal;
import dev.suture.advise.OutlineC.Item;
import dev.suture.advise.OutlineC.Kind;
import dev.suture.build.HunkMap;
import dev.suture.build.HunkMap.HunkLines;
import dev.suture.build.UnreachedFile;
import dev.suture.build.xen.PatchReach;
import dev.suture.build.xen.PatchReach.TreeObject;
import dev.suture.diff.SectionRole;
import dev.suture.dwarf.Function;
import dev.suture.dwarf.Functions;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Says for each hunk what is likely, without compiling anything: from the source around it and from the objects that the
 * tree was built to, which tell what became of the functions and variables there.
 */
final class JudgeUncompiled {
    /** So many objects that include a file are read to see what became of its functions. */
    private static final int FEW = 4;

    private final PatchReach reach;
    private final HunkMap map;
    private final PatchSources sources;
    private final Map<String, ElfFile> files = new HashMap<>();
    private final Map<String, Functions> functions = new HashMap<>();
    private final Map<String, String> newMembers = new HashMap<>();
    private boolean newMembersKnown;
    private final Set<Named> touched = new LinkedHashSet<>();
    private final Set<Named> touchedByHunk = new LinkedHashSet<>();

    /** A function that is likely replaced. */
    record Named(String name, String object) {}

    /** A verdict with the reason. */
    private record Likely(Verdict verdict, String reason) {}

    JudgeUncompiled(PatchReach reach, HunkMap map, PatchSources sources) {
        this.reach = reach;
        this.map = map;
        this.sources = sources;
    }

    List<HunkAdvice> judge(List<String> patchNames) {
        List<HunkAdvice> advice = new ArrayList<>();
        for (HunkLines hunk : map.hunks()) {
            touchedByHunk.clear();
            Set<Likely> likely = likely(hunk);
            touched.addAll(touchedByHunk);
            Likely worst = likely.stream().reduce(JudgeUncompiled::weightier).orElseThrow();
            boolean certain = worst.verdict() == Verdict.NOT_BUILT || sources.changesOnlyComments(hunk);
            advice.add(new HunkAdvice(
                    hunk.index() + 1,
                    patchNames.get(hunk.placed().patchIndex()),
                    hunk.path(),
                    hunk.placed().hunk().originalStart(),
                    hunk.placed().hunk().original().size(),
                    hunk.firstFinal(),
                    hunk.finalCount(),
                    worst.verdict(),
                    certain,
                    JudgeHunks.touches(sources, hunk),
                    touchedByHunk.stream()
                            .map(named -> "%s (%s)".formatted(named.name(), named.object()))
                            .toList(),
                    likely.stream().map(Likely::reason).distinct().toList(),
                    List.of()));
        }
        return advice;
    }

    private static Likely weightier(Likely one, Likely other) {
        return weight(other.verdict()) > weight(one.verdict()) ? other : one;
    }

    private static int weight(Verdict verdict) {
        return switch (verdict) {
            case LAYOUT -> 9;
            case PER_CPU -> 8;
            case DATA -> 7;
            case ASSEMBLY, REFUSED -> 6;
            case LIVE -> 5;
            case UNCERTAIN -> 4;
            case BOOT_ONLY -> 3;
            case NO_EFFECT -> 2;
            case NOT_BUILT -> 1;
        };
    }

    /** {@return the functions that are likely replaced, after {@link #judge}} */
    Set<Named> functions() {
        return touched;
    }

    /** {@return the types that the patches edit, by the name source has for them} */
    Set<String> editedTypes() {
        Set<String> types = new TreeSet<>();
        for (HunkLines hunk : map.hunks()) {
            for (Item item : sources.touched(hunk)) {
                if (isEditedStructure(hunk, item)) {
                    types.add(typeName(item));
                }
            }
        }
        return types;
    }

    /** {@return the refusal of patches of which nothing is built} */
    Refusal nothingBuilt() {
        return new Refusal(
                reach.unreached().stream().map(UnreachedFile::path).findFirst().orElse(""),
                "",
                "nothing that the patch changes is built in this configuration (%s)"
                        .formatted(reach.unreached().stream()
                                .map(file -> "%s: %s".formatted(file.path(), file.why()))
                                .collect(Collectors.joining("; "))),
                "This hypervisor does not have the changed code, so it needs no live patch for it.");
    }

    List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        if (reach.changesBuildRules()) {
            warnings.add(
                    "the patch changes rules of the build, so only make knows what it reaches: compile to be sure");
        } else if (reach.feedsGeneratedHeaders()) {
            warnings.add(
                    "headers may be generated anew, which reaches more than what is named here: compile to be sure");
        }
        return warnings;
    }

    private Optional<String> whyNotBuilt(HunkLines hunk) {
        return reach.unreached().stream()
                .filter(file -> file.path().equals(hunk.path()))
                .map(UnreachedFile::why)
                .findFirst()
                .or(() -> sources.leftOut(hunk));
    }

    private Set<Likely> likely(HunkLines hunk) {
        Optional<String> notBuilt = whyNotBuilt(hunk);
        if (notBuilt.isPresent()) {
            return Set.of(new Likely(Verdict.NOT_BUILT, notBuilt.get()));
        }
        if (isEntryCode(hunk.path())) {
            return Set.of(
                    new Likely(
                            Verdict.ASSEMBLY,
                            "all code of the file is entry code (.text.entry), which may run while a guest's page tables are loaded"));
        }
        if (!PatchSources.isC(hunk.path())) {
            return Set.of(new Likely(Verdict.UNCERTAIN, "it is no C: only compiling tells what it changes"));
        }
        if (sources.changesOnlyComments(hunk)) {
            return Set.of(new Likely(Verdict.NO_EFFECT, "it changes only comments and space"));
        }
        Set<Likely> likely = new LinkedHashSet<>();
        for (Item item : sources.touched(hunk)) {
            likely.add(likely(hunk, item));
        }
        for (String word : sources.addedWords(hunk)) {
            String type = newMembers().get(word);
            if (type != null && likely.stream().noneMatch(one -> one.verdict() == Verdict.LAYOUT)) {
                likely.add(new Likely(
                        Verdict.LAYOUT, "it uses `%s`, which another hunk adds to %s".formatted(word, type)));
            }
        }
        if (likely.isEmpty()) {
            likely.add(new Likely(Verdict.UNCERTAIN, "only compiling tells what it changes"));
        }
        return likely;
    }

    /** {@return what hunks add to types that the running system has, with the type: by name only, so it may be chance} */
    private Map<String, String> newMembers() {
        if (!newMembersKnown) {
            newMembersKnown = true;
            for (HunkLines hunk : map.hunks()) {
                for (Item item : sources.touched(hunk)) {
                    Optional<Item> before =
                            sources.original(hunk.placed().originalPath()).find(item.kind(), item.name());
                    if (isEditedStructure(hunk, item) && whyNotBuilt(hunk).isEmpty()) {
                        sources.addedWords(hunk).stream()
                                .filter(word -> !before.orElseThrow().mentions(word) && item.declares(word))
                                .forEach(word -> newMembers.put(word, typeName(item)));
                    }
                }
            }
        }
        return newMembers;
    }

    /** {@return whether a file is assembly of which all code is in the section mapped in guests' page tables, too} */
    private boolean isEntryCode(String path) {
        List<TreeObject> objects = path.endsWith(".S") ? compiledFrom(path) : List.of();
        return !objects.isEmpty()
                && objects.stream()
                        .flatMap(object -> elf(object).sections().stream())
                        .filter(section -> section.isCode() && section.sizeBytes() > 0)
                        .filter(section -> SectionRole.of(section) == SectionRole.CODE)
                        .allMatch(section -> section.name().equals(".text.entry")
                                || section.name().startsWith(".altinstr"));
    }

    private Likely likely(HunkLines hunk, Item item) {
        String what = "%s `%s`".formatted(item.kind().word(), item.name());
        boolean isNew = sources.original(hunk.placed().originalPath())
                .find(item.kind(), item.name())
                .isEmpty();
        return switch (item.kind()) {
            case FUNCTION -> function(hunk, item, isNew);
            case DATA -> data(hunk, item, isNew);
            case TYPE -> {
                if (!isEditedStructure(hunk, item)) {
                    yield new Likely(
                            Verdict.UNCERTAIN,
                            item.name().isEmpty()
                                    ? "only compiling tells what it changes"
                                    : what + (isNew ? " is new" : " is edited"));
                }
                yield new Likely(
                        Verdict.LAYOUT,
                        "`%s` is edited, and the running system may hold values of it".formatted(typeName(item)));
            }
            case MACRO_CALL -> {
                boolean perCpu =
                        item.tokens().stream().anyMatch(token -> token.text().startsWith("DEFINE_PER_CPU"));
                yield perCpu && isNew
                        ? new Likely(
                                Verdict.PER_CPU,
                                "`%s` is new; the per-CPU area of the running system has no room for it"
                                        .formatted(item.name()))
                        : new Likely(Verdict.UNCERTAIN, what + ": only compiling tells what it becomes");
            }
            case MACRO, DECLARATION, DIRECTIVE ->
                new Likely(Verdict.UNCERTAIN, what + ": only compiling tells whom it reaches");
        };
    }

    private boolean isEditedStructure(HunkLines hunk, Item item) {
        return item.kind() == Kind.TYPE
                && !item.tag().equals("enum")
                && !item.name().isEmpty()
                && sources.original(hunk.placed().originalPath())
                        .find(item.kind(), item.name())
                        .isPresent();
    }

    private static String typeName(Item item) {
        boolean typedef = item.tokens().getFirst().is("typedef");
        return (typedef && item.tokens().get(2).is("{") ? "" : item.tag() + " ") + item.name();
    }

    /** {@return the objects with the code of a source: compiled from it, or from one of the few files that include it} */
    private List<TreeObject> compiledFrom(String path) {
        List<TreeObject> compiled = reach.objects().stream()
                .filter(object -> path.equals("xen/" + object.source()))
                .toList();
        List<TreeObject> including = including(path);
        return compiled.isEmpty() && including.size() <= FEW ? including : compiled;
    }

    private List<TreeObject> including(String path) {
        return reach.objects().stream()
                .filter(object -> path.startsWith("xen/") && object.inputs().contains(path.substring(4)))
                .toList();
    }

    private ElfFile elf(TreeObject object) {
        return files.computeIfAbsent(object.name(), name -> ElfFile.read(object.file()));
    }

    private Optional<SectionRole> role(TreeObject object, String name) {
        ElfFile elf = elf(object);
        return elf.symbols().stream()
                .filter(symbol -> symbol.isInSection()
                        && RefusalKind.inSource(symbol.name()).equals(name))
                .map(Symbol::sectionIndex)
                .map(index -> SectionRole.of(elf.sections().get(index)))
                .findFirst();
    }

    private Likely function(HunkLines hunk, Item item, boolean isNew) {
        List<TreeObject> objects = compiledFrom(hunk.path());
        if (objects.isEmpty()) {
            return new Likely(
                    Verdict.LIVE,
                    "`%s` is in a file that %d objects include; those it is inlined into change with it"
                            .formatted(item.name(), including(hunk.path()).size()));
        }
        if (isNew && item.mentions("__init")) {
            return new Likely(
                    Verdict.BOOT_ONLY, "`%s` is new and runs only while the system boots".formatted(item.name()));
        }
        if (isNew) {
            return new Likely(Verdict.LIVE, "`%s` is new and comes along with what calls it".formatted(item.name()));
        }
        Set<String> into = new TreeSet<>();
        boolean onlyBoot = true;
        for (TreeObject object : objects) {
            Optional<SectionRole> role = role(object, item.name());
            if (role.isPresent()) {
                onlyBoot &= role.get() == SectionRole.INIT;
                if (role.get() != SectionRole.INIT) {
                    touchedByHunk.add(new Named(item.name(), object.name()));
                }
            }
            for (Function caller : inlining(object, item.name())) {
                boolean boot = caller.ranges().stream()
                        .allMatch(range ->
                                SectionRole.of(elf(object).sections().get(range.sectionIndex())) == SectionRole.INIT);
                onlyBoot &= boot;
                into.add(caller.name());
                if (!boot) {
                    touchedByHunk.add(new Named(caller.name(), object.name()));
                }
            }
            if (role.isEmpty() && into.isEmpty()) {
                return new Likely(Verdict.NO_EFFECT, "`%s` has no code in %s".formatted(item.name(), object.name()));
            }
        }
        if (onlyBoot) {
            return new Likely(Verdict.BOOT_ONLY, "`%s` runs only while the system boots".formatted(item.name()));
        }
        return new Likely(
                Verdict.LIVE,
                into.isEmpty()
                        ? "`%s` can be replaced".formatted(item.name())
                        : "`%s` is inlined into %s".formatted(item.name(), String.join(", ", into)));
    }

    private List<Function> inlining(TreeObject object, String name) {
        return functions.computeIfAbsent(object.name(), key -> Functions.read(elf(object))).all().stream()
                .filter(function -> function.inlinedNames().contains(name))
                .toList();
    }

    private Likely data(HunkLines hunk, Item item, boolean isNew) {
        if (isNew) {
            return new Likely(Verdict.LIVE, "`%s` is new and comes along with what uses it".formatted(item.name()));
        }
        for (TreeObject object : compiledFrom(hunk.path())) {
            Optional<SectionRole> role = role(object, item.name());
            if (role.filter(of -> of == SectionRole.INIT).isPresent()) {
                return new Likely(Verdict.BOOT_ONLY, "`%s` is used only while the system boots".formatted(item.name()));
            }
            if (role.filter(of -> of == SectionRole.READ_ONLY).isPresent()) {
                return new Likely(
                        Verdict.LIVE,
                        "`%s` is a constant: what uses it gets a new copy, if all that use it can"
                                .formatted(item.name()));
            }
            if (role.isPresent()) {
                return new Likely(
                        Verdict.DATA,
                        "`%s` is edited, and the running system has the old contents".formatted(item.name()));
            }
        }
        return new Likely(Verdict.UNCERTAIN, "`%s` is edited".formatted(item.name()));
    }
}
