package dev.suture.linked;

import dev.suture.build.AskCompiler.Preprocessed;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.SpecialSections;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Judges functions that differ in the patched program and are not in the payload: whether they are over ({@link
 * StartOnly}), do what they did ({@link SameAlone}), or are left on the word of somebody who is not believed here.
 */
final class JudgeLeft {
    private final ProveRequest request;
    private final Side original;
    private final PayloadFile payload;
    private final ProvePayload prove;
    private final List<Left> all = new ArrayList<>();

    private final List<Finding> missing = new ArrayList<>();
    private final List<Finding> startOnly = new ArrayList<>();
    private final List<Finding> unchangedInSource = new ArrayList<>();
    private final List<Finding> unproved = new ArrayList<>();

    private record Left(Part part, List<Part> twins, String difference) {}

    JudgeLeft(ProveRequest request, Side original, PayloadFile payload, ProvePayload prove) {
        this.request = request;
        this.original = original;
        this.payload = payload;
        this.prove = prove;
    }

    /**
     * What was found.
     *
     * @param missing what nothing explains
     */
    record Result(
            List<Finding> missing, List<Finding> startOnly, List<Finding> unchangedInSource, List<Finding> unproved) {}

    /** Notes a function that differs from what runs in its place. */
    void add(Part part, List<Part> twins, String difference) {
        all.add(new Left(part, twins, difference));
    }

    Result judge() {
        StartOnly start = new StartOnly(original.file().elf());
        List<Left> rest = new ArrayList<>();
        for (Left left : all) {
            if (isOver(left, start)) {
                startOnly.add(finding(left, "nothing but the start of the program leads to it"));
            } else {
                rest.add(left);
            }
        }
        Set<Left> proved = sameAlone(rest);
        for (Left left : rest) {
            String claim = request.claims()
                    .get(left.part().object().name() + ":" + left.part().name());
            if (proved.contains(left)) {
                unchangedInSource.add(
                        finding(left, "compiled one by one, it and all that it leads to are the same in both sources"));
            } else if (claim != null) {
                unproved.add(finding(left, claim));
            } else {
                missing.add(new Finding(
                        left.part().object().name(),
                        left.part().name(),
                        "it differs in the patched program (%s), and the payload does not replace it"
                                .formatted(left.difference())));
            }
        }
        return new Result(missing, startOnly, unchangedInSource, unproved);
    }

    private static Finding finding(Left left, String why) {
        return new Finding(left.part().object().name(), left.part().name(), left.difference() + "; " + why);
    }

    private boolean isOver(Left left, StartOnly start) {
        Set<Long> addresses = left.twins().stream()
                .flatMap(twin -> original.addresses(twin).stream())
                .collect(Collectors.toSet());
        return left.part().piece().kind() == Piece.Kind.FUNCTION
                && !addresses.isEmpty()
                && addresses.stream().allMatch(start::proves);
    }

    private Set<Left> sameAlone(List<Left> lefts) {
        List<String> objects = lefts.stream()
                .map(left -> left.part().object().name())
                .distinct()
                .toList();
        Map<String, Preprocessed> sources =
                objects.isEmpty() ? Map.of() : request.compiler().preprocess(objects, Set.of());
        SameAlone alone = new SameAlone(request.compiler(), SpecialSections.process());
        return lefts.stream().filter(left -> isSame(left, alone, sources)).collect(Collectors.toSet());
    }

    private boolean isSame(Left left, SameAlone alone, Map<String, Preprocessed> sources) {
        ObjectPieces patched = left.part().object();
        Optional<ObjectPieces> before = original.object(patched.name());
        if (before.isEmpty() || left.twins().size() != 1 || left.part().piece().kind() != Piece.Kind.FUNCTION) {
            return false;
        }
        Set<Integer> inPayload = prove.proved().stream()
                .filter(claim ->
                        claim.part().object() == patched && claim.part().piece().isCode())
                .map(claim -> claim.part().piece().index())
                .collect(Collectors.toCollection(TreeSet::new));
        Set<String> replaced = payload.replacements().stream()
                .map(PayloadFile.Replacement::name)
                .collect(Collectors.toSet());
        SameAlone.Question question = new SameAlone.Question(
                before.get(),
                patched,
                left.part().name(),
                inPayload,
                index -> new Part(before.get(), before.get().pieces().get(index))
                        .keys().stream().anyMatch(replaced::contains));
        return alone.proves(
                question,
                Optional.ofNullable(sources.get(patched.name()))
                        .map(source -> new SameAlone.Source(source.original(), source.patched(), source.patched())));
    }
}
