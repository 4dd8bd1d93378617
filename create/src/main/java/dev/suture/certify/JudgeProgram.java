package dev.suture.certify;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.diff.SectionRole;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Judges each function and variable of a patched program: is it in the running one, is it in the payload, or nowhere?
 *
 * <p>What is new in the patched program needs to be in the payload only if something that runs refers to it, and then a
 * proof has found it there. A constant that is nowhere and that nothing refers to is the same: each function that does was
 * judged with it.
 */
final class JudgeProgram {
    /** What {@code xen.lds} makes arrays of that stay after boot: a new element would be missing in them. */
    private static final List<String> ARRAYS = List.of(".data.vpci.", ".data.schedulers", ".data.paramhypfs");

    private final Program program;
    private final RunningSystem system;
    private final PayloadContents payload;
    private final Replacements replacements;
    private final FindPlaces places;
    private final Prove prove;
    private final Judgement.Builder judgement = new Judgement.Builder();
    private final Set<PayloadContents.Replacement> used = new HashSet<>();
    private final List<Part> fresh = new ArrayList<>();
    private final Map<Part, Finding> notReplaced = new LinkedHashMap<>();
    /** Numbered variables that the payload has, by the places of those of the same name but for numbers. */
    private final Map<Set<Place>, List<Part>> copies = new HashMap<>();
    /** How many variables of the patched program have one of these places, or are such copies. */
    private final Map<Set<Place>, Integer> members = new HashMap<>();

    private JudgeProgram(Program program, RunningSystem system, Replacements replacements, Tolerance tolerance) {
        this.program = program;
        this.system = system;
        payload = system.certified();
        this.replacements = replacements;
        replacements.wrong().forEach(wrong -> judgement.extra(wrong.object(), wrong.name(), wrong.why()));
        used.addAll(replacements.nowhere());
        places = new FindPlaces(system, replacements);
        prove = new Prove(program, system, tolerance, places);
    }

    /**
     * What was found, and the proofs it rests on.
     *
     * @param notReplaced of what is missing those functions of which the payload has nothing
     */
    record Result(Judgement judgement, Prove prove, Map<Part, Finding> notReplaced) {}

    /**
     * Judges a program.
     *
     * @param system the linked program with the payload and those below it applied
     * @param replacements of that system
     */
    static Result judge(Program program, RunningSystem system, Replacements replacements, Tolerance tolerance) {
        JudgeProgram judge = new JudgeProgram(program, system, replacements, tolerance);
        judge.forEach(judge::judgeFunction, Piece.Kind.FUNCTION, Piece.Kind.ASSEMBLY);
        judge.judgeHooks();
        judge.forEach(judge::judgeVariable, Piece.Kind.DATA);
        judge.judgeCopies();
        judge.judgeFresh();
        judge.findUnused();
        return new Result(judge.judgement.build(), judge.prove, judge.notReplaced);
    }

    private interface Judge {
        void judge(Part part, ObjectPieces object, Piece piece);
    }

    private void forEach(Judge judge, Piece.Kind... kinds) {
        for (int index = 0; index < program.objects().size(); index++) {
            ObjectPieces object = program.objects().get(index);
            if (LibraryObjects.isLeftOut(program, object, system)) {
                continue;
            }
            for (Piece piece : object.pieces()) {
                boolean wanted = List.of(kinds).contains(piece.kind());
                if (wanted && piece.sizeBytes() > 0 && !Program.isThrownAway(piece)) {
                    judge.judge(new Part(index, piece.index()), object, piece);
                }
            }
        }
    }

