package dev.suture.state;

import dev.suture.Refusal;
import dev.suture.diff.Comparison;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.isa.Instruction;
import dev.suture.isa.Move;
import dev.suture.isa.NumberTest;
import dev.suture.isa.Operation.Memory;
import dev.suture.state.FollowVariable.Context;
import dev.suture.state.Functions.Node;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * Finds changes of code that runs once, and has: {@code if (!done) { limit = 20; done = 1; }}, where {@code limit} was 10.
 *
 * <p>The function is called again and again, and the new code with it, but {@code done} is set by now and nobody sets it
 * back, so {@code limit} stays 10. Code is only behind such a flag if it is reached by the way alone that the flag's first
 * contents lead, and sets the flag there. Of a function that only such code calls every change is meant; of a function of
 * which only a part is behind it, what that part stores and calls.
 */
public final class RanOnce {
    private static final Pattern NUMBER = Pattern.compile("\\.\\d+$");
    private static final String UNKNOWN = "?";

    private final Selection selection;
    private final Functions patched;
    private final Supplier<Functions> originalCode;
    private final Set<String> accepted;
    private final Set<Node> replaced = new LinkedHashSet<>();
    private final Map<Node, Node> originals = new HashMap<>();
    private Functions original;
    private final Map<String, Refusal> refusals = new LinkedHashMap<>();

    private RanOnce(Selection selection, Target running, Set<String> accepted) {
        this.selection = selection;
        this.accepted = accepted;
        patched = new Functions(selection, running);
        originalCode = () -> new Functions(selection, running, true);
        for (Chosen chosen : selection.replaced()) {
            Node node = new Node(chosen.id().object(), chosen.piece().index());
            Optional<Node> before =
                    chosen.original().map(piece -> new Node(chosen.id().object(), piece.index()));
            if (patched.all().contains(node) && before.isPresent()) {
                replaced.add(node);
                originals.put(node, before.get());
            }
        }
    }

    /**
     * {@return why what a selection changes would not run any more}
     *
     * @param running what the target has beside the patched objects
     * @param accepted names of flags, or of what is set behind them, of which the author says that it is right
     */
    public static List<Refusal> find(Selection selection, Target running, Set<String> accepted) {
        return selection.replaced().isEmpty() ? List.of() : new RanOnce(selection, running, accepted).find();
    }

    private List<Refusal> find() {
        Set<Node> nodes = patched.withAllUsers(replaced);
        for (Variable flag : flags(nodes)) {
            // Most are only read, or set through their address; to follow them takes long.
            if (!mayBeSet(flag)) {
                continue;
            }
            FollowVariable alone = new FollowVariable(patched, flag, patched.usersOf(flag));
            if (isSetForEver(alone)) {
                Set<Node> all = new LinkedHashSet<>(nodes);
                all.addAll(patched.usersOf(flag));
                judge(new FollowVariable(patched, flag, all));
            }
        }
        return List.copyOf(refusals.values());
    }

    /**
     * {@return whether code does something else with it than to read it, without which nothing is seen to set it; and no
     * data has its address, with which it would not be known who does}
     */
    private boolean mayBeSet(Variable flag) {
        return patched.usersOf(flag).stream().anyMatch(node -> isMoreThanRead(flag, node))
                && patched.holdersOf(flag).isEmpty();
    }

