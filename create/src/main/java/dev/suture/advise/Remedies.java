package dev.suture.advise;

import dev.suture.Refusal;
import dev.suture.advise.Advice.Remedy;
import dev.suture.advise.Advice.TypeAdvice;
import dev.suture.build.HunkMap;
import dev.suture.build.HunkMap.HunkLines;
import dev.suture.build.ObjectPair;
import dev.suture.build.xen.PatchReach;
import dev.suture.build.xen.PatchReach.TreeObject;
import dev.suture.create.ExamineXenPatch;
import dev.suture.diff.Comparison;
import dev.suture.diff.Piece;
import dev.suture.dwarf.LayoutChange;
import dev.suture.dwarf.LayoutChanges;
import dev.suture.dwarf.MemberChange;
import dev.suture.dwarf.Variable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds for each reason against a patch what its author can do, with code to paste where that can be written. */
final class Remedies {
    private final ExamineXenPatch examined;
    private final List<ObjectPair> pairs;
    private final HunkMap map;
    private final PatchSources sources;
    private final JudgeHunks judge;
    private final RefusalKind kinds;
    private final TypePlaces places;
    private final List<TypeAdvice> types = new ArrayList<>();
    private final Map<Refusal, Integer> numbers = new LinkedHashMap<>();

    Remedies(
            ExamineXenPatch examined,
            List<ObjectPair> pairs,
            HunkMap map,
            PatchSources sources,
            PatchReach reach,
            JudgeHunks judge) {
        this.examined = examined;
        this.pairs = List.copyOf(pairs);
        this.map = map;
        this.sources = sources;
        this.judge = judge;
        this.kinds = new RefusalKind(examined, pairs);
        List<TreeObject> built = new ArrayList<>();
        for (TreeObject object : reach.objects()) {
            pairs.stream()
                    .filter(pair ->
                            pair.name().equals(object.name()) && pair.original().isPresent())
                    .forEach(pair -> built.add(new TreeObject(
                            object.name(), pair.original().orElseThrow(), object.source(), object.inputs())));
        }
        this.places = new TypePlaces(built, sources);
    }

    /** {@return a remedy for each refusal, in their order} */
    List<Remedy> find() {
        List<Remedy> remedies = new ArrayList<>();
        for (Refusal refusal : examined.refusals()) {
            int number = remedies.size() + 1;
            Optional<LayoutChanges.Combined> change = kinds.type(refusal);
            Remedy remedy = change.isPresent()
                    ? layout(number, refusal, change.get().change())
                    : switch (kinds.of(refusal)) {
                        case DATA -> data(number, refusal);
                        case PER_CPU -> perCpu(number, refusal);
                        case LIVE, NO_EFFECT, NOT_BUILT, BOOT_ONLY, LAYOUT, ASSEMBLY, REFUSED, UNCERTAIN ->
                            plain(number, refusal);
                    };
            numbers.put(refusal, number);
            remedies.add(remedy);
        }
        return remedies;
    }

    /** {@return for each hunk, counted from 0, the numbers of the remedies for what it brings about} */
    Map<Integer, List<Integer>> byHunk() {
        Map<Integer, List<Integer>> byHunk = new LinkedHashMap<>();
        for (HunkLines hunk : map.hunks()) {
            byHunk.put(
                    hunk.index(),
                    judge.against(hunk.index()).stream().map(numbers::get).toList());
        }
        return byHunk;
    }

    /** {@return the types whose layout changes and that are refused} */
    List<TypeAdvice> types() {
        return types;
    }

    private static Remedy plain(int number, Refusal refusal) {
        return new Remedy(number, title(refusal), refusal.remedy(), "", "");
    }

    private static String title(Refusal refusal) {
        return refusal.symbol().isEmpty() ? "what to do" : "for `%s`".formatted(refusal.symbol());
    }

    private Remedy layout(int number, Refusal refusal, LayoutChange change) {
        List<String> uses = new ArrayList<>();
        for (MemberChange.Added member : ShadowSketch.added(change)) {
            map.hunks().stream()
                    .filter(hunk -> !judge.refusals(hunk.index()).contains(refusal))
                    .forEach(hunk -> uses.addAll(sources.placesOf(hunk, member.name())));
        }
        types.add(new TypeAdvice(change.typeName(), change.text(), places.of(change.typeName()), uses));
        String code = ShadowSketch.code(change, uses);
        return code.isEmpty()
                ? plain(number, refusal)
                : new Remedy(
                        number,
                        "shadow variables for `%s`".formatted(change.typeName()),
                        ShadowSketch.text(change) + " " + refusal.remedy(),
                        code,
                        "");
    }

    private Remedy data(int number, Refusal refusal) {
        Optional<Comparison> comparison = kinds.comparison(refusal);
        Optional<Piece> piece = kinds.piece(refusal);
        if (comparison.isEmpty() || piece.isEmpty()) {
            return plain(number, refusal);
        }
        Optional<Variable> variable = DataChanges.variable(comparison.get().patched(), piece.get());
        if (variable.isEmpty()) {
            return plain(number, refusal);
        }
        String path = "xen/" + kinds.source(refusal);
        return new DataHooks(sources)
                .write(
                        path,
                        variable.get(),
                        piece.get(),
                        DataChanges.find(comparison.get(), piece.get(), variable.get()))
                .map(hooks -> new Remedy(
                        number,
                        "hooks for `%s`".formatted(variable.get().name()),
                        hooks.text(),
                        hooks.code(),
                        hooks.diff()))
                .orElseGet(() -> plain(number, refusal));
    }

    private Remedy perCpu(int number, Refusal refusal) {
        String name = RefusalKind.inSource(refusal.symbol());
        Optional<Comparison> comparison = kinds.comparison(refusal);
        Optional<Variable> variable = comparison.flatMap(
                object -> kinds.piece(refusal).flatMap(piece -> DataChanges.variable(object.patched(), piece)));
        if (variable.isEmpty() || !variable.get().type().matches("[\\w ]+\\**")) {
            return plain(number, refusal);
        }
        String type = variable.get().type();
        String declared = "%s%s%s[NR_CPUS]".formatted(type, type.endsWith("*") ? "" : " ", name);
        String code = """
                /* In place of DEFINE_PER_CPU(%s, %s). */
                %s%s;

                /*
                 * this_cpu(%s)      becomes  %s[smp_processor_id()]
                 * per_cpu(%s, cpu)  becomes  %s[cpu]
                 */
                """.formatted(
                        type,
                        name,
                        kinds.piece(refusal).filter(Piece::isGlobal).isPresent() ? "" : "static ",
                        declared,
                        name,
                        name,
                        name,
                        name);
        return new Remedy(number, "an array in place of `%s`".formatted(name), refusal.remedy(), code, "");
    }
}
