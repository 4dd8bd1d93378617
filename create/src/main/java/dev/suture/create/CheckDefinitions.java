package dev.suture.create;

import dev.suture.Refusal;
import dev.suture.diff.Comparison;
import dev.suture.diff.Comparison.Status;
import dev.suture.diff.Correlation;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.SectionRole;
import dev.suture.diff.Selection;
import dev.suture.elf.Elf;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Looks whether every global name still means the same thing.
 *
 * <p>Which definition a name has is decided once, when a program is linked: a strong definition wins over a weak one, one
 * of the program over one of a library, several names may stand for one piece of code, a resolver chooses the code
 * behind an {@code ifunc}. All other code of the program has the answers in its instructions. A patch that changes an
 * answer changes that other code without touching it, and no object of the patch shows it.
 *
 * <p>For example {@code a.c} has a weak {@code allowed()} and the patch adds a strong one to {@code b.c}. No function of
 * {@code b.c} changed, the new one is called by nobody there; but in the patched program {@code a.c} would call it.
 *
 * @see "System V ABI, chapter 4, Symbol Table; gABI extension STT_GNU_IFUNC"
 */
final class CheckDefinitions {
    private final Selection selection;
    private final Image image;
    private final Set<String> sharedNames;
    private final Set<String> definedBefore = new HashSet<>();
    private final Set<String> definedAfter = new HashSet<>();
    /** By one object in both builds: what another one defines or no longer defines has not moved. */
    private final Set<String> definedStill = new HashSet<>();

    private final Set<String> lookedForBefore = new HashSet<>();
    private final Set<String> lookedForAfter = new HashSet<>();
    private final Set<String> lookedForByImage = new HashSet<>();
    private final Set<String> exported = new HashSet<>();
    private final List<Refusal> refusals = new ArrayList<>();

    private CheckDefinitions(Selection selection, Image image, Set<String> sharedNames) {
        this.selection = selection;
        this.image = image;
        this.sharedNames = sharedNames;
        for (Comparison comparison : selection.objects()) {
            addNames(comparison.original(), definedBefore, lookedForBefore);
            addNames(comparison.patched(), definedAfter, lookedForAfter);
            Set<String> still = new HashSet<>(definitions(comparison.original()).keySet());
            still.retainAll(definitions(comparison.patched()).keySet());
            definedStill.addAll(still);
        }
        for (List<Symbol> table :
                List.of(image.elf().dynamicSymbols(), image.symbolsFrom().symbols())) {
            table.stream()
                    .filter(symbol -> symbol.isUndefined() && !symbol.isLocal())
                    .forEach(symbol -> lookedForByImage.add(unversioned(symbol.name())));
        }
        image.elf().dynamicSymbols().stream()
                .filter(Symbol::isInSection)
                .forEach(symbol -> exported.add(unversioned(symbol.name())));
    }

    /**
     * {@return for each name that comes to mean something else, what happens to it}
     *
     * @param sharedNames names of which several objects may have the same definition, as inline functions of C++ do
     */
    static List<Refusal> check(Selection selection, Image image, Set<String> sharedNames) {
        CheckDefinitions check = new CheckDefinitions(selection, image, sharedNames);
        selection.objects().forEach(check::compare);
        return check.refusals.stream().distinct().toList();
    }

    private static void addNames(ObjectPieces object, Set<String> defined, Set<String> lookedFor) {
        for (Symbol symbol : globals(object)) {
            (symbol.isUndefined() ? lookedFor : defined).add(symbol.name());
        }
    }

    private static List<Symbol> globals(ObjectPieces object) {
        // What one of the builds does not have is nothing, though it is made like the other's file.
        boolean isNothing = object.pieceOfSymbol().length == 0;
        return isNothing
                ? List.of()
                : object.elf().symbols().stream()
                        .filter(symbol -> !symbol.isLocal() && !symbol.name().isEmpty())
                        .toList();
    }

    private static Map<String, Symbol> definitions(ObjectPieces object) {
        Map<String, Symbol> definitions = new LinkedHashMap<>();
        globals(object).stream()
                .filter(symbol -> !symbol.isUndefined())
                .forEach(symbol -> definitions.put(symbol.name(), symbol));
        return definitions;
    }

