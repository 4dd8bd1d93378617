package dev.suture.create;

import dev.suture.LivePatchException;
import dev.suture.Refusal;
import dev.suture.build.ObjectPair;
import dev.suture.build.SourcePatch;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.link.LinkResult;
import dev.suture.linked.ProveRequest;
import dev.suture.payload.Payload;
import dev.suture.payload.Stack;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What a payload is stacked on.
 *
 * @param buildId in hexadecimal digits
 * @param file the payload, as the user named it; empty if only its build id is known
 * @param symbols the names that it brings
 * @param functions the names of those that it replaces
 * @param subjects of the patches that it was made from
 * @param stack what it and those below it have made of the source; empty if it does not tell
 */
record Depends(
        String buildId,
        String file,
        Set<String> symbols,
        Set<String> functions,
        List<String> subjects,
        Optional<Stack> stack) {
    private static final String SUBJECT = "patch=";

    /** {@return the hypervisor or program itself} */
    static Depends onTarget(String buildId) {
        return new Depends(buildId, "", Set.of(), Set.of(), List.of(), Optional.empty());
    }

    /**
     * {@return what a user's word for it means: a build id, or the file of a payload}
     *
     * @throws LivePatchException if it is neither, or a payload without a build id
     */
    static Depends of(String word) {
        if (word.matches("(?:[0-9a-fA-F]{2}){8,32}") && !Files.exists(Path.of(word))) {
            return onTarget(word.toLowerCase(Locale.ROOT));
        }
        if (!Files.exists(Path.of(word))) {
            throw new LivePatchException(
                    "--depends %s: neither a file nor a build id (16 to 64 hexadecimal digits)".formatted(word));
        }
        Payload payload = Payload.read(Path.of(word));
        String buildId = payload.buildId()
                .orElseThrow(
                        () -> new LivePatchException("%s: the payload has no build id to depend on".formatted(word)));
        Set<String> symbols = payload.elf().symbols().stream()
                .filter(symbol -> symbol.isInSection() && !symbol.name().isEmpty())
                .map(Symbol::name)
                .collect(Collectors.toSet());
        Set<String> functions =
                payload.functions().stream().map(Payload.Function::name).collect(Collectors.toSet());
        List<String> subjects = payload.metadata().stream()
                .filter(entry -> entry.startsWith(SUBJECT))
                .map(entry -> entry.substring(SUBJECT.length()))
                .toList();
        return new Depends(buildId, word, symbols, functions, subjects, payload.stack());
    }

    /**
     * {@return what is known of the source with the patches that are applied already}
     *
     * @param applied these patches; none if the payload starts from the source that the target was built from
     * @throws LivePatchException if they are not those that the payloads below were made from
     */
    Stack below(List<SourcePatch> applied) {
        if (applied.isEmpty()) {
            return Stack.EMPTY;
        }
        if (file.isEmpty()) {
            throw new LivePatchException("--applied: name the payload that these patches were made to as well, with"
                    + " --depends FILE: it tells by which names what it brings is found");
        }
        Stack known = stack.orElseThrow(() -> new LivePatchException(
                "%s: it does not tell what it has made of the source; make it again with this version of suture"
                        .formatted(file)));
        List<String> given = applied.stream().map(SourcePatch::digest).toList();
        if (!given.equals(known.patches().stream().map(Stack.Patch::digest).toList())) {
            throw new LivePatchException(
                    "--applied: %s and the payloads below it were made from other patches%n  there: %s%n  given: %s%nGive these, in this order."
                            .formatted(
                                    file,
                                    known.patches().stream()
                                            .map(Stack.Patch::subject)
                                            .collect(Collectors.joining("; ")),
                                    applied.stream().map(SourcePatch::subject).collect(Collectors.joining("; "))));
        }
        return known;
    }

    /**
     * {@return what the linked programs are compared with}
     *
     * @param earlier objects that only the applied patches reach
     */
    ProveRequest.OnTopOf onTopOf(List<SourcePatch> applied, List<ObjectPair> earlier) {
        if (file.isEmpty()) {
            return ProveRequest.OnTopOf.NOTHING;
        }
        Set<String> names = new HashSet<>(symbols);
        stack.ifPresent(known -> names.addAll(known.names().values()));
        names.remove("");
        return new ProveRequest.OnTopOf(
                List.of(ElfFile.read(Path.of(file))),
                names,
                applied.isEmpty() ? Map.of() : below(applied).left(),
                applied.isEmpty() ? List.of() : earlier);
    }

    /** {@return the names that the payloads below bring for the source with the patches that are applied already} */
    Set<String> namesBelow(List<SourcePatch> applied) {
        Set<String> names = new HashSet<>(symbols);
        names.addAll(below(applied).names().keySet());
        return names;
    }

    /**
     * {@return a warning if a payload refers to what those below it bring} The target fills in the addresses when the
     * payload is uploaded, and does not remember whose they are.
     *
     * @param linked the payload
     * @param image the target itself
     */
    List<String> orderOfUnloading(LinkResult linked, Image image) {
        if (linked.payload().length == 0 || stack.isEmpty()) {
            return List.of();
        }
        Set<String> brought = new TreeSet<>(stack.get().names().values());
        brought.removeIf(name -> name.isEmpty() || image.find(name).isPresent());
        Set<String> needed = new TreeSet<>();
        linked.functions().forEach(function -> needed.add(function.name()));
        ElfFile.read("payload", linked.payload()).symbols().stream()
                .filter(Symbol::isUndefined)
                .forEach(symbol -> needed.add(symbol.name()));
        needed.retainAll(brought);
        return needed.isEmpty()
                ? List.of()
                : List.of(
                        ("it refers to what payloads below it bring (%s): upload it after them, and unload it before them,"
                                        + " also when they are to be uploaded again")
                                .formatted(String.join(", ", needed)));
    }

    /** {@return how the next payload names patches} */
    static List<Stack.Patch> inStack(List<SourcePatch> patches) {
        return patches.stream()
                .map(patch -> new Stack.Patch(patch.digest(), patch.subject()))
                .toList();
    }

    /**
     * {@return why a payload cannot go on top of this one: it replaces a function that this one replaces too, and was
     * made without this one's patches, so that it would undo them}
     *
     * @param ownSubjects of all patches that it starts from or was made from
     */
    List<Refusal> undone(List<LinkResult.Function> replaced, List<String> ownSubjects) {
        if (ownSubjects.containsAll(subjects)) {
            return List.of();
        }
        return replaced.stream()
                .filter(function -> functions.contains(function.name()))
                .map(function -> new Refusal(
                        function.object(),
                        function.name(),
                        "`%s` is replaced by %s as well, and without that payload's patches its fix would be undone"
                                .formatted(function.name(), file),
                        "Give the patches that %s was made from (%s) with --applied, or with --patch before the new ones."
                                .formatted(file, String.join("; ", subjects))))
                .toList();
    }
}
