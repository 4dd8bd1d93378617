package dev.suture.link;

import dev.suture.Refusal;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.payload.Stack;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/** Finds the names by which the target knows things, and refuses what it would not find or find wrongly. */
final class NameSymbols {
    private final Image image;
    private final Set<String> stackSymbols;
    private final Stack below;
    private final boolean process;
    private final Set<Refusal> refusals = new LinkedHashSet<>();

    private NameSymbols(Image image, Set<String> stackSymbols, Stack below, boolean process) {
        this.image = image;
        this.stackSymbols = stackSymbols;
        this.below = below;
        this.process = process;
    }

    /** {@return the names of a hypervisor, which has everything that it refers to} */
    static NameSymbols inHypervisor(Image image, Set<String> stackSymbols, Stack below) {
        return new NameSymbols(image, stackSymbols, below, false);
    }

    /** {@return the names of a program, which may have libraries; what these have is known when it runs} */
    static NameSymbols inProcess(Image image, Set<String> stackSymbols, Stack below) {
        return new NameSymbols(image, stackSymbols, below, true);
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
        Optional<String> found = ofOriginal(object, piece);
        if (found.isEmpty()) {
            refuse(
                    object.name(),
                    piece.symbols().isEmpty()
                            ? piece.name()
                            : targetName(object, piece.symbols().getFirst()),
                    usedBy);
        }
        return found;
    }

    /** {@return the name by which the target finds a piece of an original object, if it has it} */
    Optional<String> ofOriginal(ObjectPieces object, Piece piece) {
        return piece.symbols().stream()
                .map(symbol -> targetName(object, symbol))
                .filter(this::isInTarget)
                .map(name -> below.symbol(name).orElseThrow())
                .findFirst();
    }

    /** What the payloads below say of a name was checked when they were made. */
    private boolean isInTarget(String name) {
        return below.names().containsKey(name)
                ? below.symbol(name).isPresent()
                : image.find(name).isPresent();
    }

    /** {@return what the payloads below have made of the source} */
    Stack below() {
        return below;
    }

    /** {@return whether the target itself has exactly one thing of that name} */
    boolean isInImage(String name) {
        return image.find(name).isPresent();
    }

    /** {@return the name of a global symbol, if the target or a payload below has it} */
    Optional<String> ofGlobal(String object, String symbolName, String usedBy) {
        Optional<String> inStack = below.symbol(symbolName);
        if (below.names().containsKey(symbolName)) {
            if (inStack.isEmpty()) {
                refuse(object, symbolName, usedBy);
            }
            return inStack;
        }
        boolean known =
                stackSymbols.contains(symbolName) || image.find(symbolName).isPresent();
        if (known || process && !image.isAmbiguous(symbolName)) {
            return Optional.of(symbolName);
        }
        refuse(object, symbolName, usedBy);
        return Optional.empty();
    }

    private void refuse(String object, String name, String usedBy) {
        if (below.names().containsKey(name)) {
            refusals.add(new Refusal(
                    object,
                    name,
                    "`%s` refers to `%s`, which an earlier patch adds to the source or changes, but no payload brings: "
                                    .formatted(usedBy, name)
                            + "nothing used it then",
                    "Make one payload of this patch and the earlier ones: give them all with --patch."));
        } else if (process) {
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
