package dev.suture.linked;

import dev.suture.diff.Names;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.diff.UnwindPointers;
import dev.suture.elf.Elf;
import dev.suture.elf.Relocation;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.linked.PayloadFile.Place;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Proves that a piece of the patched program is at a place of the payload: its bytes, in a section that may be written to
 * if its own may, and each of its references leads to what the linked patched program's leads to.
 *
 * <p>What the payload leaves to the loader is bound as the loader does it: by name, first in the file at hand. So a name
 * must mean there what the linker made of the reference. For example {@code helper} of an object that is linked with {@code
 * --wrap=helper} is {@code __wrap_helper} in the patched program; a payload that asks for {@code helper} is refused.
 */
final class ProvePayload {
    private static final int PT_INTERP = 3;

    private final PayloadFile payload;
    private final Side original;
    private final Side patched;
    private final ComparePieces compare;
    private final Image image;
    private final LinkedFile running;
    private final Set<String> imported;
    private final Set<String> exported;
    private final boolean isLibrary;
    private final Set<Finding> byNumber = new LinkedHashSet<>();
    private final Below below;
    private final boolean isLower;
    private final OnlyLines lines = new OnlyLines();
    private final Set<Part> inLines = new HashSet<>();
    private final Map<Claim, Optional<String>> known = new HashMap<>();
    private final Set<Claim> underWay = new HashSet<>();
    private final Set<Claim> proved = new HashSet<>();

    /** That a piece is at a place. */
    record Claim(Part part, Place at) {}

    /** @param below what the payload is stacked on */
    ProvePayload(PayloadFile payload, Side original, Side patched, ComparePieces compare, Image image, Below below) {
        this(payload, original, patched, compare, image, below, false);
    }

    /**
     * {@return what proves a payload that others are stacked on}
     *
     * @param program with the patches of the whole stack below
     * @param below what is below that one
     */
    static ProvePayload ofLower(PayloadFile payload, Side program, ComparePieces compare, Image image, Below below) {
        return new ProvePayload(payload, program, program, compare, image, below, true);
    }

    private ProvePayload(
            PayloadFile payload,
            Side original,
            Side patched,
            ComparePieces compare,
            Image image,
            Below below,
            boolean isLower) {
        this.isLower = isLower;
        this.payload = payload;
        this.original = original;
        this.patched = patched;
        this.compare = compare;
        this.image = image;
        running = new LinkedFile(image.elf(), image.symbolsFrom());
        this.below = below;
        imported = new HashSet<>();
        exported = new HashSet<>();
        for (Symbol symbol : image.elf().dynamicSymbols()) {
            (symbol.isUndefined() ? imported : exported).add(symbol.name());
        }
        isLibrary = image.elf().header().type() == Elf.ET_DYN
                && image.elf().segments().stream().noneMatch(segment -> segment.type() == PT_INTERP);
    }

    /** {@return what differs first, in words; empty if the piece is there} */
    Optional<String> difference(Part part, Place at) {
        Claim claim = new Claim(part, at);
        Optional<String> result = known.get(claim);
        if (result != null) {
            return result;
        }
        if (!underWay.add(claim)) {
            return Optional.empty();
        }
        boolean outermost = underWay.size() == 1;
        result = check(part, at);
        underWay.remove(claim);
        if (outermost || result.isPresent()) {
            known.put(claim, result);
        }
        if (result.isEmpty()) {
            proved.add(claim);
        }
        return result;
    }

    /** {@return variables of several with one name, of which only a number says which they are} */
    Set<Finding> byNumber() {
        return Set.copyOf(byNumber);
    }

    /** {@return whether numbers in a piece were taken for lines of its source} */
    boolean differsInLines(Part part) {
        return inLines.contains(part);
    }

    /** {@return what was found to be in the payload} */
    Set<Claim> proved() {
        return Set.copyOf(proved);
    }

