package dev.suture.effect;

import dev.suture.Refusal;
import dev.suture.diff.Comparison;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.LeftOut;
import dev.suture.diff.Selection.LeftOut.Cause;
import dev.suture.diff.Selection.Why;
import dev.suture.effect.FindMoments.Found;
import dev.suture.effect.FindMoments.Reach;
import dev.suture.effect.ProgramCode.Part;
import dev.suture.image.Image;
import dev.suture.image.Image.ImageSymbol;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;

/** Says when what was selected takes effect, and refuses what would never do so, or only by halves. */
public final class JudgeEffect {
    private final Image image;
    private final AcceptedEffects accepted;
    private final CompletableFuture<CallGraph> found;
    private CallGraph graph;
    private FindMoments moments;

    private JudgeEffect(Image image, AcceptedEffects accepted) {
        this.image = image;
        this.accepted = accepted;
        found = CompletableFuture.supplyAsync(() -> CallGraph.of(image));
    }

    private void await() {
        if (graph == null) {
            graph = found.join();
            moments = new FindMoments(image, graph);
        }
    }

    /**
     * {@return who can judge payloads for a program; it begins to look at it at once, beside whatever else is done}
     *
     * @param accepted what the author will see to
     */
    public static JudgeEffect of(Image image, AcceptedEffects accepted) {
        return new JudgeEffect(image, accepted);
    }

    /**
     * {@return the functions, by the names that the target has for them, which have run when somebody can load anything,
     * and never run again: nobody but the start of the program leads to them} With {@link AcceptedEffects#RESTART}
     * accepted, also what the program is inside of from its start to its end.
     */
    public Set<String> onlyAtStart() {
        await();
        Set<String> names = new TreeSet<>();
        for (Part part : graph.code().parts().values()) {
            boolean isOver = graph.isRunAtStart(part.start())
                    && !moments.isFirst(part.start())
                    && graph.body(part).mayReturn()
                    && moments.of(part.start()).reach() == Reach.AT_START;
            boolean isAccepted = accepted.restart() && moments.isOnlyFirst(part.start());
            if ((isOver || isAccepted) && image.find(part.name()).isPresent()) {
                names.add(part.name());
            }
        }
        return names;
    }

    /**
     * {@return the functions that call one, by the names that the target has for them; none if the target does not have it,
     * and empty if somebody else may call it, such as a library or whoever has its address}
     */
    public Optional<Set<String>> callers(String function) {
        await();
        List<ImageSymbol> symbols = image.all(function);
        Set<String> callers = new TreeSet<>();
        for (ImageSymbol symbol : symbols) {
            if (graph.isExported(symbol.address()) || moments.isFirst(symbol.address())) {
                return Optional.empty();
            }
            for (CallGraph.Use use : graph.uses(symbol.address())) {
                if (!(use instanceof CallGraph.Use.Call call)
                        || call.caller().name().isEmpty()) {
                    return Optional.empty();
                }
                callers.add(call.caller().name());
            }
        }
        return Optional.of(callers);
    }

    /** {@return the code that begins with a symbol; empty if there is none, or several} */
    public Optional<Code> code(String function) {
        await();
        List<ImageSymbol> symbols = image.all(function);
        return symbols.size() == 1 ? codeAt(symbols.getFirst().address()) : Optional.empty();
    }

    /** {@return the code that begins at an address} */
    public Optional<Code> codeAt(long address) {
        await();
        return graph.code()
                .with(address)
                .filter(part -> part.start() == address)
                .map(part -> new Code(
                        part.name(),
                        address,
                        ProgramCode.bytes(part).asSlice(address - part.section().address(), part.end() - address)));
    }

    /** Code of the linked program, with the name that the target has for it. */
    public record Code(String name, long address, MemorySegment bytes) {}

