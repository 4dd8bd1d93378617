package dev.suture.state;

import dev.suture.Refusal;
import dev.suture.diff.Comparison;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.Why;
import dev.suture.state.Functions.Node;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Finds variables of a payload that the patched program would have set by now.
 *
 * <p>A patch adds {@code limit}, {@code setup()} sets it, {@code check()} reads it. Both are replaced; but {@code setup()}
 * has run, and in the payload {@code limit} is 0. That {@code setup()} will run again before {@code check()} cannot be told
 * from how it is called ({@code if (n == 0) setup();}). So a variable is refused that somebody reads without having
 * written it, but for one
 *
 * <ul>
 *   <li>that nobody leaves with anything but what it held at first ({@code inside = 1; work(); inside = 0;}),
 *   <li>that whoever reads it goes on to write, if it holds its first contents, and that nobody writes but because of what
 *       it held or to count it up ({@link Answers}),
 *   <li>of which another such one says whether it was made ({@link Guard}).
 * </ul>
 *
 * <p>Who gets its address may read and write it, unless his code is there, or he is of the C library. So may whoever reads
 * data that has it.
 *
 * <p>Code that only hooks lead to has not run before the payload is there, so it neither relies on a variable nor set it.
 *
 * <p>A variable that is there already, and that nothing of the patched objects used before, is like a new one.
 */
public final class SetEarlier {
    private static final Pattern NUMBER = Pattern.compile("\\.\\d+$");
    private static final int NAMES_SHOWN = 3;

    private final Selection selection;
    private final Target running;
    private Functions functions;
    private final Map<Variable, FollowVariable> followed = new LinkedHashMap<>();

    private SetEarlier(Selection selection, Target running) {
        this.selection = selection;
        this.running = running;
    }

    /**
     * {@return why variables of a selection would not hold what they should}
     *
     * @param running what the target has beside the patched objects
     * @param accepted names of variables of which the author says that they may begin with their first contents
     * @param begins objects, by name, whose variables are to begin so, as they are made for payloads
     */
    public static List<Refusal> find(
            Selection selection, Target running, Set<String> accepted, Predicate<String> begins) {
        SetEarlier pass = new SetEarlier(selection, running);
        Set<Variable> variables = pass.candidates();
        variables.removeIf(variable -> begins.test(pass.objectName(variable))
                || accepted.contains(variable.piece().name())
                || accepted.contains(stem(variable.piece().name()))
                || pass.isRefused(variable));
        return variables.isEmpty() ? List.of() : pass.judge(variables);
    }

    private String objectName(Variable variable) {
        return selection.objects().get(variable.object()).name();
    }

    private boolean isRefused(Variable variable) {
        return selection.refusals().stream()
                .anyMatch(refusal -> refusal.symbol().equals(variable.piece().name()));
    }

    private Set<Variable> candidates() {
        Set<Variable> found = new LinkedHashSet<>();
        selection.chosen().stream()
                .filter(chosen -> chosen.why() == Why.NEW
                        && chosen.piece().holdsState()
                        && chosen.piece().isNamed())
                .forEach(chosen -> found.add(new Variable(chosen.id().object(), chosen.piece())));
        Set<Variable> known = new LinkedHashSet<>();
        for (Chosen chosen : selection.chosen()) {
            int object = chosen.id().object();
            Comparison comparison = selection.objects().get(object);
            for (Reference reference : comparison.patched().references(chosen.piece())) {
                if (reference.target() instanceof Reference.InPiece target) {
                    Piece piece = comparison.patched().pieces().get(target.pieceIndex());
                    if (piece.holdsState()
                            && piece.isNamed()
                            && comparison.correlation().twinOfPatched(piece).isPresent()) {
                        known.add(new Variable(object, piece));
                    }
                }
            }
        }
        if (!known.isEmpty()) {
            Used used = used();
            known.stream()
                    .filter(variable -> !used.has(variable, twin(variable)))
                    .forEach(found::add);
        }
        return found;
    }

    private Piece twin(Variable variable) {
        return selection
                .objects()
                .get(variable.object())
                .correlation()
                .twinOfPatched(variable.piece())
                .orElseThrow();
    }

    /** What the original objects refer to. */
    private record Used(Set<Node> pieces, Set<String> names) {
        boolean has(Variable variable, Piece original) {
            return pieces.contains(new Node(variable.object(), original.index()))
                    || original.isGlobal() && names.contains(original.name());
        }
    }

    private Used used() {
        Used used = new Used(new HashSet<>(), new HashSet<>());
        for (int object = 0; object < selection.objects().size(); object++) {
            for (List<Reference> references :
                    selection.objects().get(object).original().references()) {
                for (Reference reference : references) {
                    switch (reference.target()) {
                        case Reference.InPiece target -> used.pieces().add(new Node(object, target.pieceIndex()));
                        case Reference.Elsewhere target ->
                            used.names().add(target.symbol().name());
                        case Reference.Constant _, Reference.Nothing _ -> {}
                    }
                }
            }
        }
        return used;
    }

