package dev.suture.create;

import dev.suture.Refusal;
import dev.suture.build.xen.XenBuildResult;
import dev.suture.certify.InImage;
import dev.suture.diff.Comparison;
import dev.suture.diff.Destinations;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.diff.SectionRole;
import dev.suture.diff.Select;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.LeftOut;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.SplitObject;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.image.Image.ImageSymbol;
import dev.suture.payload.Stack;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Makes sure that the tree's source is what the hypervisor was built from: what a payload replaces, copies or refers to in
 * the patch's own objects must be in {@code xen-syms}, byte for byte, as that source compiles without the patch.
 *
 * <p>For example somebody changed one character of {@code f} after the build, and the file got its old time back. The
 * patch changes another line of {@code f}. Make knows of nothing, the tree's own object is what runs, and the patched
 * object differs from it in both: without this comparison both would go live.
 *
 * <p>The source is compiled once more, and certificates' proof ({@link InImage}) looks for what came of it. Of objects that
 * the patch does not reach nothing is compiled; what the payload uses of them is known by name alone.
 */
final class CompareWithXen {
    private static final String REMEDY =
            "Was the source changed after the hypervisor was built, or is it that of another one? Give the very source that it was"
                    + " built from; what is to change beside the patch belongs into a patch of its own.";

    private final XenBuildResult build;
    private final Image image;
    private final SpecialSections tables;
    private final Stack below;
    private final List<Refusal> refusals = new ArrayList<>();
    /** What has to be in the hypervisor, by the object's number in the selection. */
    private final Map<Integer, Set<Piece>> wanted = new TreeMap<>();

    private CompareWithXen(XenBuildResult build, Image image, SpecialSections tables, Stack below) {
        this.build = build;
        this.image = image;
        this.tables = tables;
        this.below = below;
    }

    /**
     * {@return for each function and variable that is not in the hypervisor as the source says, where and why}
     *
     * @param below what the payloads below have made of the source
     */
    static List<Refusal> check(
            Selection selection, XenBuildResult build, Image image, SpecialSections tables, Stack below) {
        CompareWithXen compare = new CompareWithXen(build, image, tables, below);
        compare.collect(selection);
        compare.check(selection);
        return compare.refusals;
    }

    private void collect(Selection selection) {
        Destinations destinations = Select.destinations(selection);
        for (Chosen chosen : selection.chosen()) {
            int object = chosen.id().object();
            chosen.original()
                    .ifPresent(original -> want(HomeOfPiece.of(selection.objects(), object, original), original));
            ObjectPieces patched = selection.objects().get(object).patched();
            for (Reference reference : patched.references(chosen.piece())) {
                if (destinations.of(object, chosen.piece(), reference) instanceof Selection.InTarget target) {
                    want(target.object(), target.original());
                }
            }
        }
        // Of these it is said that both sources make what runs.
        selection.leftOut().stream()
                .filter(left -> left.cause() == LeftOut.Cause.RUNS_RIGHT)
                .forEach(left -> want(left, selection.objects()));
    }

    private void want(Selection.LeftOut left, List<Comparison> objects) {
        for (int object = 0; object < objects.size(); object++) {
            if (objects.get(object).name().equals(left.object())) {
                Optional<Piece> named = objects.get(object).original().named(left.symbol());
                int number = object;
                named.ifPresent(piece -> want(number, piece));
            }
        }
    }

    private void want(int object, Piece original) {
        switch (original.kind()) {
            case FUNCTION, ASSEMBLY, DATA ->
                wanted.computeIfAbsent(object, _ -> new LinkedHashSet<>()).add(original);
            // These belong to code, with which they are compared.
            case FRAGMENT, STRING, CONSTANT, NAMELESS_DATA, SPECIAL_ENTRY -> {}
        }
    }

    private void check(Selection selection) {
        List<ObjectPieces> objects = new ArrayList<>();
        Map<Integer, Integer> numbers = new LinkedHashMap<>();
        for (int index : wanted.keySet()) {
            Comparison comparison = selection.objects().get(index);
            if (!build.asLinked().containsKey(comparison.name())) {
                // The object is one that a payload below brought.
                continue;
            }
            Optional<Path> file = build.unpatched().apply(comparison.name());
            if (file.isEmpty()) {
                refusals.add(new Refusal(
                        comparison.name(),
                        "",
                        "%s cannot be compiled without the patch by the command that the tree has for it, so nobody knows whether the hypervisor was built from this source"
                                .formatted(comparison.name()),
                        "Build the hypervisor in this tree, and build the payload again."));
                continue;
            }
            numbers.put(index, objects.size());
            objects.add(SplitObject.split(comparison.name(), ElfFile.read(file.get()), tables)
                    .withSourceFile(comparison.original().sourceFile()));
        }
        if (objects.isEmpty()) {
            return;
        }
        InImage inImage = InImage.of(objects, image.elf(), tables);
        numbers.forEach((index, number) -> {
            ObjectPieces object = objects.get(number);
            Set<Piece> pieces = below.patches().isEmpty() ? ofSource(index, object) : everyFunction(object);
            pieces.forEach(piece -> difference(object, number, piece, inImage)
                    .ifPresent(difference -> refuse(object, piece, difference)));
        });
    }

    /** {@return what is wanted of an object, as it is in the one that was compiled from the source} */
    private Set<Piece> ofSource(int index, ObjectPieces object) {
        Set<Piece> pieces = new LinkedHashSet<>();
        for (Piece original : wanted.get(index)) {
            Optional<Piece> same = object.pieces().stream()
                    .filter(piece -> piece.kind() == original.kind()
                            && piece.name().equals(original.name())
                            && piece.section().name().equals(original.section().name()))
                    .findFirst();
            same.ifPresentOrElse(
                    pieces::add,
                    () -> refuse(object, original, "the source that is in the tree makes nothing of that name"));
        }
        return pieces;
    }

    /**
     * {@return all code of an object} On a stack what is replaced may be what a payload below brought, in which an edit of
     * the source hides; so there the whole source has to be that of the hypervisor.
     */
    private static Set<Piece> everyFunction(ObjectPieces object) {
        Set<Piece> pieces = new LinkedHashSet<>();
        for (Piece piece : object.pieces()) {
            if (piece.kind() == Piece.Kind.FUNCTION && piece.role() == SectionRole.CODE) {
                pieces.add(piece);
            }
        }
        return pieces;
    }

    private Optional<String> difference(ObjectPieces object, int number, Piece piece, InImage inImage) {
        return inImage.difference(number, piece).or(() -> otherSize(object, piece));
    }

    private Optional<String> otherSize(ObjectPieces object, Piece piece) {
        if (piece.symbols().isEmpty()) {
            return Optional.empty();
        }
        Symbol symbol = piece.symbols().getFirst();
        String name = symbol.isLocal() ? Image.targetNameOfLocal(object.sourceFile(), symbol.name()) : symbol.name();
        List<Long> sizes =
                image.all(name).stream().map(ImageSymbol::sizeBytes).distinct().toList();
        return sizes.isEmpty() || sizes.contains(symbol.sizeBytes())
                ? Optional.empty()
                : Optional.of("it has %d bytes there, not %d".formatted(sizes.getFirst(), symbol.sizeBytes()));
    }

    private void refuse(ObjectPieces object, Piece piece, String difference) {
        refusals.add(new Refusal(
                object.name(),
                piece.name(),
                "`%s` is not in %s as the tree's source compiles without the patch: %s"
                        .formatted(piece.name(), image.name(), difference),
                REMEDY));
    }
}
