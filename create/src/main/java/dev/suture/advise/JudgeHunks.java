package dev.suture.advise;

import dev.suture.Refusal;
import dev.suture.advise.HunkMap.HunkLines;
import dev.suture.advise.OutlineC.Item;
import dev.suture.advise.OutlineC.Kind;
import dev.suture.build.ObjectPair;
import dev.suture.build.UnreachedFile;
import dev.suture.create.ExamineXenPatch;
import dev.suture.diff.Comparison;
import dev.suture.diff.Piece;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.LeftOut;
import dev.suture.diff.Selection.Why;
import dev.suture.dwarf.Functions;
import dev.suture.dwarf.MemberChange;
import dev.suture.explain.ExplainedFunction;
import dev.suture.explain.PatchLines.PatchLine;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Says for each hunk what becomes of it, from what was compiled with and without the patch.
 *
 * <p>That a function changes, and what is refused, is known for the patch as a whole. Which hunk does it is told, in this
 * order, by the source lines of the instructions that differ; by the function, variable or type that the hunk is in; by
 * the calls that were inlined; and by the names that the hunk introduces and others use. A hunk to which nothing leads is
 * without effect if every change has its hunk, and uncertain else.
 */
final class JudgeHunks {
    private static final String AT_BOOT = "while the system boots";

    private final ExamineXenPatch examined;
    private final Selection selection;
    private final List<ObjectPair> pairs;
    private final List<UnreachedFile> unreached;
    private final HunkMap map;
    private final PatchSources sources;
    private final RefusalKind kinds;
    private final Map<Integer, Set<Reached>> reached = new HashMap<>();
    private final Map<Integer, Set<Refusal>> refused = new HashMap<>();
    private final Map<Integer, Map<String, Verdict>> uses = new HashMap<>();
    private final Map<String, Functions> functions = new HashMap<>();

    /** A function that a hunk reaches. */
    private record Reached(String object, String function, boolean isLive, String how) {
        String text() {
            return "%s (%s)%s".formatted(function, object, how);
        }
    }

    JudgeHunks(
            ExamineXenPatch examined,
            List<ObjectPair> pairs,
            List<UnreachedFile> unreached,
            HunkMap map,
            PatchSources sources) {
        this.examined = examined;
        this.selection = examined.selection();
        this.pairs = List.copyOf(pairs);
        this.unreached = List.copyOf(unreached);
        this.map = map;
        this.sources = sources;
        this.kinds = new RefusalKind(examined, pairs);
    }

    /**
     * {@return the verdicts, in the order of the hunks, without remedies}
     *
     * @param explained the functions that change, with the lines of the patch that certainly reach them
     * @param patchNames the file name of each patch
     */
    List<HunkAdvice> judge(List<ExplainedFunction> explained, List<String> patchNames) {
        explained.forEach(this::reachByLines);
        map.hunks().forEach(this::reachByItems);
        examined.refusals().forEach(this::attribute);
        map.hunks().forEach(this::useOfWhatIsRefused);
        reachByNames();
        boolean allExplained = unexplained().isEmpty();
        Map<Integer, HunkAdvice> advice = new LinkedHashMap<>();
        for (HunkLines hunk : map.hunks()) {
            advice.put(hunk.index(), judge(hunk, allExplained, patchNames));
        }
        followOthers(advice);
        return List.copyOf(advice.values());
    }

    /** {@return the refusals that a hunk brings about} */
    Set<Refusal> refusals(int hunk) {
        return refused.getOrDefault(hunk, Set.of());
    }

    private void reach(int hunk, String object, String function, boolean isLive, String how) {
        Set<Reached> known = reached.computeIfAbsent(hunk, key -> new LinkedHashSet<>());
        boolean there = known.stream()
                .anyMatch(other ->
                        other.object().equals(object) && other.function().equals(function));
        if (!there) {
            known.add(new Reached(object, function, isLive, how));
        }
    }

    private void reachByLines(ExplainedFunction function) {
        boolean isLive = function.decision() != ExplainedFunction.Decision.LEFT_OUT;
        for (PatchLine line : function.patchLines()) {
            map.at(line.file(), line.line(), line.added())
                    .ifPresent(hunk -> reach(hunk.index(), function.object(), function.name(), isLive, ""));
        }
    }

    private void reachByItems(HunkLines hunk) {
        for (Item item : sources.touched(hunk)) {
            boolean named = item.kind() == Kind.FUNCTION || item.kind() == Kind.DECLARATION;
            if (named && !item.name().isEmpty()) {
                boolean found = reachNamed(hunk, item.name());
                if (!found && item.kind() == Kind.FUNCTION) {
                    reachInlined(hunk, item.name());
                }
            }
        }
    }

