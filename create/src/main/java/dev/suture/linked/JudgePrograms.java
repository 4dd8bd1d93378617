package dev.suture.linked;

import dev.suture.build.ObjectPair;
import dev.suture.diff.Names;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.SectionRole;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.SplitObject;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import dev.suture.linked.PayloadFile.Replacement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Judges each function and variable of the patched program: does it run already, is it in the payload, or nowhere?
 *
 * <p>Only the objects that differ between the two linked programs are looked at piece by piece. The others are the same
 * files in both; what they refer to by name is compared in {@link CompareFrames}.
 */
public final class JudgePrograms {
    private final ProveRequest request;
    private final Side original;
    private final Side patched;
    private final PayloadFile payload;
    private final ComparePieces compare;
    private final Below below;
    private final ProvePayload prove;
    private final Map<String, Replacement> replacements = new HashMap<>();
    private final Set<Replacement> used = new HashSet<>();

    private final Set<Finding> missing = new LinkedHashSet<>();
    private final List<Finding> extra = new ArrayList<>();
    private final Set<String> replaced = new TreeSet<>();
    private final List<Finding> leftToHooks = new ArrayList<>();
    private final JudgeLeft left;
    private Optional<Set<Part>> hooked = Optional.empty();
    private int functions;
    private int same;

    private JudgePrograms(ProveRequest request) {
        this.request = request;
        List<ObjectPair> pairs = new ArrayList<>(request.pairs());
        pairs.addAll(request.below().earlier());
        original = side(ElfFile.read(request.links().original()), pairs, true);
        patched = side(ElfFile.read(request.links().patched()), pairs, false);
        payload = new PayloadFile(request.payload());
        payload.replacements().forEach(one -> replacements.put(one.name(), one));
        compare = new ComparePieces(original, patched, this::isReplaced);
        below = new Below(
                request.below().payloads(),
                request.below().names(),
                request.below().left().keySet(),
                original,
                request.image());
        prove = new ProvePayload(payload, original, patched, compare, request.image(), below);
        left = new JudgeLeft(request, original, payload, prove);
    }

    private static Side side(ElfFile linked, List<ObjectPair> pairs, boolean before) {
        List<ObjectPieces> objects = new ArrayList<>();
        for (ObjectPair pair : pairs) {
            (before ? pair.original() : pair.patched())
                    .ifPresent(file ->
                            objects.add(SplitObject.split(pair.name(), ElfFile.read(file), SpecialSections.process())));
        }
        return new Side(new LinkedFile(linked), objects);
    }

    /** {@return what was proved, and what not} */
    public static LinkedProof judge(ProveRequest request) {
        return new JudgePrograms(request).judge();
    }

    private LinkedProof judge() {
        missing.addAll(Baseline.differences(
                request.image(), ElfFile.read(request.links().built()), request.asLinked()));
        request.links()
                .otherInputs()
                .forEach(input ->
                        missing.add(new Finding("", input, "it goes into the link, and is another with the patch")));
        UsersElsewhere users = new UsersElsewhere(request.links(), request.pairs());
        missing.addAll(new CompareFrames(original, patched, request.links(), compare, users).compare());
        forEach(patched, this::checkFound);
        forEach(original, this::checkFound);
        forEach(original, this::checkStillThere);
        forEach(patched, this::judge);
        compareNameless();
        missing.addAll(new SharedCode(request.image(), patched, payload, prove).judge());
        payload.odd().forEach(what -> extra.add(new Finding("", "", what)));
        for (Replacement replacement : payload.replacements()) {
            if (!used.contains(replacement)) {
                extra.add(new Finding("", replacement.name(), "the patched program has no such function"));
            }
        }
        ProveHooks.Result hooks = ProveHooks.check(
                payload,
                patched,
                prove,
                request.below().earlier().stream().map(ObjectPair::name).collect(Collectors.toSet()));
        missing.addAll(hooks.missing());
        extra.addAll(hooks.extra());
        ProveUnwinding.Result unwinding = ProveUnwinding.check(payload, prove);
        missing.addAll(unwinding.missing());
        extra.addAll(unwinding.extra());
        extra.addAll(FindUnaccounted.find(payload, prove));
        JudgeLeft.Result judged = left.judge();
        missing.addAll(judged.missing());
        return new LinkedProof(
                List.copyOf(missing),
                extra,
                List.copyOf(replaced),
                brought(),
                hooks.hooks(),
                judged.startOnly(),
                judged.unchangedInSource(),
                leftToHooks,
                unproved(judged),
                List.copyOf(prove.byNumber()),
                functions,
                same);
    }

    /** What a payload below left as it ran is not what the program with its patches has. */
    private List<Finding> unproved(JudgeLeft.Result judged) {
        List<Finding> unproved = new ArrayList<>(judged.unproved());
        unproved.addAll(below.onTheirWord());
        forEach(
                patched,
                (side, part) -> part.keys().stream()
                        .filter(key -> request.below().left().containsKey(key) && !replacements.containsKey(key))
                        .findFirst()
                        .ifPresent(key -> unproved.add(new Finding(
                                part.object().name(),
                                part.name(),
                                "a payload below left it as it ran: "
                                        + request.below().left().get(key)))));
        return unproved;
    }