    private boolean isMoreThanRead(Variable flag, Node node) {
        Flow flow = patched.flow(node);
        for (int step = 0; step < flow.steps().size(); step++) {
            for (Reference reference : flow.in(step)) {
                boolean isRead = flow.operation(step).isKnown()
                        && flow.operation(step).memory() == Memory.READ
                        && flow.isOperand(step, reference)
                        && !flow.isThroughTable(reference)
                        && !flow.isBranch(step);
                if (flag.isMeantBy(node.object(), reference) && !isRead) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Numbers in variables of the running target that this code looks at. */
    private Set<Variable> flags(Set<Node> nodes) {
        Set<Variable> found = new LinkedHashSet<>();
        for (Node node : nodes) {
            Flow flow = patched.flow(node);
            for (int step = 0; step < flow.steps().size(); step++) {
                for (Reference reference : flow.in(step)) {
                    if (flow.isOperand(step, reference)) {
                        flag(node, flow, step, reference).ifPresent(found::add);
                    }
                }
            }
        }
        return found;
    }

    private Optional<Variable> flag(Node node, Flow flow, int step, Reference reference) {
        Instruction instruction = flow.steps().get(step);
        int sizeBytes = flow.isa()
                .test(instruction, flow.bytes())
                .filter(test -> test.register() == 0)
                .map(NumberTest::sizeBytes)
                .or(() -> flow.isa()
                        .move(instruction, flow.bytes())
                        .filter(move -> move.from() == 0)
                        .map(Move::sizeBytes))
                .orElse(0);
        if (sizeBytes == 0 || !(reference.target() instanceof Reference.InPiece target)) {
            return Optional.empty();
        }
        Comparison comparison = selection.objects().get(node.object());
        Piece piece = comparison.patched().pieces().get(target.pieceIndex());
        boolean isOld = piece.holdsState()
                && piece.isNamed()
                && target.delta() >= 0
                && target.delta() + sizeBytes <= piece.sizeBytes()
                && !isAccepted(piece.name())
                && comparison.correlation().twinOfPatched(piece).isPresent();
        return isOld
                ? Optional.of(new Variable(node.object(), piece, target.delta(), sizeBytes, false))
                : Optional.empty();
    }

    private boolean isAccepted(String name) {
        return accepted.contains(name) || accepted.contains(NUMBER.matcher(name).replaceFirst(""));
    }

    /** Somebody sets it because it holds its first contents, and nobody puts these back or may do so. */
    private boolean isSetForEver(FollowVariable flag) {
        boolean isKnown = !flag.isLost();
        boolean isSet = false;
        for (Context context : flag.contexts()) {
            Touches touches = flag.touches(context);
            isKnown &= touches.handed.isEmpty() && touches.library.isEmpty();
            BitSet atFirst = flag.onlyAtFirst(context);
            Flow flow = patched.flow(context.node());
            for (int step : touches.writes.stream().toArray()) {
                boolean leaves = touches.leaves.get(step);
                boolean isLazy = leaves && atFirst.get(step);
                isSet |= isLazy;
                isKnown &= isLazy || leaves && flow.steps().get(step).immediateBytes() > 0;
            }
        }
        return isKnown && isSet;
    }

    private void judge(FollowVariable flag) {
        FollowVariable before = null;
        for (Node node : replaced) {
            Context context = Context.of(node);
            if (!flag.contexts().contains(context)) {
                continue;
            }
            if (flag.isOnlyAtFirst(context)) {
                refuse(flag, node, "", "`%s` runs".formatted(patched.name(node)));
                continue;
            }
            BitSet steps = flag.onlyAtFirst(context);
            if (steps.isEmpty()) {
                continue;
            }
            if (before == null) {
                if (original == null) {
                    original = originalCode.get();
                }
                Variable twin = twin(flag.variable());
                Set<Node> users = new LinkedHashSet<>(originals.values());
                users.retainAll(original.all());
                users.addAll(original.usersOf(twin));
                before = new FollowVariable(original, twin, users);
            }
            if (before.contexts().contains(Context.of(originals.get(node)))) {
                compare(flag, node, steps, before);
            }
        }
    }

    private Variable twin(Variable variable) {
        Comparison comparison = selection.objects().get(variable.object());
        return new Variable(
                variable.object(),
                comparison.correlation().twinOfPatched(variable.piece()).orElseThrow(),
                variable.offset(),
                variable.sizeBytes(),
                false);
    }

    private void compare(FollowVariable flag, Node node, BitSet steps, FollowVariable before) {
        Node old = originals.get(node);
        Map<String, Set<String>> was = stores(original, old, before.onlyAtFirst(Context.of(old)));
        Map<String, Set<String>> is = stores(patched, node, steps);
        Set<String> places = new TreeSet<>(was.keySet());
        places.addAll(is.keySet());
        for (String place : places) {
            Set<String> one = was.getOrDefault(place, Set.of());
            Set<String> other = is.getOrDefault(place, Set.of());
            String name = place.contains("+") ? place.substring(0, place.indexOf('+')) : place;
            boolean isNew = !place.startsWith("*") && isNewVariable(node, name);
            if (!one.equals(other) && !isNew && !isAccepted(name)) {
                refuse(
                        flag,
                        node,
                        place,
                        "`%s` sets %s to %s, where it set it to %s,"
                                .formatted(
                                        patched.name(node),
                                        place.startsWith("*") ? "what a pointer leads to" : "`%s`".formatted(name),
                                        values(other),
                                        values(one)));
                return;
            }
        }
    }

    private static String values(Set<String> values) {
        return values.isEmpty() ? "nothing" : String.join(", ", values);
    }

    private boolean isNewVariable(Node node, String name) {
        return selection.objects().get(node.object()).patched().named(name).stream()
                .anyMatch(piece -> selection
                        .objects()
                        .get(node.object())
                        .correlation()
                        .twinOfPatched(piece)
                        .isEmpty());
    }

    /** {@return what some instructions store, by the place: constants, and what a changed function returned} */
    private Map<String, Set<String>> stores(Functions functions, Node node, BitSet steps) {
        Flow flow = functions.flow(node);
        Map<String, Set<String>> found = new LinkedHashMap<>();
        Map<String, Set<String>> elsewhere = new HashMap<>();
        for (int step = 0; step < flow.steps().size(); step++) {
            if (flow.operation(step).memory() != Memory.WRITTEN || flow.isBranch(step)) {
                continue;
            }
            String value = value(functions, node, flow, step);
            Map<String, Set<String>> where = steps.get(step) ? found : elsewhere;
            place(functions, node, flow, step)
                    .filter(_ -> !value.equals(UNKNOWN))
                    .ifPresent(place ->
                            where.computeIfAbsent(place, _ -> new TreeSet<>()).add(value));
        }
        // Compilers repeat what follows.
        found.forEach((place, values) -> values.removeAll(elsewhere.getOrDefault(place, Set.of())));
        return found;
    }

    private Optional<String> place(Functions functions, Node node, Flow flow, int step) {
        for (Reference reference : flow.in(step)) {
            if (flow.isOperand(step, reference) && !flow.isThroughTable(reference)) {
                return switch (reference.target()) {
                    case Reference.InPiece target -> {
                        Piece piece = functions.object(node).pieces().get(target.pieceIndex());
                        yield piece.holdsState()
                                ? Optional.of("%s+%d".formatted(piece.name(), target.delta()))
                                : Optional.empty();
                    }
                    case Reference.Elsewhere target ->
                        Optional.of("%s+%d"
                                .formatted(
                                        target.symbol().name(),
                                        target.addend()
                                                + reference.pieceOffset()
                                                - flow.steps().get(step).endOffset()));
                    case Reference.Constant _, Reference.Nothing _ -> Optional.empty();
                };
            }
        }
        return Optional.empty();
    }

    private String value(Functions functions, Node node, Flow flow, int step) {
        Instruction store = flow.steps().get(step);
        if (store.immediateBytes() > 0) {
            return Long.toString(flow.isa().constant(store, flow.bytes()));
        }
        int register = flow.operation(step).keeps()
                | flow.operation(step).mixes()
                | flow.isa().storedRegister(store, flow.bytes());
        for (int at = step - 1; at >= 0 && register != 0; at--) {
            Instruction instruction = flow.steps().get(at);
            boolean isCall = instruction.flow() == Instruction.Flow.CALL;
            if (isCall && (register & flow.isa().resultRegister()) != 0) {
                boolean isChanged = functions.callee(node, at) instanceof Callee.Known known
                        && (functions == patched ? replaced : originals.values()).contains(known.node());
                return isChanged
                        ? functions == patched ? "what a changed function returns" : "what it returned"
                        : UNKNOWN;
            }
            if ((flow.operation(at).writes() & register) != 0) {
                if (flow.operation(at).memory() == Memory.READ) {
                    return constant(functions, node, flow, at).orElse(UNKNOWN);
                }
                boolean isConstant =
                        instruction.immediateBytes() > 0 && flow.operation(at).memory() == Memory.NONE;
                return isConstant ? Long.toString(flow.isa().constant(instruction, flow.bytes())) : UNKNOWN;
            }
            if (flow.isBranch(at) && !isCall) {
                break;
            }
        }
        return UNKNOWN;
    }

    /** Where several numbers are stored at once, they are in memory that is never written. */
    private static Optional<String> constant(Functions functions, Node node, Flow flow, int step) {
        for (Reference reference : flow.in(step)) {
            if (flow.isOperand(step, reference) && reference.target() instanceof Reference.InPiece target) {
                Piece piece = functions.object(node).pieces().get(target.pieceIndex());
                long left = piece.sizeBytes() - target.delta();
                if (!piece.holdsState() && !piece.isCode() && target.delta() >= 0 && left > 0) {
                    return Optional.of("0x"
                            + HexFormat.of()
                                    .formatHex(functions
                                            .object(node)
                                            .contents(piece)
                                            .asSlice(target.delta(), Math.min(left, Long.BYTES))
                                            .toArray(ValueLayout.JAVA_BYTE)));
                }
            }
        }
        return Optional.empty();
    }

    private void refuse(FollowVariable flag, Node node, String place, String what) {
        String name = flag.variable().piece().name();
        refusals.putIfAbsent(
                patched.name(node) + place,
                new Refusal(
                        selection.objects().get(node.object()).name(),
                        patched.name(node),
                        "%s only where `%s` still holds its first contents, and sets that there: the running target has done so, and will not do it again"
                                .formatted(what, name),
                        "Set what it would hold now when the payload is loaded, by a hook (LIVEPATCH_LOAD_HOOK). If the target has not been there, or need not be changed, pass --accept-new-state '%s'."
                                .formatted(name)));
    }
}
