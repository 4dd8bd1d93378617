package dev.suture.diff;

import dev.suture.Refusal;
import dev.suture.diff.Comparison.Status;
import dev.suture.diff.Piece.Kind;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.Destination;
import dev.suture.diff.Selection.InPayload;
import dev.suture.diff.Selection.LeftOut;
import dev.suture.diff.Selection.LeftOut.Cause;
import dev.suture.diff.Selection.PieceId;
import dev.suture.diff.Selection.Why;
import dev.suture.elf.Elf;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Decides what goes into the payload.
 *
 * <p>The roots are the functions that changed, the functions that use a constant which changed, and hooks. From them
 * every reference is followed: what the running target has is referred to there ({@link Destinations}), everything else
 * comes along. Each changed thing is accounted for: it goes in, it is left out for a reason, or it is refused; what this
 * program does not understand is refused.
 *
 * <p>For example, a patch changes {@code f}, which now calls a new static function {@code g} that prints a string, and
 * still writes {@code count}. In go {@code f} (it changed), {@code g} (new, called by {@code f}) and the string (used by
 * {@code g}); {@code count} is the running target's.
 */
public final class Select {
    private final List<Comparison> objects;
    private final TargetTraits traits;
    private final Map<PieceId, String> unchangedInSource;
    private final Map<String, String> replacedGlobals = new HashMap<>();
    private final Map<PieceId, Chosen> chosen = new TreeMap<>();
    private final ArrayDeque<PieceId> unfollowed = new ArrayDeque<>();
    private final List<LeftOut> leftOut = new ArrayList<>();
    private final Set<Refusal> refusals = new LinkedHashSet<>();
    private final Set<PieceId> replacedConstants = new HashSet<>();
    private final Map<PieceId, String> replacedAnyway = new HashMap<>();
    private final Map<Integer, UsersOfPieces> users = new HashMap<>();
    private final Destinations destinations;

    private Select(
            List<Comparison> objects,
            TargetTraits traits,
            Map<PieceId, String> unchangedInSource,
            Map<PieceId, String> replacedAnyway) {
        this.objects = objects;
        this.traits = traits;
        this.unchangedInSource = unchangedInSource;
        this.replacedAnyway.putAll(replacedAnyway);
        destinations = new Destinations(objects, replacedConstants, traits);
    }

    /** Decides what goes into a payload for a hypervisor. */
    public static Selection select(List<Comparison> objects) {
        return select(objects, TargetTraits.HYPERVISOR);
    }

    /**
     * Decides what goes into the payload.
     *
     * @param objects all objects of the patch
     * @param traits what is special about the target
     * @return what was decided, with reasons
     */
    public static Selection select(List<Comparison> objects, TargetTraits traits) {
        return select(objects, traits, Map.of(), Map.of());
    }

    /**
     * Decides what goes into the payload.
     *
     * @param objects all objects of the patch
     * @param traits what is special about the target
     * @param unchangedInSource functions whose code differs and which the running target may keep all the same, each with
     *     the reason; what this pass has another reason to replace is replaced all the same
     * @param replacedAnyway functions that are to be replaced though their code is the same, each with the reason
     * @return what was decided, with reasons
     */
    public static Selection select(
            List<Comparison> objects,
            TargetTraits traits,
            Map<PieceId, String> unchangedInSource,
            Map<PieceId, String> replacedAnyway) {
        Select select = new Select(objects, traits, unchangedInSource, replacedAnyway);
        for (int object = 0; object < objects.size(); object++) {
            select.replaceConstants(object);
        }
        for (int object = 0; object < objects.size(); object++) {
            select.chooseRoots(object);
        }
        select.follow();
        VariablesSetAtBoot.Found atBoot = VariablesSetAtBoot.find(objects, select.chosen.values(), select::users);
        select.leftOut.addAll(atBoot.leftOut());
        select.refusals.addAll(atBoot.refusals());
        select.refusals.addAll(NewState.find(objects, select.chosen.values(), traits));
        return new Selection(
                objects,
                List.copyOf(select.chosen.values()),
                select.leftOut.stream().distinct().toList(),
                List.copyOf(select.refusals));
    }

    /** {@return where the references of the pieces of a hypervisor's selection lead} */
    public static Destinations destinations(Selection selection) {
        return destinations(selection, TargetTraits.HYPERVISOR);
    }