    private void compare(Comparison comparison) {
        Map<String, Symbol> before = definitions(comparison.original());
        Map<String, Symbol> after = definitions(comparison.patched());
        after.forEach((name, symbol) -> {
            Symbol was = before.get(name);
            if (was != null) {
                new OneName(comparison, was, symbol).compare();
            } else if (!definedBefore.contains(name) || definedStill.contains(name)) {
                judgeNew(comparison, symbol);
            }
        });
        before.forEach((name, symbol) -> {
            if (!after.containsKey(name) && (!definedAfter.contains(name) || definedStill.contains(name))) {
                judgeRemoved(comparison, symbol);
            }
        });
    }

    private void judgeNew(Comparison comparison, Symbol symbol) {
        String name = symbol.name();
        if (!image.all(name).isEmpty() && !(mayBeSeveral(symbol) && sharedNames.contains(name))) {
            refuse(
                    comparison,
                    name,
                    "the patch defines `%s`, of which %s has another definition already: which of the two the other code of the program calls or uses was decided when it was linked"
                            .formatted(name, image.name()),
                    "Change the definition that is there, or give the new one a name of its own.");
        } else if (lookedForByImage.contains(unversioned(name)) || lookedForBefore.contains(name)) {
            refuse(
                    comparison,
                    name,
                    "the patch defines `%s`, which the running program has from elsewhere or does without: its code goes on to use that"
                            .formatted(name),
                    "Give the new definition a name of its own, and change the callers to use it.");
        } else if (symbol.place() == Symbol.Place.COMMON) {
            refuse(
                    comparison,
                    name,
                    "the new variable `%s` is %s (-fcommon): the linker makes it of all objects that name it, and for a payload nobody does"
                            .formatted(name, placeInWords(symbol)),
                    "Give it a first value (`= 0`) in the one source that owns it.");
        }
    }

    private static boolean mayBeSeveral(Symbol symbol) {
        return symbol.binding() == Elf.STB_WEAK || symbol.binding() == Elf.STB_GNU_UNIQUE;
    }

    private void judgeRemoved(Comparison comparison, Symbol symbol) {
        String name = symbol.name();
        if (mayBeSeveral(symbol) && sharedNames.contains(name)) {
            return;
        }
        if (lookedForAfter.contains(name) || definedStill.contains(name)) {
            refuse(
                    comparison,
                    name,
                    "the patch removes a definition of `%s` that is used, so that the patched program has another; the running one has this"
                            .formatted(name),
                    "Keep the definition, or let the changed code call the other one under a name of its own.");
        }
    }

    private void refuse(Comparison comparison, String name, String what, String remedy) {
        refusals.add(new Refusal(comparison.name(), name, what, remedy));
    }

    private static String unversioned(String name) {
        int at = name.indexOf('@');
        return at < 0 ? name : name.substring(0, at);
    }

    /** One name that an object defines before and after. */
    private final class OneName {
        private final Comparison comparison;
        private final Symbol was;
        private final Symbol is;
        private final Optional<Piece> before;
        private final Optional<Piece> after;

        OneName(Comparison comparison, Symbol was, Symbol is) {
            this.comparison = comparison;
            this.was = was;
            this.is = is;
            before = piece(comparison.original(), was);
            after = piece(comparison.patched(), is);
        }

        void compare() {
            String name = is.name();
            if (was.place() != is.place() || !was.isInSection()) {
                compareUnplaced(name);
            } else if (was.type() == Elf.STT_GNU_IFUNC || is.type() == Elf.STT_GNU_IFUNC) {
                compareResolver(name);
            } else if (isOtherAlias()) {
                refuse(
                        comparison,
                        name,
                        "`%s` stood for `%s` (%s), and with the patch for `%s` (%s): the running program has its old place"
                                .formatted(name, nameOf(before), sizeOf(before), nameOf(after), sizeOf(after)),
                        "Let the name stand for what it stood for, and give what is different a name of its own.");
            } else if (isInsideOfChanged()) {
                refuse(
                        comparison,
                        name,
                        "`%s` is inside of `%s`, which changes; what refers to it in the running program leads to the old one"
                                .formatted(name, nameOf(after)),
                        "Make it a function or variable of its own in the running build first.");
            } else if (was.binding() != is.binding() || was.visibility() != is.visibility()) {
                refuse(
                        comparison,
                        name,
                        "`%s` becomes %s and was %s: whose definition of it is used was decided when the program was linked"
                                .formatted(name, inWords(is), inWords(was)),
                        "Leave its linkage (weak, visibility) as it was.");
            } else if (isExportedConstant()) {
                refuse(
                        comparison,
                        name,
                        "the constant `%s` changes, and %s exports it: other files of the process may use the old one, and nobody can tell"
                                .formatted(name, image.name()),
                        "Leave it as it was, and let the changed code use a constant of its own.");
            }
        }