    /** A static function's name may be that of another one in another file. */
    private boolean reachNamed(HunkLines hunk, String name) {
        boolean found = false;
        for (Chosen chosen : selection.chosen()) {
            Comparison object = selection.objects().get(chosen.id().object());
            boolean isIt = chosen.piece().kind() == Piece.Kind.FUNCTION
                    && stem(chosen.piece()).equals(name);
            if (isIt && mayHold(object.name(), hunk.path())) {
                reach(hunk.index(), object.name(), chosen.piece().name(), true, "");
                found = true;
            }
        }
        for (LeftOut left : selection.leftOut()) {
            if (RefusalKind.inSource(left.symbol()).equals(name) && mayHold(left.object(), hunk.path())) {
                reach(hunk.index(), left.object(), left.symbol(), false, "");
                found = true;
            }
        }
        return found;
    }

    private boolean mayHold(String object, String path) {
        return !path.endsWith(".c") || path.equals("xen/" + source(object)) || isIncluded(path);
    }

    /** {@return whether a file that looks like a source is compiled as part of another} */
    private boolean isIncluded(String path) {
        return pairs.stream().noneMatch(pair -> path.equals("xen/" + pair.source()));
    }

    private String source(String object) {
        return pairs.stream()
                .filter(pair -> pair.name().equals(object))
                .map(ObjectPair::source)
                .findFirst()
                .orElse("");
    }

    private static String stem(Piece piece) {
        String name = piece.name();
        int dot = name.indexOf('.');
        return dot > 0 ? name.substring(0, dot) : name;
    }

    private void reachInlined(HunkLines hunk, String name) {
        for (Chosen chosen : selection.chosen()) {
            Comparison object = selection.objects().get(chosen.id().object());
            if (chosen.piece().kind() != Piece.Kind.FUNCTION || !mayHold(object.name(), hunk.path())) {
                continue;
            }
            if (inlines(object, chosen.piece(), name)) {
                String how = ", into which %s is inlined".formatted(name);
                reach(hunk.index(), object.name(), chosen.piece().name(), true, how);
            }
        }
        for (LeftOut left : selection.leftOut()) {
            for (Comparison object : selection.objects()) {
                Optional<Piece> piece = object.patched().named(left.symbol());
                if (object.name().equals(left.object())
                        && piece.isPresent()
                        && mayHold(object.name(), hunk.path())
                        && inlines(object, piece.get(), name)) {
                    String how = ", into which %s is inlined".formatted(name);
                    reach(hunk.index(), object.name(), left.symbol(), false, how);
                }
            }
        }
    }

    private boolean inlines(Comparison object, Piece piece, String name) {
        return function(object, piece, false).filter(f -> f.contains(name)).isPresent()
                || object.correlation()
                        .twinOfPatched(piece)
                        .flatMap(twin -> function(object, twin, true))
                        .filter(f -> f.contains(name))
                        .isPresent();
    }

    private Optional<Set<String>> function(Comparison object, Piece piece, boolean isOriginal) {
        var elf = isOriginal ? object.original().elf() : object.patched().elf();
        return functions
                .computeIfAbsent(object.name() + isOriginal, key -> Functions.read(elf))
                .at(piece.section().index(), piece.sectionOffset())
                .map(dev.suture.dwarf.Function::inlinedNames);
    }

    private void attribute(Refusal refusal) {
        String name = RefusalKind.inSource(refusal.symbol());
        String declaredIn = kinds.type(refusal)
                .map(change -> change.change().declared().file().replaceFirst("^\\./", ""))
                .orElse("");
        String source = kinds.source(refusal);
        List<java.util.function.Predicate<HunkLines>> tests = List.of(
                hunk -> !name.isEmpty()
                        && sources.touched(hunk).stream()
                                .anyMatch(item -> item.name().equals(name)),
                hunk -> reached.getOrDefault(hunk.index(), Set.of()).stream()
                        .anyMatch(function -> function.function().equals(refusal.symbol())
                                && function.object().equals(refusal.object())),
                hunk -> !name.isEmpty() && sources.words(hunk).contains(name),
                hunk -> !declaredIn.isEmpty() && hunk.path().endsWith("/" + declaredIn),
                hunk -> !source.isEmpty() && hunk.path().equals("xen/" + source));
        for (java.util.function.Predicate<HunkLines> test : tests) {
            List<HunkLines> found = map.hunks().stream()
                    .filter(hunk -> !sources.changesOnlyComments(hunk))
                    .filter(test)
                    .toList();
            if (!found.isEmpty()) {
                found.forEach(hunk -> refused.computeIfAbsent(hunk.index(), key -> new LinkedHashSet<>())
                        .add(refusal));
                return;
            }
        }
    }

