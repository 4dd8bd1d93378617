package dev.suture.diff;

import dev.suture.Refusal;
import dev.suture.diff.Piece.Kind;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.Why;
import dev.suture.dwarf.VariablesWithoutPlace;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Finds new variables that come in the place of one which the running target has.
 *
 * <p>A patch renames {@code calls} to {@code n_calls}: {@code f}, which counted in the one, counts in the other, and what
 * was counted is lost. Nothing tells a renamed variable from one that is meant to begin anew, so it is the author who has
 * to. A new variable is in the place of an old one if nobody uses the old one any more and a function that used it uses the
 * new one, or functions that are new themselves use it and both have the same size in the same kind of section. One of
 * another object is if it is like it and has its name.
 */
final class NewState {
    private final List<Comparison> objects;
    private final TargetTraits traits;
    private final Map<ObjectPieces, UsersOfPieces> users = new IdentityHashMap<>();
    private final Set<Refusal> refusals = new LinkedHashSet<>();

    private NewState(List<Comparison> objects, TargetTraits traits) {
        this.objects = objects;
        this.traits = traits;
    }

    /** {@return why new variables cannot go live} */
    static Set<Refusal> find(List<Comparison> objects, Collection<Chosen> chosen, TargetTraits traits) {
        NewState pass = new NewState(objects, traits);
        chosen.stream()
                .filter(piece -> piece.why() == Why.NEW
                        && piece.piece().holdsState()
                        && piece.piece().isNamed())
                .forEach(pass::judge);
        for (int object = 0; object < objects.size(); object++) {
            pass.findBuiltIn(object, chosen);
        }
        return pass.refusals;
    }

    /**
     * A variable that the patch leaves without anybody who writes it is none in the patched program: whoever reads it has
     * its first value built in. What the running one holds is another.
     */
    private void findBuiltIn(int object, Collection<Chosen> chosen) {
        Comparison comparison = objects.get(object);
        Set<String> replaced = chosen.stream()
                .filter(piece -> piece.id().object() == object && piece.why() == Why.REPLACED)
                .flatMap(piece -> piece.original().stream())
                .map(Piece::name)
                .collect(Collectors.toSet());
        List<Piece> gone = comparison.removed().stream()
                .filter(piece -> piece.holdsState() && piece.isNamed() && !BlockVariables.isOne(piece))
                .filter(piece -> !traits.acceptedNewState().contains(piece.name()))
                .filter(piece -> !Collections.disjoint(functions(comparison.original(), piece), replaced))
                .toList();
        boolean isKnown = comparison.patched().elf().section(".debug_info").isPresent();
        if (gone.isEmpty() || !isKnown || comparison.patched().pieces().isEmpty()) {
            return;
        }
        Set<String> withoutPlace =
                VariablesWithoutPlace.names(comparison.patched().elf());
        gone.stream()
                .filter(piece -> withoutPlace.contains(piece.name()))
                .forEach(piece -> refusals.add(
                        Refusals.builtIn(comparison.name(), piece, functions(comparison.original(), piece))));
    }

    private void judge(Chosen chosen) {
        Comparison comparison = objects.get(chosen.id().object());
        Piece variable = chosen.piece();
        boolean isAccepted = traits.acceptedNewState().contains(variable.name())
                || traits.acceptedNewState().contains(Names.stem(variable.name()));
        if (!isAccepted) {
            fellows(comparison, variable).stream()
                    .findFirst()
                    .ifPresent(fellow -> refusals.add(Refusals.startsAnew(
                            comparison.name(), variable, fellow, functions(comparison.patched(), variable))));
        }
    }

    /** {@return the variables of the running target that lose their users to a new one} */
    private List<Piece> fellows(Comparison comparison, Piece variable) {
        Set<String> usersNow = functions(comparison.patched(), variable);
        boolean usersAreNew = usersNow.stream()
                .allMatch(user -> comparison.original().named(user).isEmpty());
        List<Piece> found = new ArrayList<>();
        for (Comparison object : objects) {
            for (Piece old : object.original().pieces()) {
                if (!old.isNamed() || !old.holdsState()) {
                    continue;
                }
                Set<String> usersBefore = functions(object.original(), old);
                boolean alike = old.sizeBytes() == variable.sizeBytes() && old.role() == variable.role();
                boolean sameUser = !Collections.disjoint(usersBefore, usersNow);
                // Many functions have an `n` of their own.
                boolean moved = alike
                        && Names.stem(old.name()).equals(Names.stem(variable.name()))
                        && (sameUser || !BlockVariables.isOne(old));
                boolean inItsPlace = object == comparison ? sameUser || alike && usersAreNew : moved;
                if (inItsPlace && !usersBefore.isEmpty() && losesItsUsers(object, old)) {
                    found.add(old);
                }
            }
        }
        return found;
    }

    /** Who uses a variable that all can see is known only as far as the patch reaches. */
    private boolean losesItsUsers(Comparison object, Piece old) {
        Optional<Piece> now = object.correlation().twinOfOriginal(old);
        return now.isEmpty()
                || !now.get().isGlobal()
                        && functions(object.patched(), now.get()).isEmpty();
    }

    private Set<String> functions(ObjectPieces object, Piece variable) {
        Set<String> functions =
                new TreeSet<>(users.computeIfAbsent(object, UsersOfPieces::of).functions(variable));
        if (variable.isGlobal()) {
            for (Comparison other : objects) {
                functions.addAll(usersByName(isOriginal(object) ? other.original() : other.patched(), variable.name()));
            }
        }
        return functions;
    }

    private boolean isOriginal(ObjectPieces object) {
        return objects.stream().anyMatch(other -> other.original() == object);
    }

    private static Set<String> usersByName(ObjectPieces object, String name) {
        Set<String> functions = new TreeSet<>();
        for (Piece piece : object.pieces()) {
            boolean uses = piece.kind() == Kind.FUNCTION
                    && object.references(piece).stream()
                            .anyMatch(reference -> reference.target() instanceof Reference.Elsewhere elsewhere
                                    && elsewhere.symbol().name().equals(name));
            if (uses) {
                functions.add(piece.name());
            }
        }
        return functions;
    }
}
