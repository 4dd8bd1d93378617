package dev.suture.advise;

import dev.suture.advise.Advice.FunctionAdvice;
import dev.suture.create.ExamineXenPatch;
import dev.suture.diff.Comparison;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.LeftOut;
import dev.suture.diff.Selection.Why;
import dev.suture.dwarf.Function;
import dev.suture.dwarf.Functions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Names the functions that a payload would replace or bring, with what their author should know of each. */
final class NameFunctions {
    private static final String CHANGED_INLINE =
            "`%s` is inlined into all of these: %s. All have to be replaced, for the running ones hold copies of its old body;"
                    + " `noinline` on the patched one would not spare that, it would only make the payload smaller";

    private final ExamineXenPatch examined;
    private final QuiescePaths quiesce;
    private final Map<String, Functions> functions = new HashMap<>();

    NameFunctions(ExamineXenPatch examined, QuiescePaths quiesce) {
        this.examined = examined;
        this.quiesce = quiesce;
    }

    List<FunctionAdvice> functions() {
        List<FunctionAdvice> advice = new ArrayList<>();
        // Under a type's new layout everything that uses it differs, and which functions do says nothing.
        boolean tooMany = !examined.typeChanges().isEmpty()
                && !examined.refusals().isEmpty()
                && examined.selection().replaced().size() > 20;
        for (Chosen chosen : examined.selection().chosen()) {
            boolean isFunction = chosen.piece().kind() == Piece.Kind.FUNCTION
                    && (chosen.why() == Why.REPLACED || chosen.why() == Why.NEW);
            if (isFunction) {
                Comparison object =
                        examined.selection().objects().get(chosen.id().object());
                String told = chosen.why() == Why.NEW ? "" : tell(chosen);
                if (!tooMany || !told.isEmpty()) {
                    advice.add(new FunctionAdvice(
                            chosen.piece().name(),
                            object.name(),
                            chosen.why() == Why.NEW ? "new" : "replaced",
                            chosen.reason(),
                            told,
                            tooMany ? List.of() : inliningDecidedAnew(object, chosen)));
                }
            }
        }
        for (LeftOut left : new LinkedHashSet<>(examined.selection().leftOut())) {
            advice.add(new FunctionAdvice(left.symbol(), left.object(), "left out", left.why(), "", List.of()));
        }
        return advice;
    }

    private String tell(Chosen chosen) {
        ObjectPieces original =
                examined.selection().objects().get(chosen.id().object()).original();
        Piece piece = chosen.original().orElse(chosen.piece());
        return quiesce.tell(piece.name(), piece.isGlobal() ? "" : original.sourceFile());
    }

    /** GCC may inline a call that it did not inline before, or the other way round; then a caller changes with its callee. */
    private List<String> inliningDecidedAnew(Comparison object, Chosen chosen) {
        Optional<Piece> twin = chosen.original();
        if (chosen.why() != Why.REPLACED
                || twin.isEmpty()
                || object.original().pieces().isEmpty()) {
            return List.of();
        }
        Set<String> before = inlined(object.original(), twin.get());
        Set<String> after = inlined(object.patched(), chosen.piece());
        List<String> notes = new ArrayList<>();
        Set<String> called = new HashSet<>();
        object.original().pieces().stream()
                .filter(Piece::isNamed)
                .map(Piece::name)
                .forEach(called::add);
        Set<String> newly = new TreeSet<>(after);
        newly.removeAll(before);
        newly.retainAll(called);
        for (String name : newly) {
            notes.add(
                    ("the compiler now inlines `%s` into it, which was a call before. If no line of the patch reaches `%s`"
                                    + " itself, `noinline` on `%s` in the patch may keep it out of the payload: the running one"
                                    + " calls `%s`, too")
                            .formatted(name, chosen.piece().name(), name, name));
        }
        return notes;
    }

    private Set<String> inlined(ObjectPieces object, Piece piece) {
        return functions
                .computeIfAbsent(object.elf().name(), key -> Functions.read(object.elf()))
                .at(piece.section().index(), piece.sectionOffset())
                .map(Function::inlinedNames)
                .orElse(Set.of());
    }

    /**
     * {@return what there is to say of functions that a hunk is in and that are inlined into several others}
     *
     * @param hunks the verdicts
     */
    static Map<String, String> inlinedIntoMany(List<HunkAdvice> hunks) {
        Map<String, Set<String>> into = new TreeMap<>();
        for (HunkAdvice hunk : hunks) {
            for (String reached : hunk.reaches()) {
                int at = reached.indexOf(", into which ");
                if (at > 0) {
                    String inlined = reached.substring(at + 13).replace(" is inlined", "");
                    into.computeIfAbsent(inlined, key -> new TreeSet<>())
                            .add(reached.substring(0, reached.indexOf(' ')));
                }
            }
        }
        Map<String, String> notes = new TreeMap<>();
        into.forEach((name, callers) -> {
            if (callers.size() > 2) {
                notes.put(name, CHANGED_INLINE.formatted(name, String.join(", ", callers)));
            }
        });
        return notes;
    }
}