    /** A hunk that uses a member or variable which cannot be there cannot go without it. */
    private void useOfWhatIsRefused(HunkLines hunk) {
        Set<String> words = sources.addedWords(hunk);
        for (Refusal refusal : examined.refusals()) {
            if (refusals(hunk.index()).contains(refusal)) {
                continue;
            }
            Verdict kind = kinds.of(refusal);
            if (kind == Verdict.PER_CPU) {
                String variable = RefusalKind.inSource(refusal.symbol());
                use(hunk, words, variable, "it uses `%s`, a per-CPU variable that is new".formatted(variable), kind);
            }
            kinds.type(refusal)
                    .ifPresent(change -> change.change().members().forEach(member -> {
                        if (member instanceof MemberChange.Added added) {
                            String last = added.name().substring(added.name().lastIndexOf('.') + 1);
                            use(
                                    hunk,
                                    words,
                                    last,
                                    "it uses `%s`, a new member of %s".formatted(last, refusal.symbol()),
                                    kind);
                        }
                    }));
        }
    }

    private void use(HunkLines hunk, Set<String> words, String name, String reason, Verdict verdict) {
        if (!name.isEmpty() && words.contains(name)) {
            uses.computeIfAbsent(hunk.index(), key -> new LinkedHashMap<>()).put(reason, verdict);
        }
    }

    /** {@return the changed functions to which no hunk leads} */
    private List<Chosen> unexplained() {
        return selection.replaced().stream()
                .filter(chosen -> reached.values().stream()
                        .flatMap(Set::stream)
                        .noneMatch(function ->
                                function.function().equals(chosen.piece().name())
                                        && function.object()
                                                .equals(selection
                                                        .objects()
                                                        .get(chosen.id().object())
                                                        .name())))
                .toList();
    }

    /** What introduces or changes a macro, type or inline function reaches the changed functions that name it. */
    private void reachByNames() {
        List<Chosen> changed = selection.replaced();
        for (HunkLines hunk : map.hunks()) {
            if (reached.containsKey(hunk.index()) || refused.containsKey(hunk.index())) {
                continue;
            }
            for (String name : introduced(hunk)) {
                for (Chosen chosen : changed) {
                    Comparison object = selection.objects().get(chosen.id().object());
                    boolean names = sources.patched("xen/" + source(object.name()))
                            .find(Kind.FUNCTION, stem(chosen.piece()))
                            .filter(item -> item.mentions(name))
                            .isPresent();
                    if (names) {
                        String how = ", which uses %s".formatted(name);
                        reach(hunk.index(), object.name(), chosen.piece().name(), true, how);
                    }
                }
            }
        }
    }

    /** {@return the names that a hunk gives a meaning: of macros, declarations, and what it adds to a type} */
    private Set<String> introduced(HunkLines hunk) {
        Set<String> names = new LinkedHashSet<>();
        for (Item item : sources.touched(hunk)) {
            switch (item.kind()) {
                case MACRO, DECLARATION, FUNCTION, DATA, MACRO_CALL -> names.add(item.name());
                case TYPE -> names.addAll(sources.addedWords(hunk));
                case DIRECTIVE -> {}
            }
        }
        names.removeIf(name -> name.length() < 3);
        return names;
    }

    private HunkAdvice judge(HunkLines hunk, boolean allExplained, List<String> patchNames) {
        List<Reached> functionsReached = List.copyOf(reached.getOrDefault(hunk.index(), Set.of()));
        Set<String> reasons = new LinkedHashSet<>();
        Verdict verdict = Verdict.UNCERTAIN;
        for (Refusal refusal : refusals(hunk.index())) {
            Verdict kind = kinds.of(refusal);
            verdict = verdict == Verdict.UNCERTAIN || kind.compareTo(verdict) > 0 && kind != Verdict.REFUSED
                    ? kind
                    : verdict;
            reasons.add(refusal.what());
        }
        if (verdict == Verdict.UNCERTAIN) {
            for (Map.Entry<String, Verdict> use :
                    uses.getOrDefault(hunk.index(), Map.of()).entrySet()) {
                verdict = use.getValue();
                reasons.add(use.getKey());
            }
        }
        if (verdict == Verdict.UNCERTAIN) {
            verdict = withoutRefusal(hunk, functionsReached, allExplained, reasons);
        }
        return new HunkAdvice(
                hunk.index() + 1,
                patchNames.get(hunk.placed().patchIndex()),
                hunk.path(),
                hunk.placed().hunk().originalStart(),
                hunk.placed().hunk().original().size(),
                hunk.firstFinal(),
                hunk.finalCount(),
                verdict,
                verdict != Verdict.UNCERTAIN,
                touches(sources, hunk),
                functionsReached.stream().map(Reached::text).toList(),
                List.copyOf(reasons),
                List.of());
    }

