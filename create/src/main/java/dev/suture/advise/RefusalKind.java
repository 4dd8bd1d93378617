package dev.suture.advise;

import dev.suture.Refusal;
import dev.suture.build.ObjectPair;
import dev.suture.create.ExamineXenPatch;
import dev.suture.diff.Comparison;
import dev.suture.diff.Piece;
import dev.suture.diff.SectionRole;
import dev.suture.dwarf.LayoutChanges;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Tells of what kind a refusal is, from the piece or type that it is about. */
final class RefusalKind {
    private static final Pattern NUMBER = Pattern.compile("\\.[0-9a-z.]+$");
    private static final String PER_CPU = "per_cpu__";

    private final ExamineXenPatch examined;
    private final List<ObjectPair> pairs;

    RefusalKind(ExamineXenPatch examined, List<ObjectPair> pairs) {
        this.examined = examined;
        this.pairs = List.copyOf(pairs);
    }

    /** {@return the layout change that a refusal is about} */
    Optional<LayoutChanges.Combined> type(Refusal refusal) {
        return examined.typeChanges().stream()
                .filter(change -> change.change().typeName().equals(refusal.symbol()))
                .findFirst();
    }

    Verdict of(Refusal refusal) {
        if (type(refusal).isPresent()) {
            return Verdict.LAYOUT;
        }
        if (source(refusal).endsWith(".S")) {
            return Verdict.ASSEMBLY;
        }
        Optional<Piece> piece = piece(refusal);
        if (piece.isEmpty()) {
            return Verdict.REFUSED;
        }
        if (piece.get().kind() == Piece.Kind.ASSEMBLY
                || piece.get().section().name().equals(".text.entry")) {
            return Verdict.ASSEMBLY;
        }
        if (piece.get().role() == SectionRole.PER_CPU) {
            return Verdict.PER_CPU;
        }
        return piece.get().isCode() ? Verdict.REFUSED : Verdict.DATA;
    }

    /** {@return the comparison of the object that a refusal is about} */
    Optional<Comparison> comparison(Refusal refusal) {
        return examined.selection().objects().stream()
                .filter(object -> object.name().equals(refusal.object()))
                .findFirst();
    }

    /** {@return what a refusal is about, in the object as it becomes} */
    Optional<Piece> piece(Refusal refusal) {
        return comparison(refusal)
                .flatMap(object -> object.patched().pieces().stream()
                        .filter(piece -> piece.name().equals(refusal.symbol()))
                        .findFirst());
    }

    /** {@return the source of the object that a refusal is about, relative to {@code xen/}; empty if not known} */
    String source(Refusal refusal) {
        return pairs.stream()
                .filter(pair -> pair.name().equals(refusal.object()))
                .map(ObjectPair::source)
                .findFirst()
                .orElse("");
    }

    /** {@return a symbol's name as the source has it: without what compilers and per-CPU macros add} */
    static String inSource(String symbol) {
        String name = symbol.startsWith(PER_CPU) ? symbol.substring(PER_CPU.length()) : symbol;
        name = name.substring(name.lastIndexOf(' ') + 1);
        return NUMBER.matcher(name).replaceFirst("");
    }
}