    private Optional<String> check(Part part, Place at) {
        Piece piece = part.piece();
        Section section = payload.section(at);
        Optional<MemorySegment> found = payload.bytes(at, piece.sizeBytes());
        if (found.isEmpty()) {
            return Optional.of("the payload's %s ends before it".formatted(section.name()));
        }
        if (section.has(Elf.SHF_WRITE) != part.isWritable() || section.isCode() != piece.isCode()) {
            return Optional.of("the payload has it in %s, and the program in %s"
                    .formatted(section.name(), piece.section().name()));
        }
        if (piece.section().has(Elf.SHF_TLS)) {
            return Optional.of("it is thread-local");
        }
        if (!part.isAligned(section, at.offset())) {
            return Optional.of("the payload has it at an address that is not as aligned as in the program");
        }
        if (part.isVariable()
                && runsAlready(part)
                && UnwindPointers.target(part.object(), piece).isEmpty()) {
            return Optional.of("the payload has a variable of its own in the place of one that there is");
        }
        MemorySegment wanted =
                piece.section().isNobits() ? MemorySegment.ofArray(new byte[(int) piece.sizeBytes()]) : part.contents();
        long different = wanted.mismatch(found.get());
        if (different >= 0 && isLower && lines.explain(part, wanted, found.get())) {
            // Each payload is compiled with the lines of what was there before it, and the program with its own.
            inLines.add(part);
        } else if (different >= 0) {
            return Optional.of("first difference at +0x%x".formatted(different));
        }
        return checkReferences(part, at);
    }

    /** {@return whether the program has a variable of that name; of numbered ones, whether it has as many} */
    private boolean runsAlready(Part variable) {
        if (isLower) {
            // What others are stacked on brings what the program itself has not.
            return !Names.isNumbered(variable.name())
                    && variable.keys().stream().anyMatch(key -> !image.all(key).isEmpty());
        }
        if (!Names.isNumbered(variable.name())) {
            return variable.keys().stream().anyMatch(key -> isIn(original.file(), variable, key));
        }
        return count(patched, variable) <= count(original, variable);
    }

    private static boolean isIn(LinkedFile file, Part part, String key) {
        Symbol symbol = part.piece().symbols().getFirst();
        return symbol.isLocal()
                ? !file.locals(part.object().sourceFile(), symbol.name()).isEmpty()
                : file.global(key).isPresent();
    }

    private static long count(Side side, Part variable) {
        String stem = Names.stem(variable.name());
        return side.object(variable.object().name())
                .map(object -> object.pieces().stream()
                        .filter(piece -> piece.kind() == Piece.Kind.DATA
                                && Names.stem(piece.name()).equals(stem))
                        .count())
                .orElse(0L);
    }

    private Optional<String> checkReferences(Part part, Place at) {
        List<Reference> wanted = part.object().references(part.piece());
        List<Relocation> found = payload.relocations(at, part.piece().sizeBytes());
        if (wanted.size() != found.size()) {
            return Optional.of(
                    "the payload has %d references in it instead of %d".formatted(found.size(), wanted.size()));
        }
        for (int i = 0; i < wanted.size(); i++) {
            Reference reference = wanted.get(i);
            Relocation relocation = found.get(i);
            boolean alike = relocation.sectionOffset() - at.offset() == reference.pieceOffset()
                    && relocation.type() == reference.relocation().type();
            Optional<String> difference =
                    alike ? check(part, reference, relocation) : Optional.of("the payload has another reference there");
            if (difference.isPresent()) {
                return difference.map(why -> "%s (at +0x%x)".formatted(why, reference.pieceOffset()));
            }
        }
        return Optional.empty();
    }

    private Optional<String> check(Part part, Reference reference, Relocation relocation) {
        Symbol inObject = ComparePieces.symbol(part, reference);
        if (inObject.isLocal()) {
            return switch (reference.target()) {
                case Reference.InPiece target -> {
                    Part to = new Part(part.object(), part.object().pieces().get(target.pieceIndex()));
                    yield checkPart(to, target.delta(), target.statedDelta(), relocation);
                }
                case Reference.Constant(long value) -> {
                    Symbol symbol = payload.symbol(relocation);
                    boolean same =
                            symbol.place() == Symbol.Place.ABSOLUTE && symbol.value() + relocation.addend() == value;
                    yield same ? Optional.empty() : Optional.of("another number");
                }
                case Reference.Nothing _ -> Optional.of("it refers to an empty section");
                case Reference.Elsewhere _ -> Optional.of("it refers to a local symbol that is not there");
            };
        }
        long delta = 0;
        long addend = reference.relocation().addend();
        if (reference.target() instanceof Reference.InPiece target) {
            Part own = new Part(part.object(), part.object().pieces().get(target.pieceIndex()));
            delta = inObject.value() - own.piece().sectionOffset();
        }
        return checkGlobal(part, reference, inObject, addend, delta, relocation);
    }

