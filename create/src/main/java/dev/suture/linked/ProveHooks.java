package dev.suture.linked;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.diff.SectionRole;
import dev.suture.elf.Relocation;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.linked.PayloadFile.Place;
import dev.suture.payload.PayloadSections;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Proves that a payload has the hooks of the patch, each in its section and in their order, and no others. */
final class ProveHooks {
    private static final int POINTER_BYTES = 8;

    private final PayloadFile payload;
    private final Side patched;
    private final ProvePayload prove;
    private final Set<String> others;
    private final List<String> hooks = new ArrayList<>();
    private final List<Finding> missing = new ArrayList<>();
    private final List<Finding> extra = new ArrayList<>();

    private ProveHooks(PayloadFile payload, Side patched, ProvePayload prove, Set<String> others) {
        this.others = others;
        this.payload = payload;
        this.patched = patched;
        this.prove = prove;
    }

    /**
     * What was found.
     *
     * @param hooks the functions that were proved, with their kinds
     */
    record Result(List<String> hooks, List<Finding> missing, List<Finding> extra) {}

    /** @param others objects whose hooks other payloads have */
    static Result check(PayloadFile payload, Side patched, ProvePayload prove, Set<String> others) {
        ProveHooks work = new ProveHooks(payload, patched, prove, others);
        work.check();
        return new Result(work.hooks, work.missing, work.extra);
    }

    private void check() {
        Map<String, List<Part>> wanted = new TreeMap<>();
        for (ObjectPieces object : patched.objects()) {
            for (Piece piece : object.pieces()) {
                boolean isHook = piece.role() == SectionRole.HOOKS && piece.sizeBytes() > 0;
                if (isHook && !others.contains(object.name())) {
                    wanted.computeIfAbsent(piece.section().name(), _ -> new ArrayList<>())
                            .add(new Part(object, piece));
                }
            }
        }
        Map<String, Section> there = new TreeMap<>();
        for (Section section : payload.elf().sections()) {
            if (section.name().startsWith(PayloadSections.HOOKS)
                    && section.sizeBytes() > 0
                    && there.put(section.name(), section) != null) {
                extra.add(new Finding("", section.name(), "the payload has two sections of that name"));
            }
        }
        wanted.forEach((name, parts) -> check(name, parts, Optional.ofNullable(there.remove(name))));
        there.keySet().forEach(name -> extra.add(new Finding("", name, "the patch has no hook of that kind")));
    }

    private void check(String name, List<Part> parts, Optional<Section> section) {
        List<Relocation> found = section.map(
                        known -> payload.relocations(new Place(known.index(), 0), known.sizeBytes()))
                .orElse(List.of());
        List<Reference> wanted = new ArrayList<>();
        List<Part> owners = new ArrayList<>();
        for (Part part : parts) {
            for (Reference reference : part.object().references(part.piece())) {
                wanted.add(reference);
                owners.add(part);
            }
        }
        long bytes = section.map(Section::sizeBytes).orElse(0L);
        if (found.size() != wanted.size() || bytes != (long) POINTER_BYTES * wanted.size()) {
            missing.add(new Finding(
                    "",
                    name,
                    "the payload has %d hooks of that kind instead of %d".formatted(found.size(), wanted.size())));
            return;
        }
        for (int i = 0; i < wanted.size(); i++) {
            check(name, owners.get(i), wanted.get(i), found.get(i));
        }
    }

    private void check(String name, Part owner, Reference wanted, Relocation here) {
        Symbol symbol = payload.symbol(here);
        boolean leads = wanted.target() instanceof Reference.InPiece && symbol.isInSection();
        if (!leads || here.type() != wanted.relocation().type()) {
            missing.add(new Finding(owner.object().name(), name, "the payload's hook is not the patch's"));
            return;
        }
        Reference.InPiece target = (Reference.InPiece) wanted.target();
        Part function = new Part(owner.object(), owner.object().pieces().get(target.pieceIndex()));
        Place at = new Place(symbol.sectionIndex(), symbol.value() + here.addend() - target.statedDelta());
        Optional<String> difference = prove.difference(function, at);
        if (difference.isPresent()) {
            missing.add(new Finding(
                    owner.object().name(), function.name(), "the payload's hook is not this: " + difference.get()));
        } else {
            hooks.add("%s (%s)".formatted(function.name(), name.substring(PayloadSections.HOOKS.length())));
        }
    }
}
