package dev.suture.create;

import dev.suture.Refusal;
import dev.suture.build.make.Links;
import dev.suture.build.make.MakeBuildResult;
import dev.suture.diff.Selection;
import dev.suture.effect.AcceptedEffects;
import dev.suture.elf.ElfFile;
import dev.suture.image.Image;
import dev.suture.linked.ExportedNames;
import dev.suture.linked.Finding;
import dev.suture.linked.JudgePrograms;
import dev.suture.linked.LinkedProof;
import dev.suture.linked.ProveRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The last net before a payload is written: what will run must be the program that the build links with the patches. It
 * knows the payload, and of how that was selected only which functions are said to be unchanged in the source.
 */
final class CheckLinked {
    private static final String REMEDY = "Let the patch do without it, or start the program anew from a patched build.";

    private CheckLinked() {}

    /**
     * What was found.
     *
     * @param refusals why what will run is not the patched program
     * @param unproved what is left as it runs on the selection's word alone, or to the payload's hooks
     */
    record Result(List<Refusal> refusals, List<Unproved> unproved) {
        static final Result NOTHING = new Result(List.of(), List.of());

        Result {
            refusals = List.copyOf(refusals);
            unproved = List.copyOf(unproved);
        }
    }

    /**
     * {@return why what will run is not the patched program, and what nobody proved}
     *
     * @param acceptedEffects events that the author will see to
     * @param payload the bytes of what is to be written
     * @param below what it is stacked on
     */
    static Result check(
            MakeBuildResult build,
            Selection selection,
            Image image,
            byte[] payload,
            Set<String> acceptedEffects,
            ProveRequest.OnTopOf below) {
        return switch (build.links()) {
            case Links.Failed(String why) ->
                new Result(
                        List.of(new Refusal(
                                "",
                                "",
                                "the linked program cannot be checked: %s".formatted(why),
                                "Let the build link the program by a compiler that is called by its name, and leave what it"
                                        + " links from where it is.")),
                        List.of());
            case Links.Made made -> check(made, build, selection, image, payload, acceptedEffects, below);
        };
    }

    /**
     * {@return the names that a library exports and that its linker bound all the same, as with {@code -Bsymbolic-functions};
     * nothing for a program, of which the dynamic linker finds everything first}
     */
    static Set<String> boundDirectly(MakeBuildResult build, Image image) {
        return build.links() instanceof Links.Made made
                ? ExportedNames.boundDirectly(ElfFile.read(made.patched()), image.elf())
                : Set.of();
    }

    private static Result check(
            Links.Made made,
            MakeBuildResult build,
            Selection selection,
            Image image,
            byte[] payload,
            Set<String> acceptedEffects,
            ProveRequest.OnTopOf below) {
        Map<String, String> claims = selection.leftOut().stream()
                .filter(left -> left.cause() != Selection.LeftOut.Cause.LINE_NUMBERS)
                .collect(Collectors.toMap(
                        left -> left.object() + ":" + left.symbol(), Selection.LeftOut::why, (one, other) -> one));
        LinkedProof proof = JudgePrograms.judge(new ProveRequest(
                image,
                made,
                build.pairs(),
                ElfFile.read("the payload", payload),
                claims,
                build.compiler(),
                acceptedEffects.contains(AcceptedEffects.RESTART),
                Map.of(),
                below));
        List<Refusal> refusals = new ArrayList<>();
        proof.missing().forEach(finding -> refusals.add(refusal(finding, image)));
        List<Unproved> unproved = Stream.concat(proof.unproved().stream(), proof.leftToHooks().stream())
                .map(finding -> new Unproved(finding.symbol(), finding.object(), finding.what()))
                .toList();
        return new Result(refusals, unproved);
    }

    private static Refusal refusal(Finding finding, Image image) {
        String subject = finding.symbol().isEmpty() ? image.name() : "`%s`".formatted(finding.symbol());
        return new Refusal(finding.object(), finding.symbol(), "%s: %s".formatted(subject, finding.what()), REMEDY);
    }
}
