package dev.suture.linked;

import dev.suture.LivePatchException;
import dev.suture.build.AskCompiler;
import dev.suture.build.Cause;
import dev.suture.diff.Compare;
import dev.suture.diff.Comparison;
import dev.suture.diff.Comparison.Status;
import dev.suture.diff.Correlate;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.SplitObject;
import dev.suture.elf.ElfFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Proves that a function which the compiler makes otherwise with a patch does what it did: told not to look from one
 * function into another, the compiler makes the same code of it from both sources, and of all that it leads to.
 *
 * <p>No source is read for that, only what the compiler makes of it. {@code f()} calls {@code h()}, which was inlined
 * before and is not with the patch. Compiled one by one, {@code f()} is the same in both, and so is {@code h()}. None of
 * them may ask what was inlined into what ({@link SeesInlining}). What the compiler knew of the surroundings when it made the running code must hold as well: nobody that changes leads to a static
 * {@code f()}, or uses a static variable that it leads to, and neither it nor who calls it rests on which registers a
 * function leaves alone: compiled without that knowledge they are what they are.
 *
 * @see "GCC manual, 3.11, on -flive-patching, which lists what makes a function depend on others; -fipa-ra"
 */
public final class SameAlone {
    private static final List<String> ONE_BY_ONE = List.of(
            "-fno-inline",
            "-fno-inline-functions-called-once",
            "-fno-partial-inlining",
            "-fno-ipa-cp",
            "-fno-ipa-cp-clone",
            "-fno-ipa-bit-cp",
            "-fno-ipa-vrp",
            "-fno-ipa-sra",
            "-fno-ipa-ra",
            "-fno-ipa-pure-const",
            "-fno-ipa-reference",
            "-fno-ipa-reference-addressable",
            "-fno-ipa-modref",
            "-fno-ipa-icf",
            "-fno-ipa-profile",
            "-fno-ipa-stack-alignment",
            "-fno-toplevel-reorder");

    private static final List<String> NO_REGISTERS = List.of("-fno-ipa-ra");

    private final AskCompiler compiler;
    private final SpecialSections tables;
    private final Map<String, Optional<Known>> known = new HashMap<>();

    /** Both versions of an object, each function compiled by itself, and with the rest but without its registers. */
    private record Known(
            Comparison alone,
            ObjectPieces originalWithoutRegisters,
            ObjectPieces patchedWithoutRegisters,
            List<SeesInlining> sources) {}

    /**
     * What is asked.
     *
     * @param original the object as it runs
     * @param patched the object with the patch
     * @param function its name
     * @param inPayload the code of the patched object that the payload has, by index
     * @param isReplaced whether the payload replaces a function of the original object, by its index
     */
    public record Question(
            ObjectPieces original,
            ObjectPieces patched,
            String function,
            Set<Integer> inPayload,
            java.util.function.IntPredicate isReplaced) {
        public Question {
            inPayload = Set.copyOf(inPayload);
        }
    }

    /**
     * @param compiler compiles as the objects were compiled
     * @param tables the special sections of their kind
     */
    public SameAlone(AskCompiler compiler, SpecialSections tables) {
        this.compiler = compiler;
        this.tables = tables;
    }

    /**
     * The source of an object behind the preprocessor.
     *
     * @param original before the patch
     * @param patched with it; lines that the patch leaves alone have the numbers they had
     * @param built with it, as it was compiled
     */
    public record Source(Path original, Path patched, Path built) {}

    /** {@return whether the running function does what the patched one does} */
    public boolean proves(Question question, Optional<Source> source) {
        String object = question.patched().name();
        Optional<Known> found = known.computeIfAbsent(object, name -> source.flatMap(both -> compile(name, both)));
        return found.filter(both -> isSame(both, question)).isPresent();
    }

    private Optional<Known> compile(String object, Source source) {
        Optional<ObjectPieces> original = compile(object, source.original(), ONE_BY_ONE, "alone");
        Optional<ObjectPieces> patched = compile(object, source.patched(), ONE_BY_ONE, "alone");
        Optional<ObjectPieces> before = compile(object, source.original(), NO_REGISTERS, "registers");
        Optional<ObjectPieces> after = compile(object, source.built(), NO_REGISTERS, "registers");
        if (original.isEmpty() || patched.isEmpty() || before.isEmpty() || after.isEmpty()) {
            return Optional.empty();
        }
        Comparison alone = compare(original.get(), patched.get());
        List<SeesInlining> sources = List.of(SeesInlining.in(source.original()), SeesInlining.in(source.patched()));
        return Optional.of(new Known(alone, before.get(), after.get(), sources));
    }

    private static Comparison compare(ObjectPieces original, ObjectPieces patched) {
        return Compare.compare(Correlate.correlate(original, patched), dev.suture.diff.LineNumbers.UNMOVED);
    }