    /** A reference that the linker bound: what it made of it in the patched program counts. */
    private Optional<String> checkGlobal(
            Part part, Reference reference, Symbol inObject, long addend, long delta, Relocation relocation) {
        String name = Part.plain(inObject);
        List<Node> nodes = new ArrayList<>();
        for (long address : patched.addresses(part)) {
            nodes.add(patched.node(part, address, reference));
        }
        if (nodes.isEmpty()) {
            // Without an address of its own it is bound by the name that it refers to, unless that is wrapped.
            nodes.add(byName(name));
        }
        for (Node node : nodes) {
            Optional<String> difference = check(node, name, addend, delta, relocation);
            if (difference.isPresent()) {
                return difference;
            }
        }
        return Optional.empty();
    }

    private Node byName(String name) {
        Optional<Symbol> own = patched.file().global(name);
        if (own.isEmpty()) {
            return new Node.Dynamic(name, "");
        }
        Symbol symbol = own.get();
        if (symbol.type() == Elf.STT_TLS) {
            return new Node.ThreadLocal(symbol.value());
        }
        return symbol.type() == Elf.STT_GNU_IFUNC ? new Node.Chosen(symbol.value()) : new Node.At(symbol.value());
    }

    private Optional<String> check(Node node, String name, long addend, long delta, Relocation relocation) {
        Symbol symbol = payload.symbol(relocation);
        if (symbol.isInSection()) {
            List<Part> owners = patched.names(node).stream()
                    .flatMap(key -> patched.linked(key).stream())
                    .distinct()
                    .toList();
            if (!(node instanceof Node.At) || owners.isEmpty()) {
                return Optional.of("the payload brings `%s`, which the patched program has elsewhere".formatted(name));
            }
            Place stated = new Place(symbol.sectionIndex(), symbol.value() + relocation.addend() - addend - delta);
            return owners.stream()
                    .map(owner -> difference(owner, stated)
                            .map(why -> "`%s`, which it uses, differs: %s".formatted(owner.name(), why)))
                    .flatMap(Optional::stream)
                    .findFirst();
        }
        if (!symbol.isUndefined() || relocation.addend() != addend) {
            return Optional.of("the payload refers to another place of `%s`".formatted(name));
        }
        return checkBound(node, name, symbol);
    }

    /** The loader will look for the symbol's name. */
    private Optional<String> checkBound(Node node, String name, Symbol symbol) {
        String asked = symbol.name();
        return switch (node) {
            case Node.At _, Node.Chosen _, Node.ThreadLocal _ -> checkOwn(node, asked, symbol);
            case Node.Dynamic(String wanted, String version) -> checkDynamic(wanted, version, asked, symbol);
            case Node.Number(long value) -> checkNumber(value, name, asked, symbol);
            case Node.Unknown(String why) -> Optional.of("what `%s` is cannot be told: %s".formatted(name, why));
        };
    }

    private Optional<String> checkOwn(Node node, String asked, Symbol symbol) {
        Set<String> names = patched.names(node);
        if (isBelow(asked)) {
            List<Part> parts = names.stream()
                    .flatMap(name -> patched.linked(name).stream())
                    .distinct()
                    .toList();
            return below.difference(parts, asked);
        }
        if (exported.contains(asked) && symbol.visibility() == 0 && isLibrary) {
            return Optional.of("the patched program binds `%s` itself, and the payload lets the dynamic linker find it"
                    .formatted(asked));
        }
        if (!names.contains(asked)) {
            return Optional.of("the payload asks for `%s`, and the patched program has %s there"
                    .formatted(asked, names.isEmpty() ? "nothing with a name" : names));
        }
        List<Part> owners = patched.linked(asked);
        if (owners.isEmpty()) {
            boolean sameOwner = original.linked(asked).isEmpty()
                    && original.file().global(asked).isPresent();
            if (!isInFile(asked)) {
                return Optional.of("the file at hand has no `%s`".formatted(asked));
            }
            return sameOwner ? Optional.empty() : compare.differenceOfOwners(asked);
        }
        return owners.stream()
                .map(owner -> checkRunning(owner, 0, asked))
                .flatMap(Optional::stream)
                .findFirst();
    }

    private boolean isBelow(String asked) {
        return below.brings(asked) && !isInFile(asked);
    }