    /** {@return where the references of a selection's pieces lead} */
    public static Destinations destinations(Selection selection, TargetTraits traits) {
        Set<PieceId> constants = new HashSet<>();
        for (Chosen chosen : selection.chosen()) {
            if (chosen.piece().kind() == Kind.DATA && chosen.original().isPresent()) {
                constants.add(chosen.id());
            }
        }
        return new Destinations(selection.objects(), constants, traits);
    }

    private void replaceConstants(int object) {
        ReplaceConstants.Found found = ReplaceConstants.find(object, objects.get(object), users(object), traits);
        replacedConstants.addAll(found.constants());
        replacedAnyway.putAll(found.functions());
        refusals.addAll(found.refusals());
    }

    private UsersOfPieces users(int object) {
        return users.computeIfAbsent(
                object, index -> UsersOfPieces.of(objects.get(index).patched()));
    }

    private void chooseRoots(int object) {
        Comparison comparison = objects.get(object);
        for (Piece piece : comparison.patched().pieces()) {
            PieceId id = new PieceId(object, piece.index());
            switch (piece.kind()) {
                case FUNCTION -> chooseFunction(id, piece, comparison);
                case DATA -> chooseData(id, piece, comparison);
                case ASSEMBLY -> judgeAssembly(piece, comparison);
                case NAMELESS_DATA -> judgeNamelessData(id, piece, comparison);
                case FRAGMENT, STRING, CONSTANT, SPECIAL_ENTRY -> {}
            }
        }
        if (comparison.removed().stream().anyMatch(piece -> piece.kind() == Kind.DATA)) {
            UsersOfPieces usersInOriginal = UsersOfPieces.of(comparison.original());
            comparison.removed().stream()
                    .filter(piece -> isGathered(usersInOriginal, piece))
                    .forEach(piece -> refusals.add(Refusals.gathered(comparison.name(), piece, "is removed")));
        }
    }

    private void chooseFunction(PieceId id, Piece piece, Comparison comparison) {
        Status status = comparison.status(piece);
        if (StartCode.isOver(comparison, piece, traits, users(id.object()))) {
            if (status == Status.CHANGED || status == Status.NEW) {
                leftOut.add(atStart(comparison, piece, "it runs only " + traits.atStart()));
            }
            return;
        }
        String alsoIn = piece.isGlobal() && status == Status.CHANGED
                ? replacedGlobals.putIfAbsent(piece.name(), comparison.name())
                : null;
        if (alsoIn != null) {
            // A function of several objects, as inline functions of C++ are: the linker kept one of them.
            return;
        }
        Optional<Piece> twin = comparison.correlation().twinOfPatched(piece);
        String user = replacedAnyway.get(id);
        switch (status) {
            case CHANGED -> {
                String reason = comparison.difference(piece).get().what();
                if (unchangedInSource.containsKey(id)) {
                    leftOut.add(new LeftOut(
                            comparison.name(),
                            piece.name(),
                            Cause.RUNS_RIGHT,
                            reason + "; " + unchangedInSource.get(id)));
                } else {
                    replace(id, piece, twin, reason);
                }
            }
            case ONLY_LINE_NUMBERS -> {
                if (user == null) {
                    leftOut.add(new LeftOut(
                            comparison.name(),
                            piece.name(),
                            Cause.LINE_NUMBERS,
                            comparison.difference(piece).get().what()));
                }
            }
            case NEW ->
                movedFrom(piece)
                        .ifPresent(from -> replace(
                                id,
                                piece,
                                Optional.of(from.piece()),
                                "it moved here from %s".formatted(from.object())));
            case SAME, UNNAMED -> {}
        }
        if (user != null && twin.isPresent() && !chosen.containsKey(id)) {
            replace(id, piece, twin, user);
        }
    }

    private static LeftOut atStart(Comparison comparison, Piece piece, String why) {
        return new LeftOut(comparison.name(), piece.name(), Cause.AT_START, why);
    }

    private record MovedFrom(String object, Piece piece) {}

    /** {@return where a global function was before, if the patch moved it from one object to another} */
    private Optional<MovedFrom> movedFrom(Piece piece) {
        if (!piece.isGlobal()) {
            return Optional.empty();
        }
        String name = piece.name();
        for (Comparison other : objects) {
            for (Piece removed : other.removed()) {
                if (removed.kind() == Kind.FUNCTION
                        && removed.role() == SectionRole.CODE
                        && removed.isGlobal()
                        && removed.name().equals(name)) {
                    return Optional.of(new MovedFrom(other.name(), removed));
                }
            }
        }
        return Optional.empty();
    }