    /** The compiler's next answer would be written over this one. */
    private Optional<ObjectPieces> compile(String object, Path source, List<String> options, String kind) {
        return compiler.compile(object, source, options).map(made -> {
            Path kept = source.resolveSibling(source.getFileName() + "." + kind + ".o");
            try {
                Files.move(made, kept, StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException e) {
                throw new LivePatchException("cannot write %s: %s".formatted(kept, Cause.of(e)), e);
            }
            return SplitObject.split(object, ElfFile.read(kept), tables);
        });
    }

    private static boolean isSame(Known both, Question question) {
        Comparison alone = both.alone();
        Optional<Piece> function = function(alone.patched(), question.function());
        boolean seesInlining = both.sources().stream().anyMatch(source -> source.affects(question.function()));
        if (function.isEmpty() || seesInlining) {
            return false;
        }
        Set<Integer> led = led(alone.patched(), function.get());
        Set<Integer> changed = new HashSet<>();
        for (Piece piece : alone.patched().pieces()) {
            Status status = alone.status(piece);
            if (piece.isCode() && (status == Status.CHANGED || status == Status.NEW || isOnlyLine(status))) {
                changed.add(piece.index());
            }
        }
        boolean same = led.stream()
                .map(alone.patched().pieces()::get)
                .allMatch(piece -> alone.status(piece) == Status.SAME || alone.status(piece) == Status.UNNAMED);
        return same
                && !sharesWithChanged(alone, function.get(), led, changed)
                && restsOnNoRegisters(both, question)
                && nobodyRestsOnIts(both, question);
    }

    private static boolean isOnlyLine(Status status) {
        return status == Status.ONLY_LINE_NUMBERS;
    }

    private static Optional<Piece> function(ObjectPieces object, String name) {
        return object.named(name).filter(piece -> piece.kind() == Piece.Kind.FUNCTION);
    }

    /** {@return a piece and all that it leads to in its object} */
    private static Set<Integer> led(ObjectPieces object, Piece from) {
        Set<Integer> led = new HashSet<>();
        ArrayDeque<Piece> open = new ArrayDeque<>(List.of(from));
        while (!open.isEmpty()) {
            Piece piece = open.remove();
            if (led.add(piece.index())) {
                targets(object, piece)
                        .forEach(target -> open.add(object.pieces().get(target)));
                open.addAll(object.attachments(piece));
            }
        }
        return led;
    }

    private static Set<Integer> targets(ObjectPieces object, Piece piece) {
        Set<Integer> targets = new HashSet<>();
        for (Reference reference : object.references(piece)) {
            if (reference.target() instanceof Reference.InPiece target) {
                targets.add(target.pieceIndex());
            }
        }
        return targets;
    }

    /** What the compiler knows of a static function and of static variables it knows from all that uses them. */
    private static boolean sharesWithChanged(Comparison alone, Piece function, Set<Integer> led, Set<Integer> changed) {
        ObjectPieces patched = alone.patched();
        Set<Integer> state = new HashSet<>();
        for (int index : led) {
            Piece piece = patched.pieces().get(index);
            if (piece.kind() == Piece.Kind.DATA
                    && !piece.isGlobal()
                    && piece.section().has(dev.suture.elf.Elf.SHF_WRITE)) {
                state.add(index);
            }
        }
        boolean isLocal = !function.isGlobal();
        for (int index : changed) {
            Set<Integer> reached = led(patched, patched.pieces().get(index));
            boolean shares =
                    reached.stream().anyMatch(state::contains) || isLocal && reached.contains(function.index());
            if (shares) {
                return true;
            }
        }
        return removedShares(alone, function, state, isLocal);
    }

    /** What is gone used things, too. */
    private static boolean removedShares(Comparison alone, Piece function, Set<Integer> state, boolean isLocal) {
        ObjectPieces original = alone.original();
        Set<Integer> before = new HashSet<>();
        for (int index : state) {
            alone.correlation()
                    .twinOfPatched(alone.patched().pieces().get(index))
                    .ifPresent(twin -> before.add(twin.index()));
        }
        if (isLocal) {
            alone.correlation().twinOfPatched(function).ifPresent(twin -> before.add(twin.index()));
        }
        return original.pieces().stream()
                .filter(piece -> piece.isCode() && isChangedOrGone(alone, piece))
                .anyMatch(piece -> led(original, piece).stream().anyMatch(before::contains));
    }

    private static boolean isChangedOrGone(Comparison alone, Piece original) {
        return alone.removed().contains(original)
                || alone.correlation()
                        .twinOfOriginal(original)
                        .filter(twin -> alone.status(twin) != Status.SAME && alone.status(twin) != Status.UNNAMED)
                        .isPresent();
    }

    /** The running function was compiled beside the running versions of what it calls. */
    private static boolean restsOnNoRegisters(Known both, Question question) {
        Optional<Piece> running = function(question.original(), question.function());
        if (running.isEmpty()) {
            return false;
        }
        boolean callsReplaced = led(question.original(), running.get()).stream()
                .anyMatch(index -> index != running.get().index()
                        && question.original().pieces().get(index).isCode()
                        && question.isReplaced().test(index));
        return !callsReplaced || isSameIn(both.originalWithoutRegisters(), question.original(), running.get());
    }

    /** What the payload has was compiled beside the patched function. */
    private static boolean nobodyRestsOnIts(Known both, Question question) {
        ObjectPieces patched = question.patched();
        Optional<Piece> function = function(patched, question.function());
        return function.isPresent()
                && question.inPayload().stream()
                        .map(patched.pieces()::get)
                        .filter(piece ->
                                led(patched, piece).contains(function.get().index()))
                        .allMatch(piece -> isSameIn(both.patchedWithoutRegisters(), patched, piece));
    }

    private static boolean isSameIn(ObjectPieces withoutRegisters, ObjectPieces object, Piece piece) {
        Comparison comparison = compare(withoutRegisters, object);
        Status status = comparison.status(piece);
        return status == Status.SAME || status == Status.UNNAMED && piece.kind() == Piece.Kind.FRAGMENT;
    }
}
