package dev.suture.drift;

import dev.suture.build.AskCompiler;
import dev.suture.diff.CallsWithin;
import dev.suture.diff.Compare;
import dev.suture.diff.Comparison;
import dev.suture.diff.Correlate;
import dev.suture.diff.LineNumbers;
import dev.suture.diff.Piece;
import dev.suture.diff.SectionRole;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.SplitObject;
import dev.suture.elf.ElfFile;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Tells whether functions of one object may be left as they run while others are replaced.
 *
 * <p>All of a payload and the functions that are the same in both builds fit together as the patched build does. A function
 * F that is left as it was, though the patched build has it otherwise, must fit as well:
 *
 * <ul>
 *   <li>F keeps values in registers around calls, as the running versions of what it calls permit. So nothing that it
 *       leads to within the object may be replaced.
 *   <li>A static F is called as the compiler sees fit, so the payload's own code must not call it.
 *   <li>Code that was compiled knowing the patched F may keep values in registers which the running F uses. That is code
 *       of the payload which leads to F, and code that leads to that: the call used to end elsewhere. Each such function
 *       must be the same when the object is compiled without {@code -fipa-ra} and {@code -fipa-stack-alignment}, the two
 *       optimisations that make use of such knowledge.
 * </ul>
 *
 * @see "GCC gcc/final.cc, get_call_reg_set_usage(); gcc/config/i386/i386.cc, ix86_update_stack_boundary()"
 */
public final class RelyOnRegisters {
    private static final List<String> WITHOUT_KNOWLEDGE = List.of("-fno-ipa-ra", "-fno-ipa-stack-alignment");

    private final Comparison comparison;
    private final SpecialSections tables;
    private final AskCompiler compiler;
    private final Path patchedSource;
    private final CallsWithin original;
    private final CallsWithin patched;
    private Optional<Set<Integer>> independent = Optional.empty();

    /**
     * What of one object is in a payload.
     *
     * @param code pieces of the patched object that are code
     * @param replaced pieces of the original that are replaced
     */
    public record InPayload(Set<Integer> code, Set<Integer> replaced) {
        public InPayload {
            code = Set.copyOf(code);
            replaced = Set.copyOf(replaced);
        }
    }

    /** @param patchedSource the patched source of the object, behind the preprocessor */
    public RelyOnRegisters(Comparison comparison, SpecialSections tables, AskCompiler compiler, Path patchedSource) {
        this.comparison = comparison;
        this.tables = tables;
        this.compiler = compiler;
        this.patchedSource = patchedSource;
        original = new CallsWithin(comparison.original());
        patched = new CallsWithin(comparison.patched());
    }

    /**
     * {@return whether a function can be left as it runs}
     *
     * @param function the function, a piece of the patched object
     * @param payload what the payload has of the object
     * @param leftOut all functions, pieces of the patched object, that are left as they run though the patched build has
     *     them otherwise
     */
    public boolean fits(int function, InPayload payload, Set<Integer> leftOut) {
        Piece running = comparison
                .correlation()
                .twinOfPatched(comparison.patched().pieces().get(function))
                .orElseThrow();
        boolean callsReplaced = original.from(running.index()).stream().anyMatch(payload.replaced()::contains);
        boolean calledByPayload = payload.code().stream().anyMatch(piece -> patched.isDirect(piece, function));
        return !callsReplaced
                && !(calledByPayload && !running.isGlobal())
                && independent(knowing(function, payload, leftOut));
    }

    /** {@return code that was compiled knowing the patched function, and that runs together with the other one} */
    private Set<Integer> knowing(int function, InPayload payload, Set<Integer> leftOut) {
        Set<Integer> leading = patched.to(function);
        Set<Integer> inPayload =
                payload.code().stream().filter(leading::contains).collect(Collectors.toSet());
        Set<Integer> knowing = new HashSet<>(inPayload);
        for (int piece : inPayload) {
            knowing.addAll(patched.to(piece));
        }
        knowing.removeAll(leftOut);
        knowing.removeIf(index -> {
            Piece piece = comparison.patched().pieces().get(index);
            // A part of a function put elsewhere is compared with the function.
            return piece.role() == SectionRole.INIT || piece.kind() == Piece.Kind.FRAGMENT;
        });
        return knowing;
    }

    private boolean independent(Set<Integer> pieces) {
        if (pieces.isEmpty()) {
            return true;
        }
        if (independent.isEmpty()) {
            independent = Optional.of(findIndependent());
        }
        return independent.get().containsAll(pieces);
    }

    /** {@return the pieces of the patched object that the compiler makes the same without its knowledge of callees} */
    private Set<Integer> findIndependent() {
        Optional<Path> object = compiler.compile(comparison.name(), patchedSource, WITHOUT_KNOWLEDGE);
        if (object.isEmpty()) {
            return Set.of();
        }
        Comparison without = Compare.compare(
                Correlate.correlate(
                        SplitObject.split(comparison.name(), ElfFile.read(object.get()), tables), comparison.patched()),
                LineNumbers.UNMOVED);
        return comparison.patched().pieces().stream()
                .filter(piece -> without.status(piece) == Comparison.Status.SAME)
                .map(Piece::index)
                .collect(Collectors.toSet());
    }
}
