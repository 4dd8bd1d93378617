package dev.suture.link;

import dev.suture.Refusal;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Finds the names by which the target knows things, and refuses what it would not find or find wrongly. */
final class NameSymbols {
    private final Image image;
    private final Set<String> stackSymbols;
    private final boolean process;
    private final Set<Refusal> refusals = new LinkedHashSet<>();

    private NameSymbols(Image image, Set<String> stackSymbols, boolean process) {
        this.image = image;
        this.stackSymbols = stackSymbols;
        this.process = process;
    }

    /** {@return the names of a hypervisor, which has everything that it refers to} */
    static NameSymbols inHypervisor(Image image, Set<String> stackSymbols) {
        return new NameSymbols(image, stackSymbols, false);
    }

    /** {@return the names of a program, which may have libraries; what these have is known when it runs} */
    static NameSymbols inProcess(Image image, Set<String> stackSymbols) {
        return new NameSymbols(image, stackSymbols, true);
    }

    Set<Refusal> refusals() {
        return refusals;
    }

    /** {@return the name of a piece of an object, local or global} */
    static String targetName(ObjectPieces object, Symbol symbol) {
        return symbol.isLocal() ? Image.targetNameOfLocal(object.sourceFile(), symbol.name()) : symbol.name();
    }

    /** {@return the name by which the target finds a piece of an original object} */
    Optional<String> ofOriginal(ObjectPieces object, Piece piece, String usedBy) {
        List<String> names = piece.symbols().stream()
                .map(symbol -> targetName(object, symbol))
                .toList();
        Optional<String> found =
                names.stream().filter(name -> image.find(name).isPresent()).findFirst();
        if (found.isEmpty()) {
            refuse(object.name(), names.isEmpty() ? piece.name() : names.getFirst(), usedBy);
        }
        return found;
    }

    /** {@return the name of a global symbol, if the target or a payload below has it} */
    Optional<String> ofGlobal(String object, String symbolName, String usedBy) {
        boolean known =
                stackSymbols.contains(symbolName) || image.find(symbolName).isPresent();
        if (known || process && !image.isAmbiguous(symbolName)) {
            return Optional.of(symbolName);
        }
        refuse(object, symbolName, usedBy);
        return Optional.empty();
    }

    private void refuse(String object, String name, String usedBy) {
        if (process) {
            refuseInProcess(object, name, usedBy);
        } else if (image.isAmbiguous(name)) {
            refusals.add(new Refusal(
                    object,
                    name,
                    "`%s` refers to `%s`, and the running hypervisor has several of that name".formatted(usedBy, name),
                    "Build the hypervisor with CONFIG_ENFORCE_UNIQUE_SYMBOLS, or let the patch avoid the reference."));
        } else if (name.equals(usedBy) || name.endsWith("#" + usedBy)) {
            refusals.add(new Refusal(
                    object,
                    name,
                    "`%s` is to be replaced, and %s does not have it".formatted(name, image.name()),
                    "Check that the tree's objects are those the running hypervisor was linked from."));
        } else {
            refusals.add(new Refusal(
                    object,
                    name,
                    "`%s` refers to `%s`, which %s does not have".formatted(usedBy, name, image.name()),
                    "Check that the tree's objects are those the running hypervisor was linked from; if a payload below "
                            + "this one brings the symbol, name that payload with --depends."));
        }
    }

    private void refuseInProcess(String object, String name, String usedBy) {
        if (image.isAmbiguous(name)) {
            refusals.add(new Refusal(
                    object,
                    name,
                    "`%s` refers to `%s`, and %s has several of that name".formatted(usedBy, name, image.name()),
                    "Two of its sources have the same file name; let the patch avoid the reference."));
        } else {
            refusals.add(new Refusal(
                    object,
                    name,
                    "`%s` refers to `%s`, which %s does not have".formatted(usedBy, name, image.name()),
                    "The compiler or linker left it out of the program, as nothing used it there. Let the patch bring a copy "
                            + "of its own under another name."));
        }
    }
}