    private void replace(PieceId id, Piece piece, Optional<Piece> original, String reason) {
        Comparison comparison = objects.get(id.object());
        if (isEntryCode(original.get())) {
            refusals.add(Refusals.entryCode(comparison.name(), piece));
        }
        JumpRoom.refusal(comparison, original.get()).ifPresent(refusals::add);
        JumpRoom.selfContained(comparison, piece).ifPresent(refusals::add);
        choose(new Chosen(id, piece, Why.REPLACED, original, reason));
    }

    private void chooseData(PieceId id, Piece piece, Comparison comparison) {
        Optional<Piece> twin = comparison.correlation().twinOfPatched(piece);
        if (piece.role() == SectionRole.HOOKS) {
            choose(new Chosen(
                    id,
                    piece,
                    Why.HOOK,
                    Optional.empty(),
                    "it is in " + piece.section().name()));
            return;
        }
        if (twin.isPresent() && twin.get().role() != piece.role()) {
            refusals.add(Refusals.moved(comparison.name(), twin.get(), piece));
            return;
        }
        Status change = comparison.status(piece);
        if ((change == Status.NEW || change == Status.CHANGED) && isGathered(users(id.object()), piece)) {
            String what = change == Status.NEW ? "is new" : "changed";
            refusals.add(Refusals.gathered(comparison.name(), piece, what));
            return;
        }
        if (piece.role() == SectionRole.INIT) {
            Status status = comparison.status(piece);
            if (status == Status.CHANGED || status == Status.NEW) {
                leftOut.add(atStart(comparison, piece, "it is used only " + traits.atStart()));
            }
        } else if (comparison.status(piece) == Status.CHANGED && piece.role() != SectionRole.READ_ONLY) {
            refusals.add(Refusals.changedData(
                    comparison.name(),
                    twin.get(),
                    piece,
                    comparison.difference(piece).get()));
        } else if (comparison.status(piece) == Status.NEW) {
            judgeMovedData(id, piece, comparison);
        }
    }

    /** A variable that the patch moved here from another object stays where the running target has it. */
    private void judgeMovedData(PieceId id, Piece piece, Comparison comparison) {
        destinations
                .originalElsewhere(id.object(), piece)
                .filter(before -> !Compare.sameBytes(before.object(), before.piece(), comparison.patched(), piece))
                .ifPresent(before -> refusals.add(Refusals.movedAndChanged(
                        comparison.name(), piece, before.object().name())));
    }

    /**
     * {@return whether nobody can refer to a variable that was put into a section: for a table that the linker makes of a
     * section's entries from all objects}
     */
    private static boolean isGathered(UsersOfPieces users, Piece piece) {
        return piece.kind() == Kind.DATA
                && !piece.isGlobal()
                && (piece.role() == SectionRole.DATA || piece.role() == SectionRole.READ_ONLY)
                && !SectionRole.isCompilersOwn(piece.section(), piece.name())
                && users.direct(piece).isEmpty();
    }

    private void judgeAssembly(Piece piece, Comparison comparison) {
        Status status = comparison.status(piece);
        boolean differs = status == Status.CHANGED || status == Status.ONLY_LINE_NUMBERS || status == Status.NEW;
        if (!differs) {
            return;
        }
        if (piece.role() == SectionRole.INIT) {
            leftOut.add(atStart(comparison, piece, "it runs only " + traits.atStart()));
        } else if (isEntryCode(piece)) {
            refusals.add(Refusals.entryCode(comparison.name(), piece));
        } else if (!comparison.original().pieces().isEmpty()) {
            refusals.add(Refusals.assembly(comparison.name(), piece));
        }
    }

    /**
     * {@return whether code is in the section that is mapped in the page tables of guests too}
     *
     * @see "Xen xen/arch/x86/smpboot.c, setup_cpu_root_pgt()"
     */
    private static boolean isEntryCode(Piece piece) {
        return piece.section().name().equals(".text.entry");
    }