    static List<String> touches(PatchSources sources, HunkLines hunk) {
        return sources.touched(hunk).stream()
                .map(item -> "%s %s".formatted(item.kind().word(), item.name()).strip())
                .toList();
    }

    private Verdict withoutRefusal(
            HunkLines hunk, List<Reached> functionsReached, boolean allExplained, Set<String> reasons) {
        if (functionsReached.stream().anyMatch(Reached::isLive)) {
            return Verdict.LIVE;
        }
        if (isHook(hunk)) {
            reasons.add("it brings a hook");
            return Verdict.LIVE;
        }
        Optional<UnreachedFile> notBuilt = unreached.stream()
                .filter(file -> file.path().equals(hunk.path()))
                .findFirst();
        if (notBuilt.isPresent()) {
            reasons.add(notBuilt.get().why());
            return Verdict.NOT_BUILT;
        }
        List<LeftOut> left = leftOut(hunk, functionsReached);
        if (!left.isEmpty()) {
            left.forEach(one -> reasons.add("`%s`: %s".formatted(one.symbol(), one.why())));
            boolean boot = left.stream().anyMatch(one -> one.why().contains(AT_BOOT));
            return boot ? Verdict.BOOT_ONLY : Verdict.NO_EFFECT;
        }
        if (sources.changesOnlyComments(hunk)) {
            reasons.add("it changes only comments and space");
            return Verdict.NO_EFFECT;
        }
        if (allExplained) {
            reasons.add("the compiled code is the same with and without it");
            return Verdict.NO_EFFECT;
        }
        Set<String> names = new TreeSet<>();
        unexplained().forEach(chosen -> names.add(chosen.piece().name()));
        reasons.add("nothing tells whether it is what changes %s"
                .formatted(names.stream().limit(5).collect(java.util.stream.Collectors.joining(", "))
                        + (names.size() > 5 ? " and %d more".formatted(names.size() - 5) : "")));
        return Verdict.UNCERTAIN;
    }

    private boolean isHook(HunkLines hunk) {
        return sources.touched(hunk).stream()
                        .anyMatch(item -> item.kind() == Kind.MACRO_CALL
                                && item.tokens().getFirst().text().matches("LIVEPATCH_[A-Z]+_HOOK"))
                && selection.chosen().stream().anyMatch(chosen -> chosen.why() == Why.HOOK);
    }

    private List<LeftOut> leftOut(HunkLines hunk, List<Reached> functionsReached) {
        Set<String> names = new LinkedHashSet<>();
        sources.touched(hunk).forEach(item -> names.add(item.name()));
        return selection.leftOut().stream()
                .filter(left -> functionsReached.stream()
                                .anyMatch(function -> function.function().equals(left.symbol())
                                        && function.object().equals(left.object()))
                        || names.contains(RefusalKind.inSource(left.symbol())) && mayHold(left.object(), hunk.path()))
                .distinct()
                .toList();
    }

    /** What by itself is only a declaration, a macro or an include is there for the hunks that use it. */
    private void followOthers(Map<Integer, HunkAdvice> advice) {
        for (HunkLines hunk : map.hunks()) {
            HunkAdvice own = advice.get(hunk.index());
            boolean open = own.verdict() == Verdict.UNCERTAIN || own.verdict() == Verdict.NO_EFFECT;
            if (!open || sources.changesOnlyComments(hunk)) {
                continue;
            }
            List<HunkLines> users = new ArrayList<>();
            for (String name : introduced(hunk)) {
                map.hunks().stream()
                        .filter(other ->
                                other != hunk && sources.addedWords(other).contains(name))
                        .filter(other -> advice.get(other.index()).verdict() == Verdict.LIVE
                                || advice.get(other.index()).verdict().isRefusal())
                        .forEach(users::add);
            }
            users.stream().findFirst().ifPresent(user -> {
                HunkAdvice follows = advice.get(user.index());
                advice.put(
                        hunk.index(),
                        own.with(follows.verdict(), true, "hunk %d uses what it declares".formatted(follows.number())));
            });
        }
    }
}
