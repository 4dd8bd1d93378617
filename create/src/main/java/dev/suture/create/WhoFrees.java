package dev.suture.create;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.elf.Elf;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.image.Image.ImageSymbol;
import dev.suture.image.LinkedCode;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Finds patches that change both who makes objects and who frees them: what the old code made is freed by the new code.
 *
 * <p>CVE-2022-40304 of libxml2: {@code xmlCreateEntity()} no longer takes strings from the dictionary, and {@code
 * xmlFreeEntity()} no longer asks whether they are from there. Entities that were made before die in {@code free()}.
 *
 * <p>Memory is got and given back by functions of the C library or of Xen, by variables that hold the address of such a one,
 * and by short functions of the program that call one.
 */
final class WhoFrees {
    /** @see "ISO C 7.22.3; POSIX; Xen xen/include/xen/xmalloc.h, xen/include/xen/mm.h" */
    private static final Set<String> MAKE = Set.of(
            "malloc",
            "calloc",
            "realloc",
            "reallocarray",
            "strdup",
            "strndup",
            "aligned_alloc",
            "posix_memalign",
            "_xmalloc",
            "_xzalloc",
            "_xrealloc",
            "alloc_xenheap_pages",
            "alloc_domheap_pages");

    private static final Set<String> FREE = Set.of("free", "xfree", "free_xenheap_pages", "free_domheap_pages");

    /** In bytes: what is longer does more than to pass on a call. */
    private static final int LONGEST_WRAPPER = 256;

    private static final int DEEPEST_WRAPPER = 2;
    private static final int SHOWN = 3;

    private final Image image;
    private final LinkedCode linked;
    private final Map<String, Boolean> makes = new HashMap<>();
    private final Map<String, Boolean> frees = new HashMap<>();

    private WhoFrees(Image image) {
        this.image = image;
        linked = new LinkedCode(image.elf());
    }

    /** {@return what is to be said of a selection, a sentence without a full stop each} */
    static List<String> warnings(Selection selection, Image image) {
        WhoFrees work = new WhoFrees(image);
        List<String> makers = new ArrayList<>();
        List<String> freers = new ArrayList<>();
        for (Chosen chosen : selection.replaced()) {
            ObjectPieces original =
                    selection.objects().get(chosen.id().object()).original();
            ObjectPieces patched = selection.objects().get(chosen.id().object()).patched();
            if (chosen.original().isEmpty()
                    || original.pieces().size() <= chosen.original().get().index()) {
                continue;
            }
            Set<String> before = used(original, chosen.original().get());
            Set<String> after = used(patched, chosen.piece());
            change(chosen.piece().name(), before, after).ifPresent(change -> {
                if (work.anyOf(before, after, work.makes, MAKE)) {
                    makers.add(change);
                }
                if (work.anyOf(before, after, work.frees, FREE)) {
                    freers.add(change);
                }
            });
        }
        boolean both = !makers.isEmpty() && !freers.isEmpty() && (makers.size() > 1 || !makers.equals(freers));
        return both
                ? List.of(
                        ("the patch changes both who makes objects (%s) and who frees them (%s): what the running code made"
                                        + " before is freed by the new code, so see that it can be")
                                .formatted(list(makers), list(freers)))
                : List.of();
    }

    private static String list(List<String> changes) {
        String shown = changes.stream().limit(SHOWN).collect(Collectors.joining("; "));
        return changes.size() > SHOWN ? "%s; and %d more".formatted(shown, changes.size() - SHOWN) : shown;
    }

    /** {@return in words what a function no longer uses, and what it uses now} */
    private static Optional<String> change(String function, Set<String> before, Set<String> after) {
        Set<String> gone = new TreeSet<>(before);
        gone.removeAll(after);
        Set<String> come = new TreeSet<>(after);
        come.removeAll(before);
        List<String> parts = new ArrayList<>();
        if (!gone.isEmpty()) {
            parts.add("no longer uses " + names(gone));
        }
        if (!come.isEmpty()) {
            parts.add((gone.isEmpty() ? "uses " : "but ") + names(come));
        }
        return parts.isEmpty()
                ? Optional.empty()
                : Optional.of("`%s` %s".formatted(function, String.join(", ", parts)));
    }

