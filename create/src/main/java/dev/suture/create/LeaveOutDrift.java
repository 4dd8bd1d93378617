package dev.suture.create;

import dev.suture.build.AskCompiler.Preprocessed;
import dev.suture.build.BuildResult;
import dev.suture.build.ObjectPair;
import dev.suture.diff.Comparison;
import dev.suture.diff.Piece;
import dev.suture.diff.Select;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.PieceId;
import dev.suture.diff.Selection.Why;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.TargetTraits;
import dev.suture.drift.RelyOnRegisters;
import dev.suture.drift.UnchangedInSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Leaves functions out of a payload whose code differs only because the compiler decided otherwise what to inline.
 *
 * <p>A patch adds a few lines to {@code p2m_free_ptp()}, and {@code p2m_change_altp2m_gfn()}, hundreds of lines further
 * down, comes out eight bytes shorter: what compilers weigh when they inline, clone and order functions is a matter of the
 * whole source. The shorter one does what the longer one does, and replacing it is a risk for nothing.
 *
 * <p>The running code of a function F stays right if three things hold.
 *
 * <ol>
 *   <li><b>It is code of the patched source, too.</b> F and everything it uses are token by token what they were, behind
 *       the preprocessor: the functions it calls or that are inlined into it, with all that these use, the types, constants
 *       and initialisers ({@link UnchangedInSource}). So F does not reach code that really changes in its own object, inlined or
 *       not. What it calls in other objects it calls by the calling convention alone.
 *   <li><b>What the compiler concluded about F's surroundings still is so.</b> It knows all callers of a static function,
 *       and may have left out what their arguments do not need: so no changed code may lead to F, if F is static. It knows
 *       all that writes to a static variable, and may have taken one that nothing wrote for a constant: so F must share none
 *       with changed code.
 *   <li><b>Machine code fits together</b> ({@link RelyOnRegisters}). GCC's {@code -fipa-ra} lets a caller keep values in
 *       registers that it knows a function of its own source to leave alone. F was compiled knowing the running
 *       versions of what it calls; none of these may be replaced. The payload was compiled knowing the patched F, which
 *       may use other registers than the running one: the code in the payload that leads to F must be the same when it
 *       is compiled without that knowledge.
 * </ol>
 *
 * <p>Here a payload replaces {@code g}, which is all that the patch touches:
 *
 * <pre>
 *   static int h(int x) { ... }
 *   int f(int x) { return h(x) + 1; }           before: h is inlined, for it has one caller
 *   int g(int x) { return x; }                  with the patch: return h(x) - 1; now h has two and becomes a function
 * </pre>
 *
 * <p>{@code f} is left out: what it uses, {@code h}, is what it was; {@code f} and {@code h} have no static variable; and
 * {@code g} does not call {@code f}. Were {@code g} to call {@code f} and keep a value in {@code %ecx} around that call,
 * because the patched {@code f} and {@code h} leave it alone, {@code f} would be replaced as well. Clones
 * ({@code f.constprop.0}) always are: their calling convention is the compiler's own affair. So is everything that is not
 * C, and everything whose proof fails.
 *
 * @see "GCC manual, 3.11, -flive-patching, which lists the optimisations that make a function depend on others"
 */
final class LeaveOutDrift {
    private final List<Comparison> comparisons;
    private final TargetTraits traits;
    private final SpecialSections tables;
    private final BuildResult build;
    private final Map<PieceId, String> leftOut = new TreeMap<>();
    /** What seems to differ in line numbers only, and does not. */
    private final Map<PieceId, String> noLines = new TreeMap<>();

    private final Map<Integer, RelyOnRegisters> registers = new HashMap<>();

    private LeaveOutDrift(
            List<Comparison> comparisons, TargetTraits traits, SpecialSections tables, BuildResult build) {
        this.comparisons = comparisons;
        this.traits = traits;
        this.tables = tables;
        this.build = build;
    }

    /**
     * Decides what goes into a payload, as {@link Select} does, and leaves out what only the compiler changed.
     *
     * @param comparisons all objects of the patch
     * @param tables the special sections of their kind
     * @param build where they are from
     */
    static Selection select(
            List<Comparison> comparisons, TargetTraits traits, SpecialSections tables, BuildResult build) {
        Selection everything = Select.select(comparisons, traits);
        LeaveOutDrift pass = new LeaveOutDrift(comparisons, traits, tables, build);
        pass.findUnchangedInSource(everything);
        return pass.leftOut.isEmpty() && pass.noLines.isEmpty() ? everything : pass.select();
    }