    /** {@return when a selection takes effect} */
    public Effects judge(Selection selection) {
        await();
        List<FunctionEffect> effects = new ArrayList<>();
        List<Refusal> refusals = new ArrayList<>();
        List<String> warnings = new ArrayList<>();
        List<Late> late = new ArrayList<>();
        for (Chosen chosen : selection.replaced()) {
            judge(selection, chosen, effects, refusals, warnings, late);
        }
        if (!accepted.restart()) {
            refusals.addAll(new MadeAtStart(selection, this::isCode).refusals());
        }
        if (!accepted.newObjects()) {
            refusals.addAll(new LostAddresses(selection.objects(), this::isFunction, this::callsAtOnce).refusals());
        }
        refusals.addAll(stillRunning(selection));
        if (!isProgram()) {
            warnings.addAll(whileApplying(selection));
        }
        boolean hasHook = selection.chosen().stream().anyMatch(chosen -> chosen.why() == Why.HOOK);
        boolean allLate = !late.isEmpty() && late.size() == selection.replaced().size();
        Optional<Refusal> never = allLate && !hasHook ? withoutEffect(late) : Optional.empty();
        if (never.isEmpty()) {
            late.forEach(one -> warnings.add("`%s` takes effect %s"
                    .formatted(one.function(), one.effect().text())));
        }
        return new Effects(effects, refusals, never, warnings);
    }

    /** A function whose change takes effect only at the next start of something. */
    private record Late(String object, String function, Found found, FunctionEffect effect) {}

    private void judge(
            Selection selection,
            Chosen chosen,
            List<FunctionEffect> effects,
            List<Refusal> refusals,
            List<String> warnings,
            List<Late> late) {
        ObjectPieces original = selection.objects().get(chosen.id().object()).original();
        String object = selection.objects().get(chosen.id().object()).name();
        String function = chosen.piece().name();
        Optional<Part> part = part(selection, chosen, original);
        if (part.isEmpty()) {
            effects.add(new FunctionEffect(function, object, Moment.NEXT_CALL, ""));
            return;
        }
        long start = part.get().start();
        Found found = moments.of(start);
        Body body = graph.body(part.get());
        OptionalLong loop = body.mayReturn() ? OptionalLong.empty() : body.endlessLoop();
        if (found.isFirst()) {
            boolean again = found.reach() == Reach.AGAIN;
            effects.add(new FunctionEffect(
                    function, object, again ? Moment.NEXT_START : Moment.RESTART, "the program is inside of it"));
            if (!again) {
                refusals.add(EffectRefusals.first(object, function, chosen.reason()));
            } else if (!accepted.nextStartOf(function)) {
                refusals.add(EffectRefusals.firstAndAgain(object, function, chosen.reason()));
            }
            return;
        }
        if (loop.isPresent()) {
            effects.add(new FunctionEffect(function, object, Moment.NEXT_START, "it never returns"));
            if (!accepted.nextStartOf(function)) {
                refusals.add(EffectRefusals.endless(object, function, loop.getAsLong() - start));
            }
            return;
        }
        if (!body.mayReturn() && body.loops()) {
            warnings.add(
                    "`%s` never returns: a thread that is in it stays in the old code until it or the program ends, and load with the policy stack waits for that"
                            .formatted(function));
        }
        FunctionEffect effect = new FunctionEffect(function, object, moment(found.reach()), how(found));
        effects.add(effect);
        if (found.reach() != Reach.AGAIN) {
            late.add(new Late(object, function, found, effect));
        }
    }

    /** What applies a payload is itself replaced by it. */
    private List<String> whileApplying(Selection selection) {
        WhileApplying paths = new WhileApplying(image, graph);
        List<String> warnings = new ArrayList<>();
        if (!isProgram() && !paths.isKnown()) {
            warnings.add(
                    "which functions run while Xen applies payloads cannot be told: xen-syms has no check_for_livepatch_work()");
        }
        for (Chosen chosen : selection.replaced()) {
            ObjectPieces original =
                    selection.objects().get(chosen.id().object()).original();
            part(selection, chosen, original)
                    .flatMap(part -> paths.to(part.start()))
                    .ifPresent(path -> warnings.add(
                            "`%s` runs while Xen applies payloads (%s): the processor that writes the jumps may run the old version of it and then the new one while other functions of this payload are still old, so both have to bear that"
                                    .formatted(chosen.piece().name(), path)));
        }
        return warnings;
    }

    private static Moment moment(Reach reach) {
        return switch (reach) {
            case AGAIN -> Moment.NEXT_CALL;
            case PROCESSOR -> Moment.PROCESSOR_START;
            case AT_START -> Moment.RESTART;
        };
    }

    private static String how(Found found) {
        return switch (found.reach()) {
            case AGAIN ->
                found.leaving().isEmpty()
                        ? ""
                        : "if `%s` has not left the loop that leads to it: others follow"
                                .formatted(String.join("`, `", found.leaving()));
            case PROCESSOR -> "reached from %s alone".formatted(found.names());
            case AT_START -> "started by %s alone, and in no loop of it".formatted(found.names());
        };
    }