    private void judgeFunction(Part part, ObjectPieces object, Piece piece) {
        judgement.countFunction();
        Set<Place> known = places.running(object, piece);
        if (known.isEmpty()) {
            fresh.add(part);
            return;
        }
        List<PayloadContents.Replacement> ofThis = known.stream()
                .flatMap(place -> replacements.certified(place).stream())
                .toList();
        String difference = "";
        for (PayloadContents.Replacement replacement : ofThis) {
            Proof proof = proveReplaced(part, replacement);
            if (proof.holds()) {
                judgeReplaced(part, object, piece, replacement, known);
                return;
            }
            difference = "the payload's replacement is not the patched function: " + proof.difference();
        }
        for (Place place : known) {
            Proof proof = proveRunning(part, place);
            if (proof.holds()) {
                judgeSame(object, piece, proof, replacements.certified(place));
                return;
            }
            difference = difference.isEmpty() ? proof.difference() : difference;
        }
        used.addAll(ofThis);
        if (Program.isOnlyForBoot(piece)) {
            judgement.bootOnly(object.name(), piece.name(), difference);
            return;
        }
        judgement.missing(object.name(), piece.name(), difference);
        boolean isAsLinked = known.stream()
                .allMatch(place -> place.isInImage() && replacements.now(place).isEmpty());
        if (ofThis.isEmpty() && isAsLinked) {
            notReplaced.put(part, new Finding(object.name(), piece.name(), difference));
        }
    }

    private Proof proveReplaced(Part part, PayloadContents.Replacement replacement) {
        return replacement
                .at()
                .map(at -> prove.prove(part, at))
                .orElseGet(() -> Proof.differs("the payload fills it with no-ops"));
    }

    /** {@return whether a function is what runs without the payload: the replacement of a payload below, or itself} */
    private Proof proveRunning(Part part, Place place) {
        return replacements
                .below(place)
                .map(replacement -> proveReplaced(part, replacement))
                .orElseGet(() -> prove.prove(part, place));
    }

    private void judgeReplaced(
            Part part, ObjectPieces object, Piece piece, PayloadContents.Replacement replacement, Set<Place> known) {
        used.add(replacement);
        boolean same = known.stream()
                .filter(place -> replacements
                        .certified(place)
                        .filter(replacement::equals)
                        .isPresent())
                .anyMatch(place -> proveRunning(part, place).holds());
        // Code that has to be somewhere in a cache line may have been there by chance.
        if (same && !CodePlacement.matters(object, piece)) {
            judgement.extra(
                    object.name(), piece.name(), "the payload replaces it, though the patch does not change it");
        } else {
            judgement.replaced(object.name(), replacement.name());
        }
    }

    private void judgeSame(
            ObjectPieces object, Piece piece, Proof proof, Optional<PayloadContents.Replacement> replacement) {
        if (replacement.isPresent()) {
            used.add(replacement.get());
            judgement.extra(
                    object.name(),
                    piece.name(),
                    "the payload replaces it by something else, though the patch does not change it");
        } else {
            judgement.same(object.name(), piece.name(), proof.onlyLineNumbers());
        }
    }

    private void judgeVariable(Part part, ObjectPieces object, Piece piece) {
        if (piece.role() == SectionRole.HOOKS) {
            return;
        }
        judgement.countVariable();
        Optional<Place> found = prove.placeOfVariable(part);
        if (found.filter(system::isCertified).isPresent()) {
            Set<Place> numbered = places.running(object, piece);
            if (numbered.isEmpty()) {
                judgement.brought(object.name(), piece.name());
            } else {
                copies.computeIfAbsent(numbered, addresses -> new ArrayList<>()).add(part);
                members.merge(numbered, 1, Integer::sum);
            }
            return;
        }
        Set<Place> known = found.map(Set::of).orElseGet(() -> places.running(object, piece));
        if (known.isEmpty()) {
            fresh.add(part);
            return;
        }
        members.merge(places.running(object, piece), 1, Integer::sum);
        String difference = "";
        for (Place place : known) {
            Proof proof = prove.prove(part, place);
            if (proof.holds()) {
                return;
            }
            difference = difference.isEmpty() ? proof.difference() : difference;
        }
        if (Program.isOnlyForBoot(piece)) {
            judgement.bootOnly(object.name(), piece.name(), difference);
        } else if (!piece.holdsState()) {
            fresh.add(part);
        } else if (system.payloads().stream().anyMatch(any -> !any.hooks().isEmpty())) {
            judgement.leftToHooks(object.name(), piece.name(), "its initial value changes: " + difference);
        } else {
            judgement.missing(object.name(), piece.name(), "its initial value changes: " + difference);
        }
    }

