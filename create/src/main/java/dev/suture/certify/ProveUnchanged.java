package dev.suture.certify;

import dev.suture.build.AskCompiler;
import dev.suture.build.xen.AskWholeXenBuild.Sources;
import dev.suture.diff.Compare;
import dev.suture.diff.Comparison;
import dev.suture.diff.Correlate;
import dev.suture.diff.LineNumbers;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.SpecialSections;
import dev.suture.drift.RelyOnRegisters;
import dev.suture.drift.UnchangedInSource;
import dev.suture.linked.SameAlone;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Proves of functions that are not in the running program as they are in the patched one, and not in the payload either,
 * that what runs stays right: the patch changes nothing that they are made from, and the compiler only decided otherwise
 * what to inline.
 *
 * <p>{@code p2m_change_altp2m_gfn()} comes out shorter in the patched program, though the patch is hundreds of lines away
 * from it. The running one is the compiler's work from the same tokens.
 *
 * <p>Before the two sources are compared, the compiler of the patched program has to make the tree's object of the one
 * from before all patches. So flags, files that the assembler reads and the state of the tree cannot be what the functions
 * differ by; the baseline has shown that the tree's object is what runs. The rest of the proof is that of package
 * {@code drift}, with what this certificate has found of the object in the payload; and it is made again by {@link
 * SameAlone}, which reads no source. What only the first of them holds for is listed as not proved.
 */
final class ProveUnchanged {
    private final Program program;
    private final Function<String, Optional<ObjectPieces>> originals;
    private final AskCompiler compiler;
    private final SpecialSections tables;
    private final SameAlone alone;
    /** What was proved a second time, by what the compiler makes of both sources when it looks at each function alone. */
    private final Set<Part> sameAlone = new HashSet<>();

    /**
     * @param originals objects of the unpatched program, by name
     * @param compiler compiles as the patched objects were compiled
     */
    ProveUnchanged(
            Program program,
            Function<String, Optional<ObjectPieces>> originals,
            AskCompiler compiler,
            SpecialSections tables) {
        this.program = program;
        this.originals = originals;
        this.compiler = compiler;
        this.tables = tables;
        alone = new SameAlone(compiler, tables);
    }

    /**
     * {@return a judgement in which what is proved of that kind is no longer missing}
     *
     * @param payloads all that are applied
     * @param sources gives the sources of objects behind the preprocessor, by the objects' names
     */
    Judgement apply(
            JudgeProgram.Result judged,
            List<PayloadContents> payloads,
            Function<List<String>, Map<String, Sources>> sources) {
        Set<Part> inPayload = judged.prove().proved().stream()
                .filter(claim -> !claim.at().isInImage())
                .map(Claim::part)
                .collect(Collectors.toSet());
        Map<Part, Finding> missing = judged.notReplaced();
        Set<String> replaced = payloads.stream()
                .flatMap(payload -> payload.replacedNames().stream())
                .collect(Collectors.toSet());
        Set<Part> proved = prove(missing.keySet(), inPayload, replaced, sources);
        Set<Part> alone = proved.stream().filter(sameAlone::contains).collect(Collectors.toSet());
        return judged.judgement()
                .withUnchanged(
                        alone.stream().map(missing::get).toList(),
                        proved.stream()
                                .filter(part -> !alone.contains(part))
                                .map(missing::get)
                                .toList());
    }

    private Set<Part> prove(
            Set<Part> functions,
            Set<Part> inPayload,
            Set<String> replaced,
            Function<List<String>, Map<String, Sources>> sources) {
        Map<Integer, Set<Integer>> byObject = functions.stream()
                .collect(Collectors.groupingBy(
                        Part::object, TreeMap::new, Collectors.mapping(Part::piece, Collectors.toSet())));
        List<String> names = byObject.keySet().stream()
                .map(object -> program.objects().get(object).name())
                .toList();
        Map<String, Sources> known = names.isEmpty() ? Map.of() : sources.apply(names);
        Set<Part> proved = new HashSet<>();
        byObject.forEach((object, pieces) -> {
            ObjectPieces patched = program.objects().get(object);
            Optional<ObjectPieces> original = originals.apply(patched.name());
            Sources source = known.get(patched.name());
            if (source != null && original.isPresent()) {
                Set<Integer> code = inPayload.stream()
                        .filter(part -> part.object() == object)
                        .map(Part::piece)
                        .filter(piece -> patched.pieces().get(piece).isCode())
                        .collect(Collectors.toSet());
                Set<Integer> left = prove(original.get(), patched, pieces, code, replaced, source);
                left.forEach(piece -> proved.add(new Part(object, piece)));
                left.stream()
                        .filter(piece -> isSameAlone(original.get(), patched, piece, code, replaced, source))
                        .forEach(piece -> sameAlone.add(new Part(object, piece)));
            }
        });
        return proved;
    }

    private Set<Integer> prove(
            ObjectPieces original,
            ObjectPieces patched,
            Set<Integer> functions,
            Set<Integer> inPayload,
            Set<String> replaced,
            Sources source) {
        Comparison comparison = Compare.compare(Correlate.correlate(original, patched), LineNumbers.UNMOVED);
        Optional<UnchangedInSource> unchanged = UnchangedInSource.makes(compiler, source.original(), original, tables)
                ? UnchangedInSource.between(source.original(), source.patched(), comparison)
                : Optional.empty();
        if (unchanged.isEmpty()) {
            return Set.of();
        }
        Set<Integer> left = new TreeSet<>();
        for (int function : functions) {
            Piece piece = patched.pieces().get(function);
            boolean holds = comparison
                    .correlation()
                    .twinOfPatched(piece)
                    .filter(twin -> UnchangedInSource.mayBeAsked(twin, piece)
                            && unchanged.get().holds(twin, piece))
                    .isPresent();
            if (holds) {
                left.add(function);
            }
        }
        RelyOnRegisters registers = new RelyOnRegisters(comparison, tables, compiler, source.built());
        RelyOnRegisters.InPayload payload =
                new RelyOnRegisters.InPayload(inPayload, replaced(comparison, inPayload, replaced));
        boolean shrinks = true;
        while (shrinks) {
            Set<Integer> all = Set.copyOf(left);
            shrinks = left.removeIf(function -> !registers.fits(function, payload, all));
        }
        return left;
    }

    private boolean isSameAlone(
            ObjectPieces original,
            ObjectPieces patched,
            int function,
            Set<Integer> inPayload,
            Set<String> replaced,
            Sources source) {
        SameAlone.Question question = new SameAlone.Question(
                original,
                patched,
                patched.pieces().get(function).name(),
                inPayload,
                index -> isReplaced(original.pieces().get(index), replaced));
        return alone.proves(
                question, Optional.of(new SameAlone.Source(source.original(), source.patched(), source.built())));
    }

    private static boolean isReplaced(Piece piece, Set<String> names) {
        return piece.isCode() && piece.isNamed() && names.contains(piece.name());
    }

    /** {@return the pieces of the original that the payload replaces, by what it has of the patched object and by name} */
    private static Set<Integer> replaced(Comparison comparison, Set<Integer> inPayload, Set<String> names) {
        Set<Integer> replaced = new HashSet<>();
        for (int piece : inPayload) {
            comparison
                    .correlation()
                    .twinOfPatched(comparison.patched().pieces().get(piece))
                    .ifPresent(twin -> replaced.add(twin.index()));
        }
        for (Piece piece : comparison.original().pieces()) {
            if (isReplaced(piece, names)) {
                replaced.add(piece.index());
            }
        }
        return replaced;
    }
}