    private static String names(Set<String> names) {
        return names.stream().map("`%s`"::formatted).collect(Collectors.joining(", "));
    }

    /** {@return the functions and global variables that the code of a function refers to} */
    private static Set<String> used(ObjectPieces object, Piece function) {
        Set<String> used = new TreeSet<>();
        for (Reference reference : object.references(function)) {
            switch (reference.target()) {
                case Reference.Elsewhere target -> used.add(target.symbol().name());
                case Reference.InPiece target -> {
                    Piece piece = object.pieces().get(target.pieceIndex());
                    boolean isOther = piece.index() != function.index()
                            && !piece.symbols().isEmpty();
                    if (isOther && (piece.kind() == Piece.Kind.FUNCTION || piece.isGlobal())) {
                        used.add(piece.name());
                    }
                }
                case Reference.Nothing _, Reference.Constant _ -> {}
            }
        }
        used.remove("");
        return used;
    }

    private boolean anyOf(Set<String> before, Set<String> after, Map<String, Boolean> known, Set<String> base) {
        return Stream.concat(before.stream(), after.stream()).anyMatch(name -> isOf(name, known, base, 0));
    }

    private boolean isOf(String name, Map<String, Boolean> known, Set<String> base, int depth) {
        Boolean answer = known.get(name);
        if (answer == null) {
            known.put(name, false);
            answer = isBase(name, base)
                    || image.find(name)
                            .filter(symbol -> leadsTo(symbol, known, base, depth))
                            .isPresent();
            known.put(name, answer);
        }
        return answer;
    }

    /** A program may call something of its own by such a name; that is looked at like any other function. */
    private boolean isBase(String name, Set<String> base) {
        boolean isXen = image.elf().dynamicSymbols().isEmpty();
        return base.contains(name) && (isXen || linked.imports().contains(name));
    }

    private boolean leadsTo(ImageSymbol symbol, Map<String, Boolean> known, Set<String> base, int depth) {
        if (symbol.type() == Elf.STT_OBJECT) {
            return base.stream().anyMatch(name -> linked.slotHolds(symbol.address(), name, OptionalLong.empty()));
        }
        if (symbol.type() != Elf.STT_FUNC || symbol.sizeBytes() > LONGEST_WRAPPER || depth == DEEPEST_WRAPPER) {
            return false;
        }
        Optional<MemorySegment> code = linked.bytes(symbol.address(), symbol.sizeBytes());
        return code.isPresent()
                && calls(code.get(), symbol.address()).stream()
                        .anyMatch(target -> callsBase(target, known, base, depth));
    }

    private List<Long> calls(MemorySegment code, long address) {
        List<Long> targets = new ArrayList<>();
        Isa isa = Isa.of(image.elf().header().machine());
        long at = 0;
        Optional<Instruction> decoded = isa.decode(code, at);
        while (decoded.isPresent() && at < code.byteSize()) {
            OptionalLong target = decoded.get().branchTarget(code);
            if (target.isPresent() && (target.getAsLong() < 0 || target.getAsLong() >= code.byteSize())) {
                targets.add(address + target.getAsLong());
            }
            at = decoded.get().endOffset();
            decoded = at < code.byteSize() ? isa.decode(code, at) : Optional.empty();
        }
        return targets;
    }

    private boolean callsBase(long target, Map<String, Boolean> known, Set<String> base, int depth) {
        OptionalLong slot = linked.slotOfStub(target);
        if (slot.isPresent()) {
            return base.stream().anyMatch(name -> linked.slotHolds(slot.getAsLong(), name, OptionalLong.empty()));
        }
        return image.symbolsFrom().symbols().stream()
                .filter(symbol -> symbol.isInSection() && symbol.isFunction() && symbol.value() == target)
                .map(Symbol::name)
                .anyMatch(name -> isOf(name, known, base, depth + 1));
    }
}