    private List<String> brought() {
        return prove.proved().stream()
                .filter(claim -> original.linked(claim.part().name()).isEmpty()
                        && claim.part().piece().isNamed()
                        && !replaced.contains(claim.part().name()))
                .map(claim -> claim.part().name())
                .distinct()
                .sorted()
                .toList();
    }

    /** Assembly without a name is reached by what stands before it, or by labels that no object keeps. */
    private void compareNameless() {
        for (ObjectPieces object : patched.objects()) {
            List<Part> after = nameless(object);
            List<Part> before =
                    original.object(object.name()).map(JudgePrograms::nameless).orElse(List.of());
            boolean isNew = original.object(object.name()).isEmpty();
            boolean same = before.size() == after.size();
            for (int i = 0; same && i < after.size(); i++) {
                same = compare.difference(before.get(i), after.get(i)).isEmpty();
            }
            if (!same && !isNew) {
                missing.add(new Finding(
                        object.name(),
                        "",
                        "it has code without a name, which the patch changes and the payload does not"));
            }
        }
    }

    private static List<Part> nameless(ObjectPieces object) {
        return object.pieces().stream()
                .filter(piece ->
                        piece.kind() == Piece.Kind.ASSEMBLY && piece.symbols().isEmpty() && piece.sizeBytes() > 0)
                .map(piece -> new Part(object, piece))
                .toList();
    }

    private interface Judge {
        void judge(Side side, Part part);
    }

    private static void forEach(Side side, Judge judge) {
        for (ObjectPieces object : side.objects()) {
            for (Piece piece : object.pieces()) {
                if (piece.sizeBytes() > 0) {
                    judge.judge(side, new Part(object, piece));
                }
            }
        }
    }

    private void miss(Part part, String what) {
        missing.add(new Finding(part.object().name(), part.name(), what));
    }

    /** What the linker put elsewhere or rewrote in a way that is not known must not be taken for left out. */
    private void checkFound(Side side, Part part) {
        boolean judged = switch (part.piece().kind()) {
            case FUNCTION, ASSEMBLY, FRAGMENT, DATA -> true;
            case STRING, CONSTANT, NAMELESS_DATA, SPECIAL_ENTRY -> false;
        };
        if (!judged || side.candidates(part).isEmpty() || !side.addresses(part).isEmpty()) {
            return;
        }
        boolean oneOfSeveral = part.piece().symbols().stream()
                .anyMatch(symbol -> symbol.binding() == Elf.STB_WEAK || symbol.binding() == Elf.STB_GNU_UNIQUE);
        boolean elsewhere =
                part.keys().stream().anyMatch(key -> !side.linked(key).isEmpty());
        if (!oneOfSeveral && !elsewhere && !isLocalOfSharedCode(part)) {
            miss(part, "what the linker made of it cannot be told");
        }
    }

    /** The cold half of a function of which another object's copy was taken is local, and is left out with it. */
    private static boolean isLocalOfSharedCode(Part part) {
        return part.piece().section().has(Elf.SHF_GROUP);
    }

    /** {@return what the payload puts in the place of a function} */
    private Optional<Replacement> replacementOf(Part part) {
        return part.keys().stream()
                .map(replacements::get)
                .filter(java.util.Objects::nonNull)
                .findFirst()
                .or(() -> compareName(part).map(replacements::get));
    }

    private Optional<String> compareName(Part part) {
        return twins(part).stream()
                .flatMap(twin -> twin.keys().stream())
                .filter(replacements::containsKey)
                .findFirst();
    }

    private boolean isReplaced(Part part) {
        return replacementOf(part).isPresent();
    }

    /** {@return what of the original program has its name, or the name but for a compiler's number} */
    private List<Part> twins(Part part) {
        List<Part> twins = new ArrayList<>();
        original.object(part.object().name())
                .ifPresent(object -> object.pieces().stream()
                        .map(piece -> new Part(object, piece))
                        .filter(twin -> twin.piece().kind() == part.piece().kind() && sharesName(twin, part))
                        .forEach(twins::add));
        if (twins.isEmpty()) {
            part.keys().forEach(key -> twins.addAll(original.linked(key)));
        }
        if (twins.isEmpty() && Names.isNumbered(part.name())) {
            original.object(part.object().name())
                    .ifPresent(object -> object.pieces().stream()
                            .map(piece -> new Part(object, piece))
                            .filter(twin -> twin.piece().kind() == part.piece().kind()
                                    && Names.stem(twin.name()).equals(Names.stem(part.name())))
                            .forEach(twins::add));
        }
        return twins;
    }

    private static boolean sharesName(Part one, Part other) {
        return one.keys().stream().anyMatch(other.keys()::contains);
    }

    private void judge(Side side, Part part) {
        boolean linked = !side.addresses(part).isEmpty();
        switch (part.piece().kind()) {
            case FUNCTION, ASSEMBLY -> {
                if (linked) {
                    judgeFunction(part);
                }
            }
            case DATA -> {
                if (part.isVariable() && linked) {
                    judgeVariable(part);
                }
            }
            case FRAGMENT, STRING, CONSTANT, NAMELESS_DATA, SPECIAL_ENTRY -> {}
        }
    }

