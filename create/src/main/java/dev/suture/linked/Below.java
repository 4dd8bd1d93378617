package dev.suture.linked;

import dev.suture.diff.Names;
import dev.suture.diff.Piece;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.linked.PayloadFile.Place;
import dev.suture.linked.ProvePayload.Claim;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The payloads that one is stacked on: what they bring, and what that is of the program with their patches.
 *
 * <p>A payload's functions are proved to be those of that program; so each place in it to which they lead is known to be a
 * certain piece. For example {@code first#a.c#calls} is {@code calls}, as the replacement of {@code work()} uses it as
 * {@code work()} uses {@code calls}. What no such proof has touched is taken on the payload's word, and listed.
 */
final class Below {
    private final Side original;
    private final List<PayloadFile> payloads = new ArrayList<>();
    private final List<ProvePayload> proofs = new ArrayList<>();
    private final Set<String> names;
    private final Set<String> left;
    private final Set<Finding> onTheirWord;

    /**
     * @param files the payloads that are at hand
     * @param names that any payload of the stack is said to bring
     * @param left what they left as it ran, though the source with their patches has other code
     * @param original the program with their patches
     */
    Below(List<ElfFile> files, Set<String> names, Set<String> left, Side original, Image image) {
        this.original = original;
        this.names = Set.copyOf(names);
        this.left = Set.copyOf(left);
        onTheirWord = new LinkedHashSet<>();
        ComparePieces same = new ComparePieces(original, original, _ -> false);
        for (ElfFile file : files) {
            PayloadFile payload = new PayloadFile(file);
            ProvePayload proof = ProvePayload.ofLower(payload, original, same, image, new Below(this));
            payload.replacements().forEach(one -> prove(one, proof));
            ProveHooks.check(payload, original, proof, Set.of());
            payloads.add(payload);
            proofs.add(proof);
        }
    }

    /** Those that are known so far: a payload may only use what is below it. */
    private Below(Below soFar) {
        original = soFar.original;
        names = soFar.names;
        left = soFar.left;
        onTheirWord = soFar.onTheirWord;
        payloads.addAll(soFar.payloads);
        proofs.addAll(soFar.proofs);
    }

    private void prove(PayloadFile.Replacement replacement, ProvePayload proof) {
        for (Part part : original.linked(replacement.name())) {
            replacement.at().ifPresent(at -> proof.difference(part, at));
        }
    }

    /** {@return whether a payload brings something under a name} */
    boolean brings(String name) {
        return names.contains(name) || !places(name).isEmpty();
    }

    /** {@return what was taken on a payload's word} */
    List<Finding> onTheirWord() {
        return List.copyOf(onTheirWord);
    }

    private record Found(int payload, Place place) {}

    private List<Found> places(String name) {
        List<Found> found = new ArrayList<>();
        for (int i = 0; i < payloads.size(); i++) {
            for (Symbol symbol : payloads.get(i).elf().symbols()) {
                if (symbol.isInSection() && symbol.name().equals(name)) {
                    found.add(new Found(i, new Place(symbol.sectionIndex(), symbol.value())));
                }
            }
        }
        return found;
    }

    /** {@return why what a payload brings under a name is not one of these pieces of the patched program} */
    Optional<String> difference(List<Part> patched, String name) {
        List<Part> parts =
                patched.stream().flatMap(part -> before(part).stream()).toList();
        if (parts.isEmpty()) {
            return Optional.of(
                    "a payload below brings `%s`, and the program with its patches has no such thing".formatted(name));
        }
        List<Found> found = places(name);
        if (found.size() > 1) {
            return Optional.of("two payloads below bring `%s`".formatted(name));
        }
        if (found.isEmpty()) {
            return onItsWord(parts.getFirst(), name);
        }
        Found there = found.getFirst();
        ProvePayload proof = proofs.get(there.payload());
        Set<Claim> claims = proof.proved();
        Optional<Part> known = parts.stream()
                .filter(part -> claims.contains(new Claim(part, there.place())))
                .findFirst();
        if (known.isPresent()) {
            return proved(known.get(), proof, name);
        }
        boolean isAnother = claims.stream().anyMatch(claim -> claim.at().equals(there.place()));
        if (isAnother) {
            return Optional.of("`%s` of a payload below is something else".formatted(name));
        }
        boolean isCode = parts.stream().allMatch(part -> part.piece().kind() == Piece.Kind.FUNCTION);
        boolean isLeft = parts.stream().anyMatch(part -> part.keys().stream().anyMatch(left::contains));
        if (!isCode || isLeft) {
            return onItsWord(parts.getFirst(), name);
        }
        Optional<String> first = Optional.empty();
        for (Part part : parts) {
            Optional<String> difference = proof.difference(part, there.place());
            if (difference.isEmpty()) {
                return proved(part, proof, name);
            }
            first = first.or(() -> difference);
        }
        return first.map(
                "`%s` of a payload below is not that of the program with its patches: %%s".formatted(name)::formatted);
    }

    /** Whether a number in it is a line of the source only the one who compiled it knew. */
    private Optional<String> proved(Part part, ProvePayload proof, String name) {
        return proof.differsInLines(part) ? onItsWord(part, name) : Optional.empty();
    }

    private Optional<String> onItsWord(Part part, String name) {
        onTheirWord.add(new Finding(
                part.object().name(),
                part.name(),
                "that `%s` is this rests on the word of the payload below".formatted(name)));
        return Optional.empty();
    }

    /** {@return what the program had before the last patch under a piece's name, or under it but for a number} */
    private List<Part> before(Part part) {
        Set<Part> found = new HashSet<>();
        part.keys().forEach(key -> found.addAll(original.linked(key)));
        if (found.isEmpty() && Names.isNumbered(part.name())) {
            original.object(part.object().name())
                    .ifPresent(object -> object.pieces().stream()
                            .map(piece -> new Part(object, piece))
                            .filter(twin -> Names.stem(twin.name()).equals(Names.stem(part.name())))
                            .forEach(found::add));
        }
        return List.copyOf(found);
    }
}
