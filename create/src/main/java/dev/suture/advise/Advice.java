package dev.suture.advise;

import dev.suture.Refusal;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Whether patches can go live, hunk by hunk, and what to change where they cannot.
 *
 * @param xen the version of the tree
 * @param buildId of its hypervisor, in hexadecimal digits
 * @param compiled whether what the patches reach was compiled; if not, verdicts are likely, not certain
 * @param live whether a payload can be made of the patches as they are; without compiling: whether nothing was found
 *     that speaks against it
 * @param hunks each hunk
 * @param functions what a payload would replace or bring, and what is left out
 * @param types the types whose layout changes
 * @param remedies what helps
 * @param refusals every reason why no payload can be made, as {@code build xen} gives them
 * @param warnings what an author should know
 * @param liveSubset the part of the patches that can go alone, if it was asked for
 */
public record Advice(
        String xen,
        String buildId,
        boolean compiled,
        boolean live,
        List<HunkAdvice> hunks,
        List<FunctionAdvice> functions,
        List<TypeAdvice> types,
        List<Remedy> remedies,
        List<Refusal> refusals,
        List<String> warnings,
        Optional<Subset> liveSubset) {
    public Advice {
        hunks = List.copyOf(hunks);
        functions = List.copyOf(functions);
        types = List.copyOf(types);
        remedies = List.copyOf(remedies);
        refusals = List.copyOf(refusals);
        warnings = List.copyOf(warnings);
    }

    /** {@return the same advice with the part of the patches that can go alone} */
    Advice with(Subset subset) {
        return new Advice(
                xen,
                buildId,
                compiled,
                live,
                hunks,
                functions,
                types,
                remedies,
                refusals,
                warnings,
                Optional.of(subset));
    }

    /**
     * A function that changes.
     *
     * @param name of its symbol
     * @param object the object file it is in
     * @param decision {@code replaced}, {@code new} or {@code left out}
     * @param reason why
     * @param quiescing what it has to do with bringing Xen to a stop, in sentences; empty if nothing is known of it
     * @param notes what else an author should know
     */
    public record FunctionAdvice(
            String name, String object, String decision, String reason, String quiescing, List<String> notes) {
        public FunctionAdvice {
            notes = List.copyOf(notes);
        }
    }

    /**
     * A type whose layout changes.
     *
     * @param type as source has it
     * @param change in words, with sizes and offsets
     * @param places where values of it come from or lie
     * @param uses where the patch uses a member that is new, as {@code file:line}
     */
    public record TypeAdvice(String type, String change, List<TypePlace> places, List<String> uses) {
        public TypeAdvice {
            places = List.copyOf(places);
            uses = List.copyOf(uses);
        }
    }

    /**
     * A place where values of a type come from or lie.
     *
     * @param kind {@code allocates}, {@code sizes}, {@code embeds}, {@code variable} or {@code per-CPU variable}
     * @param place as {@code file:line}
     * @param what the line of source, the member or the variable
     */
    public record TypePlace(String kind, String place, String what) {}

    /**
     * Something an author can do.
     *
     * @param number by which hunks refer to it, from 1
     * @param title what it is, in a few words
     * @param text what to know before using it, in sentences
     * @param code C to start from; empty if there is none
     * @param diff a patch to give with {@code --patch} behind the others; empty if there is none
     */
    public record Remedy(int number, String title, String text, String code, String diff) {}

    /**
     * The part of the patches that can go alone.
     *
     * @param hunks the numbers of its hunks
     * @param dropped the numbers of those left out although nothing was found against them, with the reason
     * @param output where it was written; empty if no part can go alone
     * @param functions what its payload replaces
     * @param why if there is none, the reason
     */
    public record Subset(
            List<Integer> hunks, List<String> dropped, Optional<Path> output, List<String> functions, String why) {
        public Subset {
            hunks = List.copyOf(hunks);
            dropped = List.copyOf(dropped);
            functions = List.copyOf(functions);
        }
    }
}