    private List<Refusal> judge(Set<Variable> whole) {
        functions = new Functions(selection, running);
        Set<Variable> variables = new LinkedHashSet<>();
        whole.forEach(variable -> variables.addAll(new SplitVariable(functions, variable).parts()));
        Set<Node> users = new LinkedHashSet<>();
        variables.forEach(variable -> users.addAll(functions.usersOf(variable)));
        Set<Node> nodes = functions.withAllUsers(users);
        variables.forEach(variable -> followed.put(variable, new FollowVariable(functions, variable, nodes)));
        Set<Variable> refused = new LinkedHashSet<>(variables);
        refused.removeIf(variable -> setters(variable).isEmpty());
        Set<Variable> sound = new LinkedHashSet<>(variables);
        sound.removeAll(refused);
        Set<Variable> filled = new LinkedHashSet<>(variables);
        filled.removeIf(variable -> followed.get(variable).readers().isEmpty()
                || new Pointees(functions, followed.get(variable)).writers().isEmpty());
        while (refused.removeIf(variable -> !filled.contains(variable)
                && sound.stream()
                        .filter(other -> Guard.holds(functions, followed.get(other), followed.get(variable)))
                        .findFirst()
                        .isPresent())) {
            sound.addAll(variables);
            sound.removeAll(refused);
        }
        Map<Piece, Refusal> refusals = new LinkedHashMap<>();
        refused.forEach(variable -> refusals.putIfAbsent(variable.piece(), refusal(variable)));
        return List.copyOf(refusals.values());
    }

    /** {@return who sets a variable that others rely on; empty if its first contents are right} */
    private List<Node> setters(Variable variable) {
        FollowVariable follow = followed.get(variable);
        JudgeUses judge = new JudgeUses(functions, follow);
        if (follow.readers().isEmpty() || judge.isWrittenBy(functions.hooks().before())) {
            return List.of();
        }
        List<Node> holders = functions.holdersOf(variable);
        if (!holders.isEmpty()) {
            return holders;
        }
        if (follow.isAlwaysAsAtFirst()) {
            return List.of();
        }
        List<Node> setters = judge.setters();
        return setters.isEmpty() && !judge.unanswered().isEmpty() ? judge.writers() : setters;
    }

    private Refusal refusal(Variable variable) {
        Comparison comparison = selection.objects().get(variable.object());
        Piece piece = variable.piece();
        String name = stem(piece.name());
        FollowVariable follow = followed.get(variable);
        boolean isNew = comparison.correlation().twinOfPatched(piece).isEmpty();
        List<String> setters = names(setters(variable));
        return new Refusal(
                comparison.name(),
                piece.name(),
                "variable `%s` (%d bytes) %s, %s read%s it, and it is set by %s, which may have run before and need not run again: until then it holds %s"
                        .formatted(
                                piece.name(),
                                piece.sizeBytes(),
                                isNew ? "is new" : "was not used so far",
                                list(names(follow.readers())),
                                names(follow.readers()).size() == 1 ? "s" : "",
                                list(setters),
                                piece.section().isNobits() ? "zeros" : "its first contents"),
                "%sOr set it where it is read, or give it the right first contents. If those it has are right until %s next, pass --accept-new-state '%s'."
                        .formatted(hook(variable), runs(setters), name));
    }

    private static String runs(List<String> setters) {
        return setters.size() == 1 ? "`%s` runs".formatted(setters.getFirst()) : "those run";
    }

    /** What is declared in a block has no name outside of it. */
    private static String hook(Variable variable) {
        String name = variable.piece().name();
        return !stem(name).equals(name)
                ? ""
                : ("Set it when the payload is loaded: add to the end of the source, behind #include <suture/hooks.h> (in Xen"
                                + " <xen/livepatch_payload.h>): static void set_%s(void) { %s = /* what it would hold now */; }"
                                + " LIVEPATCH_LOAD_HOOK(set_%s); ")
                        .formatted(name, name, name);
    }

    private List<String> names(Collection<Node> nodes) {
        return nodes.stream().map(functions::name).distinct().sorted().toList();
    }

    private static String list(List<String> names) {
        String shown = names.stream().limit(NAMES_SHOWN).map("`%s`"::formatted).collect(Collectors.joining(", "));
        return names.size() > NAMES_SHOWN ? "%s and %d more".formatted(shown, names.size() - NAMES_SHOWN) : shown;
    }

    private static String stem(String name) {
        return NUMBER.matcher(name).replaceFirst("");
    }
}
