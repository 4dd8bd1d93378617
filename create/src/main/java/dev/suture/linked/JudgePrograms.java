package dev.suture.linked;

import dev.suture.build.ObjectPair;
import dev.suture.diff.Names;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.diff.SectionRole;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.SplitObject;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
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
    private final ProvePayload prove;
    private final Map<String, Replacement> replacements = new HashMap<>();
    private final Set<Replacement> used = new HashSet<>();
    private final Set<String> runAtStart = new HashSet<>();

    private final Set<Finding> missing = new LinkedHashSet<>();
    private final List<Finding> extra = new ArrayList<>();
    private final List<Finding> unproved = new ArrayList<>();
    private final Set<String> replaced = new TreeSet<>();
    private int same;

    private JudgePrograms(ProveRequest request) {
        this.request = request;
        original = side(ElfFile.read(request.links().original()), request.pairs(), true);
        patched = side(ElfFile.read(request.links().patched()), request.pairs(), false);
        payload = new PayloadFile(request.payload());
        payload.replacements().forEach(one -> replacements.put(one.name(), one));
        compare = new ComparePieces(original, patched, this::isReplaced);
        prove = new ProvePayload(payload, original, patched, compare, request.image());
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
                request.image(), ElfFile.read(request.links().built())));
        request.links()
                .otherInputs()
                .forEach(input ->
                        missing.add(new Finding("", input, "it goes into the link, and is another with the patch")));
        missing.addAll(new CompareFrames(original, patched, request.links(), compare).compare());
        findWhatRunsAtStart();
        forEach(patched, this::checkFound);
        forEach(original, this::checkFound);
        forEach(original, this::checkStillThere);
        forEach(patched, this::judge);
        judgeSharedCode();
        for (Replacement replacement : payload.replacements()) {
            if (!used.contains(replacement)) {
                extra.add(new Finding("", replacement.name(), "the patched program has no such function"));
            }
        }
        List<String> brought = prove.proved().stream()
                .filter(claim -> original.linked(claim.part().name()).isEmpty()
                        && claim.part().piece().isNamed()
                        && !replaced.contains(claim.part().name()))
                .map(claim -> claim.part().name())
                .distinct()
                .sorted()
                .toList();
        return new LinkedProof(List.copyOf(missing), extra, List.copyOf(replaced), brought, unproved, same);
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
        Optional<Replacement> replacement = replacementOf(part);
        Optional<String> difference = differenceFromRunning(part);
        if (replacement.isPresent()) {
            judgeReplaced(part, replacement.get(), difference);
        } else if (difference.isEmpty()) {
            same++;
        } else if (runsAlready(part) && part.piece().kind() == Piece.Kind.FUNCTION) {
            judgeNotReplaced(part, difference.get());
        }
        if (difference.isPresent() && runsAlready(part)) {
            judgeStart(part, replacement.isPresent());
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

    private void judgeNotReplaced(Part part, String difference) {
        String name = part.object().name() + ":" + part.name();
        if (request.leftOut().contains(name)) {
            unproved.add(new Finding(part.object().name(), part.name(), difference));
        } else {
            miss(
                    part,
                    "it differs in the patched program (%s), and the payload does not replace it"
                            .formatted(difference));
        }
    }

    /**
     * What has run when the program started has left its mark. What is replaced runs again, and its mark is what it would
     * find there in the patched program, too; but a choice is made once.
     */
    private void judgeStart(Part part, boolean isReplaced) {
        boolean chooses = part.piece().symbols().stream().anyMatch(symbol -> symbol.type() == Elf.STT_GNU_IFUNC)
                || part.piece().symbols().stream()
                        .anyMatch(symbol -> patched.addresses(part).stream()
                                .flatMap(address -> patched.file().namesAt(address).stream())
                                .anyMatch(name -> patched.file()
                                        .global(name)
                                        .filter(known -> known.type() == Elf.STT_GNU_IFUNC)
                                        .isPresent()));
        if (request.acceptsRestart() || request.leftOut().contains(part.object().name() + ":" + part.name())) {
            return;
        }
        if (chooses) {
            miss(part, "it chose a function when the program started, and chooses otherwise with the patch");
        } else if (!isReplaced && part.keys().stream().anyMatch(runAtStart::contains)) {
            miss(part, "it ran when the program started, as the patch does not want it");
        }
    }

    private void findWhatRunsAtStart() {
        for (Side side : List.of(original, patched)) {
            forEach(side, (_, part) -> {
                if (part.piece().role() == SectionRole.INIT) {
                    part.object().references(part.piece()).forEach(reference -> addCalled(part, reference));
                }
            });
        }
    }

    private void addCalled(Part table, Reference reference) {
        switch (reference.target()) {
            case Reference.InPiece target ->
                runAtStart.addAll(
                        new Part(table.object(), table.object().pieces().get(target.pieceIndex())).keys());
            case Reference.Elsewhere target -> runAtStart.add(Part.plain(target.symbol()));
            case Reference.Constant _, Reference.Nothing _ -> {}
        }
    }

    private void judgeVariable(Part part) {
        if (part.piece().role() == SectionRole.HOOKS || payload.hasHooks()) {
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
            miss(
                    part,
                    "the variable begins otherwise in the patched program: "
                            + compare.difference(twins.getFirst(), part).orElse(""));
        }
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

    /** A linker may give several functions one place; what replaces one of them replaces all. */
    private void judgeSharedCode() {
        Map<Long, Set<String>> names = new HashMap<>();
        String file = "";
        for (Symbol symbol : request.image().symbolsFrom().symbols()) {
            if (symbol.type() == Elf.STT_FILE) {
                file = symbol.name();
            } else if (symbol.isInSection() && (symbol.isFunction() || symbol.type() == Elf.STT_GNU_IFUNC)) {
                String plain = LinkedFile.plain(symbol.name());
                names.computeIfAbsent(symbol.value(), _ -> new LinkedHashSet<>())
                        .add(symbol.isLocal() ? Image.targetNameOfLocal(file, plain) : plain);
            }
        }
        for (Replacement replacement : payload.replacements()) {
            request.image()
                    .find(replacement.name())
                    .ifPresent(symbol -> names.getOrDefault(symbol.address(), Set.of()).stream()
                            .filter(name -> !name.equals(replacement.name()))
                            .forEach(name -> judgeSharing(name, replacement)));
        }
    }

    private void judgeSharing(String name, Replacement replacement) {
        List<Part> parts = patched.linked(name);
        boolean gone = patched.file().global(name).isEmpty() && name.indexOf('#') < 0;
        if (parts.isEmpty() && !gone) {
            missing.add(new Finding(
                    "",
                    name,
                    "it shares its code with `%s`, which the payload replaces".formatted(replacement.name())));
        }
        for (Part part : parts) {
            replacement
                    .at()
                    .flatMap(at -> prove.difference(part, at))
                    .ifPresent(why -> miss(
                            part,
                            "it shares its code with `%s`, and what the payload puts there is something else: %s"
                                    .formatted(replacement.name(), why)));
        }
    }
}
