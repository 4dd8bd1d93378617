package dev.suture.create;

import dev.suture.LivePatchException;
import dev.suture.Refusal;
import dev.suture.build.SourcePatch;
import dev.suture.elf.ElfFile;
import dev.suture.link.LinkResult;
import dev.suture.payload.Payload;
import dev.suture.payload.Stack;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Looks whether a payload can take the place of a stack of others.
 *
 * <p>{@code replace} reverts all that is applied and applies one payload, in one stop. So the one has to bring what all
 * of them brought; what their variables hold is lost; and from then on nothing keeps the others from being unloaded, so
 * that the one must not refer to anything of theirs: strings and constants that they have too are in it once more.
 *
 * @param refusals what speaks against it
 * @param warnings what its author should know
 * @see "Xen xen/common/livepatch.c, livepatch_do_action() and has_payload_any_vetoing_hooks()"
 */
record CheckReplaced(List<Refusal> refusals, List<String> warnings) {
    private static final Set<String> VETOING = Set.of("preapply", "postapply", "prerevert", "postrevert");

    /**
     * {@return what was found}
     *
     * @param files the payloads that are to be replaced
     * @param patches what the new payload is made from
     * @throws LivePatchException if a file is no payload of this program
     */
    static CheckReplaced check(List<Path> files, List<SourcePatch> patches) {
        List<Refusal> refusals = new ArrayList<>();
        List<String> warnings = new ArrayList<>();
        Set<String> brought = patches.stream().map(SourcePatch::digest).collect(Collectors.toSet());
        for (Stack.Patch patch : patchesOf(files)) {
            if (!brought.contains(patch.digest())) {
                refusals.add(new Refusal(
                        "",
                        "",
                        "the payloads to be replaced were made from \"%s\" too, and without it that fix would be undone"
                                .formatted(patch.subject()),
                        "Give that patch with --patch as well, in the order in which they were applied."));
            }
        }
        for (Path file : files) {
            Payload payload = Payload.read(file);
            refusals.addAll(vetoingHooks(file, payload));
            payload.explanation().added().stream()
                    .filter(added ->
                            added.section().equals(".data") || added.section().equals(".bss"))
                    .forEach(added -> warnings.add(
                            "what `%s` of %s holds is lost when that is replaced: the new payload has a variable of its own"
                                    .formatted(added.name(), file)));
        }
        return new CheckReplaced(refusals, warnings);
    }

    /** {@return for each hook of a payload for Xen that may say no, that it keeps Xen from replacing} */
    private static List<Refusal> vetoingHooks(Path file, Payload payload) {
        return payload.hooks().stream()
                .filter(hook ->
                        VETOING.contains(hook.kind()) && payload.changedFile().isEmpty())
                .map(hook -> new Refusal(
                        "",
                        "",
                        "%s has a %s hook, and Xen neither replaces a payload that has one nor puts it in place of others"
                                .formatted(file, hook.kind()),
                        "Revert the payloads one by one, the last one first, and apply the new one then."))
                .toList();
    }

    /**
     * {@return what the new payload itself has that keeps it from replacing others}
     *
     * @param request for it
     * @param linked what became of that
     */
    static List<Refusal> ofNew(PayloadRequest request, LinkResult linked) {
        return request.replaces().isEmpty() || linked.payload().length == 0
                ? List.of()
                : vetoingHooks(request.output(), Payload.read(ElfFile.read(request.name(), linked.payload())));
    }

    /** {@return the patches of all payloads; each tells of those below it, too} */
    private static List<Stack.Patch> patchesOf(List<Path> files) {
        return files.stream()
                .map(file -> Payload.read(file)
                        .stack()
                        .orElseThrow(() -> new LivePatchException(
                                "--replaces %s: it does not tell what it was made from; only payloads of suture do"
                                        .formatted(file))))
                .flatMap(stack -> stack.patches().stream())
                .distinct()
                .toList();
    }
}