    /** Nameless data is judged by those who use it; what nobody is seen to use cannot be judged. */
    private void judgeNamelessData(PieceId id, Piece piece, Comparison comparison) {
        boolean differs = comparison.status(piece) == Status.CHANGED || comparison.status(piece) == Status.NEW;
        if (!differs || comparison.original().pieces().isEmpty()) {
            return;
        }
        boolean writable = piece.role() == SectionRole.DATA || piece.role() == SectionRole.PER_CPU;
        if (piece.role() == SectionRole.INIT) {
            leftOut.add(atStart(comparison, piece, "it is used only " + traits.atStart()));
        } else if (writable || users(id.object()).accountable(piece).isEmpty()) {
            refusals.add(Refusals.namelessData(comparison.name(), piece));
        }
    }

    private void choose(Chosen piece) {
        if (chosen.putIfAbsent(piece.id(), piece) == null) {
            unfollowed.add(piece.id());
        }
    }

    /** Follows the references of everything chosen until nothing new turns up. */
    private void follow() {
        while (!unfollowed.isEmpty()) {
            PieceId id = unfollowed.remove();
            Comparison comparison = objects.get(id.object());
            Piece piece = comparison.patched().pieces().get(id.piece());
            for (Piece entry : comparison.patched().attachments(piece)) {
                takeEntry(id, piece, entry, comparison);
            }
            for (Reference reference : comparison.patched().references(piece)) {
                checkState(id.object(), piece, reference);
                Destination destination = destinations.of(id.object(), piece, reference);
                if (destination instanceof InPayload inPayload) {
                    bringAlong(inPayload.id(), piece);
                }
            }
        }
    }

    /**
     * Refuses to rely on a guess: which static local of the running target is meant must be certain, or the payload would
     * use another one, or a new one in its place.
     */
    private void checkState(int object, Piece user, Reference reference) {
        Comparison comparison = objects.get(object);
        if (!(reference.target() instanceof Reference.InPiece target)) {
            return;
        }
        Piece used = comparison.patched().pieces().get(target.pieceIndex());
        if (used.holdsState() && !StaticState.isCertain(comparison, used, users(object))) {
            refusals.add(Refusals.uncertainState(comparison.name(), used, user));
        }
    }

    private void takeEntry(PieceId owner, Piece piece, Piece entry, Comparison comparison) {
        if (entry.section().name().equals(".ex_table.pre")) {
            refusals.add(Refusals.earlyTable(
                    comparison.name(), piece, entry.section().name()));
        }
        choose(new Chosen(
                new PieceId(owner.object(), entry.index()),
                entry,
                Why.ENTRY,
                Optional.empty(),
                "it is about `%s`".formatted(piece.name())));
    }

    private void bringAlong(PieceId id, Piece user) {
        if (chosen.containsKey(id)) {
            return;
        }
        Comparison comparison = objects.get(id.object());
        Piece piece = comparison.patched().pieces().get(id.piece());
        Optional<Piece> twin = comparison.correlation().twinOfPatched(piece);
        String usedBy = "`%s` uses it".formatted(user.name());
        // What is refused is chosen all the same, so that whatever else is wrong is found in the same run.
        if (piece.role() == SectionRole.PER_CPU) {
            refusals.add(Refusals.perCpu(comparison.name(), piece));
        } else if (piece.role() == SectionRole.THREAD_LOCAL) {
            refusals.add(Refusals.threadLocal(comparison.name(), piece));
        } else if (piece.kind() == Kind.ASSEMBLY) {
            refusals.add(Refusals.assembly(comparison.name(), piece));
        } else if (piece.kind() == Kind.NAMELESS_DATA
                && piece.section().has(Elf.SHF_WRITE)
                && piece.role() != SectionRole.READ_ONLY) {
            refusals.add(Refusals.namelessData(comparison.name(), piece));
        }
        if (piece.kind() == Kind.FUNCTION && twin.isPresent()) {
            // Somebody else's inside is referred to: the whole function has to be the new one, then.
            replace(id, piece, twin, usedBy);
        } else if (piece.kind() == Kind.DATA && twin.isPresent()) {
            choose(new Chosen(id, piece, Why.COPY, twin, "its contents changed, and " + usedBy));
        } else {
            Why why = piece.kind() == Kind.FUNCTION || piece.kind() == Kind.DATA ? Why.NEW : Why.COPY;
            JumpRoom.selfContained(comparison, piece).ifPresent(refusals::add);
            choose(new Chosen(id, piece, why, Optional.empty(), usedBy));
        }
    }
}
