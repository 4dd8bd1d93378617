package dev.suture.advise;

import dev.suture.Refusal;
import dev.suture.advise.OutlineC.Kind;
import dev.suture.build.HunkMap;
import dev.suture.build.HunkMap.HunkLines;
import dev.suture.build.ObjectPair;
import dev.suture.build.UnreachedFile;
import dev.suture.create.ExamineXenPatch;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.LeftOut;
import dev.suture.diff.Selection.Why;
import dev.suture.dwarf.MemberChange;
import dev.suture.explain.ExplainedFunction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Says for each hunk what becomes of it, from what was compiled with and without the patch.
 *
 * <p>That a function changes, and what is refused, is known for the patch as a whole. Which hunk does it is told, in this
 * order, by the source lines of the instructions that differ; by the function, variable or type that the hunk is in; by
 * the calls that were inlined; and by the names that the hunk introduces and others use. A hunk to which nothing leads is
 * without effect if every change has its hunk, and uncertain else.
 */
final class JudgeHunks {
    private final ExamineXenPatch examined;
    private final Selection selection;
    private final List<ObjectPair> pairs;
    private final List<UnreachedFile> unreached;
    private final HunkMap map;
    private final PatchSources sources;
    private final RefusalKind kinds;
    private final ReachFunctions reach;
    private final Map<Integer, Set<Refusal>> refused = new HashMap<>();
    private final Map<Integer, Map<String, Refusal>> uses = new HashMap<>();

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
        this.reach = new ReachFunctions(selection, pairs, map, sources);
    }

    /**
     * {@return the verdicts, in the order of the hunks, without remedies}
     *
     * @param explained the functions that change, with the lines of the patch that certainly reach them
     * @param patchNames the file name of each patch
     */
    List<HunkAdvice> judge(List<ExplainedFunction> explained, List<String> patchNames) {
        explained.forEach(reach::reachByLines);
        map.hunks().stream().filter(hunk -> whyNotBuilt(hunk).isEmpty()).forEach(reach::reachByItems);
        if (!examined.isWithoutEffect()) {
            examined.refusals().forEach(this::attribute);
        }
        map.hunks().stream().filter(hunk -> whyNotBuilt(hunk).isEmpty()).forEach(this::useOfWhatIsRefused);
        Set<Integer> judged = new HashSet<>(refused.keySet());
        map.hunks().stream().filter(hunk -> whyNotBuilt(hunk).isPresent()).forEach(hunk -> judged.add(hunk.index()));
        reach.reachByNames(judged);
        if (!examined.isRefusedForTypes()) {
            reach.reachByElimination(judged);
        }
        boolean allExplained = reach.unexplained().isEmpty();
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

    /** {@return the refusals that a hunk cannot go because of: those it brings about, and those of what it uses} */
    Set<Refusal> against(int hunk) {
        Set<Refusal> against = new LinkedHashSet<>(refusals(hunk));
        against.addAll(uses.getOrDefault(hunk, Map.of()).values());
        return against;
    }

    /** {@return the changed functions to which no hunk leads} */
    List<Chosen> unexplained() {
        return reach.unexplained();
    }

    private void attribute(Refusal refusal) {
        String name = RefusalKind.inSource(refusal.symbol());
        String declaredIn = kinds.type(refusal)
                .map(change -> change.change().declared().file().replaceFirst("^\\./", ""))
                .orElse("");
        String source = kinds.source(refusal);
        List<Predicate<HunkLines>> tests = List.of(
                hunk -> !name.isEmpty()
                        && sources.touched(hunk).stream()
                                .anyMatch(item -> item.kind() != Kind.DECLARATION
                                        && item.name().equals(name)),
                hunk -> reach.of(hunk).stream()
                        .anyMatch(function -> function.function().equals(refusal.symbol())
                                && function.object().equals(refusal.object())),
                hunk -> !name.isEmpty() && sources.words(hunk).contains(name),
                hunk -> !declaredIn.isEmpty() && hunk.path().endsWith("/" + declaredIn),
                hunk -> !source.isEmpty() && hunk.path().equals("xen/" + source));
        for (Predicate<HunkLines> test : tests) {
            List<HunkLines> found = map.hunks().stream()
                    .filter(hunk -> !sources.changesOnlyComments(hunk)
                            && whyNotBuilt(hunk).isEmpty())
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
                use(hunk, words, variable, "it uses `%s`, a per-CPU variable that is new".formatted(variable), refusal);
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
                                    refusal);
                        }
                    }));
        }
    }

    private void use(HunkLines hunk, Set<String> words, String name, String reason, Refusal refusal) {
        if (!name.isEmpty() && words.contains(name)) {
            uses.computeIfAbsent(hunk.index(), key -> new LinkedHashMap<>()).put(reason, refusal);
        }
    }

    private HunkAdvice judge(HunkLines hunk, boolean allExplained, List<String> patchNames) {
        List<ReachFunctions.Reached> functionsReached = reach.of(hunk);
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
            for (Map.Entry<String, Refusal> use :
                    uses.getOrDefault(hunk.index(), Map.of()).entrySet()) {
                verdict = kinds.of(use.getValue());
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
                functionsReached.stream().map(ReachFunctions.Reached::text).toList(),
                List.copyOf(reasons),
                List.of());
    }

    static List<String> touches(PatchSources sources, HunkLines hunk) {
        return sources.touched(hunk).stream()
                .map(item -> "%s %s".formatted(item.kind().word(), item.name()).strip())
                .toList();
    }

    private Verdict withoutRefusal(
            HunkLines hunk, List<ReachFunctions.Reached> functionsReached, boolean allExplained, Set<String> reasons) {
        Optional<String> notBuilt = whyNotBuilt(hunk);
        if (notBuilt.isPresent()) {
            reasons.add(notBuilt.get());
            return Verdict.NOT_BUILT;
        }
        if (functionsReached.stream().anyMatch(ReachFunctions.Reached::isLive)) {
            return Verdict.LIVE;
        }
        if (isHook(hunk)) {
            reasons.add("it brings a hook");
            return Verdict.LIVE;
        }
        List<LeftOut> left = leftOut(hunk, functionsReached);
        if (!left.isEmpty()) {
            left.forEach(one -> reasons.add("`%s`: %s".formatted(one.symbol(), one.why())));
            boolean boot = left.stream().anyMatch(one -> one.cause() == LeftOut.Cause.AT_START);
            return boot ? Verdict.BOOT_ONLY : Verdict.NO_EFFECT;
        }
        if (sources.changesOnlyComments(hunk)) {
            reasons.add("it changes only comments and space");
            return Verdict.NO_EFFECT;
        }
        if (allExplained) {
            reasons.add("nothing that is compiled differs because of it");
            return Verdict.NO_EFFECT;
        }
        if (examined.isRefusedForTypes()) {
            reasons.add("what it changes cannot be told from what the new layout of the type changes");
            return Verdict.UNCERTAIN;
        }
        Set<String> names = new TreeSet<>();
        reach.unexplained().forEach(chosen -> names.add(chosen.piece().name()));
        reasons.add("nothing tells whether it is what changes %s"
                .formatted(names.stream().limit(5).collect(Collectors.joining(", "))
                        + (names.size() > 5 ? " and %d more".formatted(names.size() - 5) : "")));
        return Verdict.UNCERTAIN;
    }

    private Optional<String> whyNotBuilt(HunkLines hunk) {
        return unreached.stream()
                .filter(file -> file.path().equals(hunk.path()))
                .map(UnreachedFile::why)
                .findFirst()
                .or(() -> sources.leftOut(hunk));
    }

    private boolean isHook(HunkLines hunk) {
        return sources.touched(hunk).stream()
                        .anyMatch(item -> item.kind() == Kind.MACRO_CALL
                                && item.tokens().getFirst().text().matches("LIVEPATCH_[A-Z]+_HOOK"))
                && selection.chosen().stream().anyMatch(chosen -> chosen.why() == Why.HOOK);
    }

    private List<LeftOut> leftOut(HunkLines hunk, List<ReachFunctions.Reached> functionsReached) {
        Set<String> names = new LinkedHashSet<>();
        sources.touched(hunk).forEach(item -> names.add(item.name()));
        return selection.leftOut().stream()
                .filter(left -> functionsReached.stream()
                                .anyMatch(function -> function.function().equals(left.symbol())
                                        && function.object().equals(left.object()))
                        || names.contains(RefusalKind.inSource(left.symbol()))
                                && reach.mayHold(left.object(), hunk.path()))
                .distinct()
                .toList();
    }

    /** What by itself is only a declaration, a macro or an include is there for the hunks that use it. */
    private void followOthers(Map<Integer, HunkAdvice> advice) {
        for (HunkLines hunk : map.hunks()) {
            HunkAdvice own = advice.get(hunk.index());
            boolean open = own.verdict() == Verdict.UNCERTAIN || own.verdict() == Verdict.NO_EFFECT;
            if (!open || sources.changesOnlyComments(hunk) || whyNotBuilt(hunk).isPresent()) {
                continue;
            }
            List<HunkLines> users = new ArrayList<>();
            for (String name : reach.introduced(hunk)) {
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
        for (HunkLines hunk : map.hunks()) {
            HunkAdvice own = advice.get(hunk.index());
            if (own.verdict() == Verdict.UNCERTAIN || own.verdict() == Verdict.NO_EFFECT) {
                included(hunk)
                        .map(file -> advice.get(file.index()))
                        .ifPresent(file -> advice.put(
                                hunk.index(),
                                own.with(
                                        file.verdict(),
                                        file.certain(),
                                        "it includes the file that hunk %d brings".formatted(file.number()))));
            }
        }
    }

    /** {@return the hunk that brings a file, if another one does nothing but include it} */
    private Optional<HunkLines> included(HunkLines hunk) {
        return sources.onlyIncludes(hunk)
                .flatMap(name -> map.hunks().stream()
                        .filter(other -> other.placed().hunk().original().isEmpty()
                                && other.path().endsWith("/" + name))
                        .findFirst());
    }
}
