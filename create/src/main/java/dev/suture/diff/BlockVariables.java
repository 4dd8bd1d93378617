package dev.suture.diff;

import dev.suture.dwarf.Functions;
import dev.suture.dwarf.StaticLocal;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;

/**
 * Which static variables of blocks are the same in two builds, by where they are declared.
 *
 * <p>Their names do not tell: {@code n.0} is the first one that the compiler met, and a macro may declare an {@code n}
 * wherever it is used. A variable is the same if the line that declares it is one that the patch leaves alone, in the same
 * function, and no other of the name is declared at that place of it; or if one change of the patch replaces that line, and
 * there is no other of the name, in that function, in what it removes nor in what it adds.
 */
public final class BlockVariables {
    private final ObjectPieces original;
    private final ObjectPieces patched;
    private final SourceLines lines;
    private Map<Integer, StaticLocal> inOriginal;
    private Map<Integer, StaticLocal> inPatched;

    BlockVariables(ObjectPieces original, ObjectPieces patched, SourceLines lines) {
        this.original = original;
        this.patched = patched;
        this.lines = lines;
    }

    /**
     * {@return whether the name of a variable is not the programmer's own for one place: the compiler makes it for what is
     * declared in a block}
     *
     * @see "GCC gcc/langhooks.cc, lhd_set_decl_assembler_name(); Itanium C++ ABI, 5.1.7 Local Entity Encoding"
     */
    static boolean isOne(Piece piece) {
        String name = piece.name();
        return piece.kind() == Piece.Kind.DATA
                && (name.startsWith("_ZZ")
                        || name.startsWith("_ZGVZ")
                        || name.indexOf('.') >= 0 && !piece.symbols().isEmpty() && !piece.isGlobal());
    }

    /** {@return whether debug information tells where the static variables of both objects are declared} */
    boolean areKnown() {
        return !of(original).isEmpty() && !of(patched).isEmpty();
    }

    /** {@return the function that a variable is declared in; empty if debug information does not tell} */
    String scope(ObjectPieces object, Piece piece) {
        StaticLocal local = of(object).get(piece.index());
        return local == null ? "" : local.function();
    }

    /** {@return whether both are certainly the same variable} */
    boolean isSame(Piece before, Piece after) {
        Optional<StaticLocal> was = declared(original, before);
        Optional<StaticLocal> is = declared(patched, after);
        if (was.isEmpty() || is.isEmpty() || !sameName(was.get(), is.get())) {
            return false;
        }
        OptionalLong untouched = untouched(was.get());
        if (untouched.isPresent()) {
            return isAt(is.get(), was.get(), untouched.getAsLong())
                    && isOnly(
                            of(original).values(),
                            other -> isAt(other, was.get(), was.get().declared().line()))
                    && isOnly(of(patched).values(), other -> isAt(other, was.get(), untouched.getAsLong()));
        }
        return replaces(was.get(), is.get())
                && isOnly(of(original).values(), other -> untouched(other).isEmpty() && replaces(other, is.get()))
                && isOnly(of(patched).values(), other -> !isUntouched(other) && replaces(was.get(), other));
    }

    private OptionalLong untouched(StaticLocal local) {
        return lines.untouched(local.declared().file(), local.declared().line());
    }

    /** {@return whether a patched variable is at a line that the patch leaves alone, as one of the original tells} */
    private boolean isUntouched(StaticLocal ofPatched) {
        return of(original).values().stream().anyMatch(other -> {
            OptionalLong line = untouched(other);
            return line.isPresent() && sameName(other, ofPatched) && isAt(ofPatched, other, line.getAsLong());
        });
    }

    private boolean replaces(StaticLocal was, StaticLocal is) {
        return sameName(was, is)
                && was.declared().file().equals(is.declared().file())
                && lines.replaced(
                        was.declared().file(),
                        was.declared().line(),
                        is.declared().line());
    }

    private static boolean isOnly(Collection<StaticLocal> locals, Predicate<StaticLocal> isOne) {
        return locals.stream().filter(isOne).count() == 1;
    }

    private static boolean isAt(StaticLocal local, StaticLocal like, long line) {
        return sameName(local, like)
                && local.declared().file().equals(like.declared().file())
                && local.declared().line() == line
                && local.column() == like.column();
    }

    private static boolean sameName(StaticLocal one, StaticLocal other) {
        return !one.function().isEmpty()
                && one.name().equals(other.name())
                && one.function().equals(other.function())
                && one.functionLinkageName().equals(other.functionLinkageName());
    }

    /** The guard of a variable of C++ goes with the variable. */
    private Optional<StaticLocal> declared(ObjectPieces object, Piece piece) {
        String guarded = piece.name().startsWith("_ZGVZ") ? "_Z" + piece.name().substring("_ZGV".length()) : "";
        int index = guarded.isEmpty()
                ? piece.index()
                : object.named(guarded).map(Piece::index).orElse(-1);
        return Optional.ofNullable(of(object).get(index));
    }

    private Map<Integer, StaticLocal> of(ObjectPieces object) {
        if (object == original) {
            inOriginal = inOriginal == null ? read(original) : inOriginal;
            return inOriginal;
        }
        inPatched = inPatched == null ? read(patched) : inPatched;
        return inPatched;
    }

    private static Map<Integer, StaticLocal> read(ObjectPieces object) {
        if (object.elf().section(".debug_info").isEmpty()) {
            return Map.of();
        }
        Map<Place, StaticLocal> declared = new HashMap<>();
        for (StaticLocal local : Functions.read(object.elf()).staticLocals()) {
            if (!local.function().isEmpty()) {
                declared.put(new Place(local.sectionIndex(), local.sectionOffset()), local);
            }
        }
        Map<Integer, StaticLocal> found = new HashMap<>();
        for (Piece piece : object.pieces()) {
            StaticLocal local = declared.get(new Place(piece.section().index(), piece.sectionOffset()));
            if (piece.kind() == Piece.Kind.DATA && local != null) {
                found.put(piece.index(), local);
            }
        }
        return found;
    }

    private record Place(int sectionIndex, long sectionOffset) {}
}