    private boolean isInFile(String name) {
        return image.find(name).isPresent()
                || image.elf().dynamicSymbols().stream()
                        .anyMatch(
                                symbol -> symbol.isInSection() && symbol.name().equals(name));
    }

    private Optional<String> checkDynamic(String wanted, String version, String asked, Symbol symbol) {
        if (!wanted.equals(asked)) {
            return Optional.of("the payload asks for `%s`, and the patched program for `%s`".formatted(asked, wanted));
        }
        boolean own = patched.file().global(wanted).isPresent();
        if (own) {
            return symbol.visibility() == 0
                    ? Optional.empty()
                    : Optional.of("the patched program lets the dynamic linker find `%s`".formatted(asked));
        }
        if (isInFile(asked)) {
            return Optional.of("`%s` is another library's in the patched program, and the file at hand has its own"
                    .formatted(asked));
        }
        return !imported.contains(asked) || SymbolVersions.asks(image.elf(), asked, version)
                ? Optional.empty()
                : Optional.of("the patched program needs `%s` in version %s, and the running one has another"
                        .formatted(asked, version));
    }

    private Optional<String> checkNumber(long value, String name, String asked, Symbol symbol) {
        if (value == 0 && symbol.binding() == Elf.STB_WEAK && asked.equals(name)) {
            return isInFile(asked)
                    ? Optional.of(
                            "nobody defines `%s` in the patched program, and the file at hand does".formatted(asked))
                    : Optional.empty();
        }
        boolean same = asked.equals(name)
                && image.symbolsFrom().symbols().stream()
                        .anyMatch(known -> known.name().equals(name)
                                && known.place() == Symbol.Place.ABSOLUTE
                                && known.value() == value);
        return same ? Optional.empty() : Optional.of("`%s` is %d in the patched program".formatted(name, value));
    }

    /** A reference that the compiler bound, to a part of the same object. */
    private Optional<String> checkPart(Part to, long delta, long statedDelta, Relocation relocation) {
        Symbol symbol = payload.symbol(relocation);
        if (symbol.isInSection()) {
            Place start = new Place(symbol.sectionIndex(), symbol.value() + relocation.addend() - statedDelta);
            return difference(to, start).map(why -> "`%s`, which it uses, differs: %s".formatted(to.name(), why));
        }
        if (!symbol.isUndefined() || relocation.addend() != statedDelta) {
            return Optional.of("the payload refers to another place of `%s`".formatted(to.name()));
        }
        return checkRunning(to, delta, symbol.name());
    }

    /** {@return why what the running program has under a name is not a part of the patched one} */
    private Optional<String> checkRunning(Part to, long delta, String asked) {
        if (isBelow(asked)) {
            return below.difference(List.of(to), asked);
        }
        boolean named = to.keys().contains(asked)
                || compare.nameBefore(to)
                        .map(name -> Image.targetNameOfLocal(to.object().sourceFile(), name))
                        .filter(asked::equals)
                        .isPresent()
                || Names.isNumbered(to.name())
                        && Names.stem(asked)
                                .equals(Image.targetNameOfLocal(to.object().sourceFile(), Names.stem(to.name())));
        if (!named || !isInFile(asked)) {
            return Optional.of("the payload asks for `%s` instead of `%s`".formatted(asked, to.name()));
        }
        if (Names.isNumbered(to.name()) && to.isVariable() && count(original, to) > 1) {
            byNumber.add(new Finding(
                    to.object().name(),
                    to.name(),
                    "`%s` is taken for it, and only the order of what the compiler numbered tells which of them it is"
                            .formatted(asked)));
        }
        List<Part> before = original.linked(asked);
        if (before.isEmpty()) {
            return compare.differenceOfOwners(asked);
        }
        boolean byName = to.piece().kind() == Piece.Kind.FUNCTION && delta == 0 || to.isVariable();
        if (byName) {
            return Optional.empty();
        }
        // A payload below may have brought another one, which the program with its patches has under this name.
        boolean isOld = to.piece().kind() == Piece.Kind.DATA
                && image.find(asked)
                        .filter(there -> !Side.hasBytes(running, to, there.address()))
                        .isPresent();
        if (isOld) {
            return Optional.of("the running `%s` has other contents".formatted(asked));
        }
        return before.stream()
                .map(part -> compare.difference(part, to))
                .flatMap(Optional::stream)
                .findFirst()
                .map(why -> "it uses the running `%s`, which the patch changes: %s".formatted(to.name(), why));
    }
}