        /** Common blocks and absolute symbols: the linker gives them their places. */
        private void compareUnplaced(String name) {
            boolean same = was.place() == is.place()
                    && was.value() == is.value()
                    && was.sizeBytes() == is.sizeBytes()
                    && was.binding() == is.binding();
            if (!same) {
                refuse(
                        comparison,
                        name,
                        "`%s` becomes %s and was %s; its place in the running program was given out when that was linked"
                                .formatted(name, placeInWords(is), placeInWords(was)),
                        "Leave it as it was, and keep new contents in a variable of another name.");
            }
        }

        private void compareResolver(String name) {
            boolean same = was.type() == is.type()
                    && before.isPresent()
                    && after.isPresent()
                    && comparison.correlation().twinOfPatched(after.get()).equals(before)
                    && comparison.status(after.get()) == Status.SAME;
            if (!same) {
                refuse(
                        comparison,
                        name,
                        "`%s` is resolved by `%s`, which the patch changes: it ran when the program was loaded, and what it chose stays"
                                .formatted(name, nameOf(after)),
                        "Change the functions that it chooses from; which one is used can only change at the next start.");
            }
        }

        private boolean isOtherAlias() {
            if (before.isEmpty() || after.isEmpty()) {
                return before.isPresent() != after.isPresent();
            }
            Correlation twins = comparison.correlation();
            boolean judged = before.get().isNamed() && after.get().isNamed();
            return judged && !twins.twinOfPatched(after.get()).equals(before);
        }

        /** What runs only at the start is referred to by nothing else. */
        private boolean isInsideOfChanged() {
            if (after.isEmpty() || after.get().role() == SectionRole.INIT) {
                return false;
            }
            boolean isReplaced = selection.replaced().stream()
                    .anyMatch(chosen -> selection.objects().get(chosen.id().object()) == comparison
                            && chosen.piece().equals(after.get()));
            return offset(before, was) != offset(after, is) || isReplaced && offset(after, is) != 0;
        }

        private boolean isExportedConstant() {
            return after.isPresent()
                    && after.get().kind() == Piece.Kind.DATA
                    && comparison.status(after.get()) == Status.CHANGED
                    && exported.contains(unversioned(is.name()));
        }
    }

    private static Optional<Piece> piece(ObjectPieces object, Symbol symbol) {
        OptionalInt index = symbol.index() < object.pieceOfSymbol().length
                ? OptionalInt.of(object.pieceOfSymbol()[symbol.index()])
                : OptionalInt.empty();
        return index.isPresent() && index.getAsInt() >= 0
                ? Optional.of(object.pieces().get(index.getAsInt()))
                : Optional.empty();
    }

    private static long offset(Optional<Piece> piece, Symbol symbol) {
        return piece.map(found -> symbol.value() - found.sectionOffset()).orElse(0L);
    }

    private static String nameOf(Optional<Piece> piece) {
        return piece.map(Piece::name).orElse("nothing that is kept");
    }

    private static String sizeOf(Optional<Piece> piece) {
        return "%d bytes".formatted(piece.map(Piece::statedSizeBytes).orElse(0L));
    }

    private static String inWords(Symbol symbol) {
        String binding = symbol.binding() == Elf.STB_WEAK ? "weak" : "strong";
        return symbol.visibility() == Elf.STV_DEFAULT ? binding : binding + " and hidden";
    }

    private static String placeInWords(Symbol symbol) {
        return switch (symbol.place()) {
            case COMMON -> "a common block of %d bytes".formatted(symbol.sizeBytes());
            case ABSOLUTE -> "the number 0x%x".formatted(symbol.value());
            case SECTION -> "something of %d bytes in a section".formatted(symbol.sizeBytes());
            case UNDEFINED -> "undefined";
            case RESERVED -> "something that only its processor knows";
        };
    }
}