    /**
     * Of variables whose names differ in compilers' numbers alone, the payload may have as many as there are more than
     * before: any further one would begin anew what the running program has counted in its own.
     */
    private void judgeCopies() {
        copies.forEach((running, parts) -> {
            int more = members.get(running) - running.size();
            for (Part part : parts) {
                String object = program.object(part).name();
                String name = program.piece(part).name();
                if (parts.size() <= more) {
                    judgement.brought(object, name);
                } else {
                    judgement.missing(object, name, "the payload has a copy of its own of a variable that there is");
                }
            }
        });
    }

    /** Each hook of the payload is one of the patched program that no payload below has, and the other way round. */
    private void judgeHooks() {
        List<PayloadContents.Hook> left = new ArrayList<>();
        system.payloads().forEach(any -> left.addAll(any.hooks()));
        forEach(
                (part, object, piece) -> {
                    if (piece.role() == SectionRole.HOOKS) {
                        judgeHook(part, object, piece, left);
                    }
                },
                Piece.Kind.DATA,
                Piece.Kind.NAMELESS_DATA);
        left.stream()
                .filter(hook -> system.isCertified(hook.function()))
                .forEach(hook -> judgement.extra("", hook.section(), "the patched program has no such hook"));
    }

    private void judgeHook(Part part, ObjectPieces object, Piece piece, List<PayloadContents.Hook> left) {
        for (Reference reference : object.references(piece)) {
            Optional<Part> function = function(part, reference);
            Optional<PayloadContents.Hook> found = left.stream()
                    .filter(hook -> hook.section().equals(piece.section().name()))
                    .filter(hook -> function.filter(wanted ->
                                    prove.prove(wanted, hook.function()).holds())
                            .isPresent())
                    .findFirst();
            found.ifPresentOrElse(
                    hook -> {
                        left.remove(hook);
                        if (system.isCertified(hook.function())) {
                            judgement.hook(
                                    piece.section().name(),
                                    program.piece(function.get()).name());
                        }
                    },
                    () -> judgement.missing(object.name(), piece.name(), "it is a hook of the patch"));
        }
    }

    private Optional<Part> function(Part user, Reference reference) {
        return switch (reference.target()) {
            case Reference.InPiece target -> Optional.of(new Part(user.object(), target.pieceIndex()));
            case Reference.Elsewhere target ->
                program.global(target.symbol().name()).map(Program.Definition::part);
            case Reference.Nothing _, Reference.Constant _ -> Optional.empty();
        };
    }

    /** What the running program has not, or not as the patch wants it. */
    private void judgeFresh() {
        Set<Part> brought = new HashSet<>();
        Set<Part> broughtBelow = new HashSet<>();
        prove.proved().stream()
                .filter(claim -> !claim.at().isInImage())
                .forEach(claim -> (system.isCertified(claim.at()) ? brought : broughtBelow).add(claim.part()));
        for (Part part : fresh) {
            ObjectPieces object = program.object(part);
            Piece piece = program.piece(part);
            if (brought.contains(part)) {
                judgement.brought(object.name(), piece.name());
            } else if (broughtBelow.contains(part)) {
                countRunning(object, piece);
            } else if (Program.isOnlyForBoot(piece)) {
                judgement.bootOnly(object.name(), piece.name(), "it is new or changed");
            } else if (ARRAYS.stream().anyMatch(piece.section().name()::startsWith)) {
                judgement.missing(
                        object.name(),
                        piece.name(),
                        "it would be an element of an array that the linker made (%s)"
                                .formatted(piece.section().name()));
            } else {
                judgement.notReached(object.name(), piece.name());
            }
        }
    }

    private void countRunning(ObjectPieces object, Piece piece) {
        if (piece.isCode()) {
            judgement.same(object.name(), piece.name(), false);
        }
    }

    private void findUnused() {
        for (PayloadContents.Replacement replacement : payload.functions()) {
            if (!used.contains(replacement)) {
                judgement.extra("", replacement.name(), "the patched program has no such function");
            }
        }
    }
}