    /** Puts back what does not fit together with the rest, until all that is left does. */
    private Selection select() {
        while (true) {
            Selection selection = Select.select(comparisons, traits, leftOut, noLines);
            List<PieceId> misfits =
                    leftOut.keySet().stream().filter(id -> !fits(id, selection)).toList();
            if (misfits.isEmpty()) {
                return selection;
            }
            misfits.forEach(leftOut::remove);
        }
    }

    private boolean fits(PieceId function, Selection selection) {
        int object = function.object();
        Set<Integer> code = new HashSet<>();
        Set<Integer> replaced = new HashSet<>();
        for (Chosen chosen : selection.chosen()) {
            if (chosen.id().object() == object && chosen.piece().isCode()) {
                code.add(chosen.id().piece());
                if (chosen.why() == Why.REPLACED) {
                    chosen.original().ifPresent(piece -> replaced.add(piece.index()));
                }
            }
        }
        Set<Integer> leftOutHere = leftOut.keySet().stream()
                .filter(id -> id.object() == object)
                .map(PieceId::piece)
                .collect(Collectors.toSet());
        return registers.get(object).fits(function.piece(), new RelyOnRegisters.InPayload(code, replaced), leftOutHere);
    }

    private void findUnchangedInSource(Selection selection) {
        TouchedByPatch touched = new TouchedByPatch(build.patchedFiles());
        Map<Integer, List<Chosen>> candidates = new TreeMap<>();
        for (Chosen chosen : selection.chosen()) {
            Comparison comparison = comparisons.get(chosen.id().object());
            if (mayBeDrift(chosen, comparison) && !touched.isTouched(comparison, chosen)) {
                candidates
                        .computeIfAbsent(chosen.id().object(), _ -> new ArrayList<>())
                        .add(chosen);
            }
        }
        Set<String> withLines = comparisons.stream()
                .filter(ConfirmLineNumbers::isNeeded)
                .map(Comparison::name)
                .collect(Collectors.toCollection(TreeSet::new));
        List<String> objects = Stream.concat(
                        candidates.keySet().stream()
                                .map(object -> comparisons.get(object).name()),
                        withLines.stream())
                .distinct()
                .toList();
        Map<String, Preprocessed> sources =
                objects.isEmpty() ? Map.of() : build.compiler().preprocess(objects, withLines);
        noLines.putAll(ConfirmLineNumbers.replacedAnyway(comparisons, sources, build.compiler(), tables));
        candidates.forEach((object, chosen) -> Optional.ofNullable(
                        sources.get(comparisons.get(object).name()))
                .ifPresent(source -> findUnchangedInSource(object, chosen, source)));
    }

    private void findUnchangedInSource(int object, List<Chosen> candidates, Preprocessed source) {
        Comparison comparison = comparisons.get(object);
        Optional<UnchangedInSource> unchanged =
                UnchangedInSource.between(source.original(), source.patched(), comparison);
        unchanged.ifPresent(known -> candidates.stream()
                .filter(chosen -> known.holds(chosen.original().orElseThrow(), chosen.piece()))
                .forEach(chosen -> leftOut.put(chosen.id(), UnchangedInSource.REASON)));
        registers.put(object, new RelyOnRegisters(comparison, tables, build.compiler(), source.patched()));
    }

    /** {@return whether a function is one whose calling convention everybody knows, and that has a source in C} */
    private boolean mayBeDrift(Chosen chosen, Comparison comparison) {
        Piece piece = chosen.piece();
        return chosen.why() == Why.REPLACED
                && comparison.status(piece) == Comparison.Status.CHANGED
                && UnchangedInSource.mayBeAsked(chosen.original().orElseThrow(), piece)
                && comparison.correlation().twinOfPatched(piece).equals(chosen.original())
                && build.pairs().stream()
                        .filter(pair -> pair.name().equals(comparison.name()))
                        .map(ObjectPair::source)
                        .allMatch(source -> source.endsWith(".c"));
    }
}