    private void judgeFunction(Part part) {
        functions++;
        Optional<Replacement> replacement = replacementOf(part);
        Optional<String> difference = differenceFromRunning(part);
        if (replacement.isPresent()) {
            judgeReplaced(part, replacement.get(), difference);
        } else if (difference.isEmpty()) {
            same++;
        } else if (runsAlready(part)) {
            left.add(part, twins(part), difference.get());
        }
        if (difference.isPresent() && runsAlready(part)) {
            judgeChoice(part);
        }
    }

    /** {@return how a function differs from what runs; empty if it does not} */
    private Optional<String> differenceFromRunning(Part part) {
        List<Part> twins = twins(part);
        Optional<String> first = Optional.empty();
        if (twins.isEmpty()
                && part.keys().stream()
                        .anyMatch(key -> original.file().global(key).isPresent())) {
            return part.keys().stream()
                    .filter(key -> original.file().global(key).isPresent())
                    .map(compare::differenceOfOwners)
                    .flatMap(Optional::stream)
                    .findFirst();
        }
        for (Part twin : twins) {
            Optional<String> difference = compare.difference(twin, part);
            if (difference.isEmpty()) {
                return difference;
            }
            first = first.or(() -> difference);
        }
        return first.or(() -> Optional.of("the running program has none of these objects' with that name"));
    }

    private boolean runsAlready(Part part) {
        return !twins(part).isEmpty()
                || part.piece().symbols().stream()
                        .anyMatch(symbol -> !symbol.isLocal()
                                && original.file().global(Part.plain(symbol)).isPresent());
    }

    private void judgeReplaced(Part part, Replacement replacement, Optional<String> difference) {
        used.add(replacement);
        if (replacement.at().isEmpty()) {
            miss(part, "the payload fills it with no-ops");
            return;
        }
        Optional<String> wrong = prove.difference(part, replacement.at().get());
        if (wrong.isPresent()) {
            miss(part, "what the payload puts in its place is not what the patched program has: " + wrong.get());
        } else if (replacement.newSizeBytes() != part.piece().statedSizeBytes()) {
            miss(
                    part,
                    "the payload says that its new code has %d bytes, and it has %d"
                            .formatted(replacement.newSizeBytes(), part.piece().statedSizeBytes()));
        } else {
            replaced.add(part.name());
            if (difference.isEmpty()) {
                extra.add(new Finding(
                        part.object().name(),
                        part.name(),
                        "the payload replaces it, though the patch does not change it"));
            }
        }
    }

    /** What is replaced runs again; but what a resolver chose when the program started stays. */
    private void judgeChoice(Part part) {
        boolean chooses = part.piece().symbols().stream().anyMatch(symbol -> symbol.type() == Elf.STT_GNU_IFUNC)
                || patched.addresses(part).stream()
                        .flatMap(address -> patched.file().namesAt(address).stream())
                        .anyMatch(name -> patched.file()
                                .global(name)
                                .filter(known -> known.type() == Elf.STT_GNU_IFUNC)
                                .isPresent());
        boolean isClaimed = request.claims().containsKey(part.object().name() + ":" + part.name());
        if (chooses && !request.acceptsRestart() && !isClaimed) {
            miss(part, "it chose a function when the program started, and chooses otherwise with the patch");
        }
    }

    private void judgeVariable(Part part) {
        if (part.piece().role() == SectionRole.HOOKS) {
            return;
        }
        List<Part> twins = twins(part);
        if (twins.isEmpty()) {
            return;
        }
        boolean fits =
                twins.stream().anyMatch(twin -> compare.difference(twin, part).isEmpty());
        boolean fewer = twins.stream().anyMatch(twin -> sharesName(twin, part));
        if (!fits && fewer) {
            String what = "the variable begins otherwise in the patched program: "
                    + compare.difference(twins.getFirst(), part).orElse("");
            boolean sameKind = twins.stream()
                    .anyMatch(twin -> twin.piece().sizeBytes() == part.piece().sizeBytes()
                            && twin.isVariable()
                            && twin.piece().role() == part.piece().role());
            if (sameKind && isReachedByHooks(part)) {
                leftToHooks.add(new Finding(part.object().name(), part.name(), what));
            } else {
                miss(part, what);
            }
        }
    }

    private boolean isReachedByHooks(Part variable) {
        Set<Part> reached = hooked.orElseGet(() -> FollowHooks.reached(patched));
        hooked = Optional.of(reached);
        return reached.contains(variable);
    }

    /** What these objects defined for others must still be defined by them. */
    private void checkStillThere(Side side, Part part) {
        if (side.addresses(part).isEmpty() || !part.piece().isGlobal()) {
            return;
        }
        for (Symbol symbol : part.piece().symbols()) {
            String name = Part.plain(symbol);
            if (!symbol.isLocal()
                    && patched.file().global(name).isPresent()
                    && patched.linked(name).isEmpty()) {
                compare.differenceOfOwners(name).ifPresent(why -> miss(part, why));
            }
        }
    }
}