    private Optional<Refusal> withoutEffect(List<Late> late) {
        List<Late> unaccepted = late.stream()
                .filter(one -> one.found().reach() == Reach.PROCESSOR ? !accepted.processors() : !accepted.restart())
                .toList();
        if (unaccepted.isEmpty()) {
            return Optional.empty();
        }
        List<String> names = unaccepted.stream().map(Late::function).toList();
        boolean processors = unaccepted.stream().anyMatch(one -> one.found().reach() == Reach.PROCESSOR);
        Late shown = unaccepted.stream()
                .filter(one -> !processors || one.found().reach() == Reach.PROCESSOR)
                .findFirst()
                .orElseThrow();
        return Optional.of(
                processors
                        ? EffectRefusals.onlyForProcessors(shown.object(), names, shown.found())
                        : EffectRefusals.onlyAtStart(shown.object(), names, shown.found(), isProgram()));
    }

    private boolean isProgram() {
        return image.elf().sections().stream()
                .noneMatch(section -> section.name().equals(".init.text"));
    }

    /** What is left out and still runs calls what is replaced by the old convention. */
    private List<Refusal> stillRunning(Selection selection) {
        List<Refusal> refusals = new ArrayList<>();
        for (LeftOut left : selection.leftOut()) {
            Optional<Comparison> comparison = selection.objects().stream()
                    .filter(object -> object.name().equals(left.object()))
                    .findFirst();
            if (left.cause() != Cause.AT_START || comparison.isEmpty()) {
                continue;
            }
            ObjectPieces original = comparison.get().original();
            for (Piece piece : original.pieces()) {
                boolean runs = piece.kind() == Piece.Kind.FUNCTION
                        && piece.name().equals(left.symbol())
                        && image.all(targetName(original, piece)).stream()
                                .anyMatch(symbol -> moments.isFirst(symbol.address()));
                if (runs) {
                    replacedCallees(selection, comparison.get(), piece)
                            .forEach(callee ->
                                    refusals.add(EffectRefusals.runsOn(left.object(), left.symbol(), callee)));
                }
            }
        }
        return refusals;
    }

    private static Set<String> replacedCallees(Selection selection, Comparison comparison, Piece caller) {
        Set<String> callees = new TreeSet<>();
        for (Reference reference : comparison.original().references(caller)) {
            for (Chosen chosen : selection.replaced()) {
                Piece original = chosen.original().orElseThrow();
                boolean here = selection.objects().get(chosen.id().object()) == comparison;
                boolean leadsThere = switch (reference.target()) {
                    case Reference.InPiece target -> here && target.pieceIndex() == original.index();
                    case Reference.Elsewhere target ->
                        original.isGlobal() && target.symbol().name().equals(original.name());
                    case Reference.Constant _, Reference.Nothing _ -> false;
                };
                if (leadsThere) {
                    callees.add(original.name());
                }
            }
        }
        return callees;
    }

    private Optional<Part> part(Selection selection, Chosen chosen, ObjectPieces original) {
        Piece piece = chosen.original().orElseThrow();
        // One that moved here is of another object.
        ObjectPieces home = selection.objects().stream()
                .map(Comparison::original)
                .filter(object -> piece.index() < object.pieces().size()
                        && object.pieces().get(piece.index()) == piece)
                .findFirst()
                .orElse(original);
        return image.find(targetName(home, piece))
                .map(ImageSymbol::address)
                .flatMap(address -> graph.code().with(address))
                .filter(part ->
                        image.find(targetName(home, piece)).orElseThrow().address() == part.start());
    }

    private static String targetName(ObjectPieces object, Piece piece) {
        var symbol = piece.symbols().getFirst();
        return symbol.isLocal() ? Image.targetNameOfLocal(object.sourceFile(), symbol.name()) : symbol.name();
    }

    private boolean isFunction(String name) {
        return image.find(name)
                .flatMap(symbol -> graph.code().with(symbol.address()))
                .isPresent();
    }

    /** What the program does not have is of another file, and no variable that it could set and use. */
    private boolean isCode(String name) {
        return image.find(name).isEmpty() || isFunction(name);
    }

    private boolean callsAtOnce(String name) {
        return image.find(name).isEmpty() && graph.code().imports().callsAtOnce(name);
    }
}
