package dev.suture.state;

import dev.suture.diff.Comparison;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Piece.Kind;
import dev.suture.diff.Reference;
import dev.suture.diff.SectionRole;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.LeftOut;
import dev.suture.image.Image;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** The code of all patched objects that runs once the payload is there, and who leads to whom among it. */
final class Functions {
    /** Where addresses go in more linked code than this is not followed: it would take too long. */
    private static final int MOST_LINKED_BYTES = 1 << 18;

    /** What of a target without a library is longer has tables of jumps, mostly. */
    private static final int LARGE_BYTES = 1024;

    /** The object of code that is none of a patched object's. */
    private static final int LINKED = -1;

    /** A piece of code. Two are the same if they are of the same place. */
    record Node(int object, int piece) {}

    private final Selection selection;
    private final Target running;
    private final boolean isOfOriginals;
    /** The code of the patched objects by the names that the target has for it. */
    private final Map<String, Set<Node>> byTargetName = new HashMap<>();

    private final Map<String, Node> globals = new HashMap<>();
    private final Map<Node, Set<Node>> usersOf = new HashMap<>();
    /** The code that refers to a piece of its own object, whatever that is. */
    private final Map<Node, Set<Node>> referrers = new HashMap<>();
    /** Code that other code jumps into the middle of: the unlikely part of a function goes back there. */
    private final Map<Node, Set<Long>> entered = new HashMap<>();

    private final Map<Node, Set<Node>> entering = new HashMap<>();
    /** The functions that data of any object has by name. */
    private final Set<String> namesInData = new HashSet<>();
    /** The code that refers to what another object has. */
    private final Map<String, Set<Node>> referrersByName = new HashMap<>();

    /** The functions that other pieces are halves of. */
    private final Map<Node, Node> wholes = new HashMap<>();

    private final Map<Node, List<Piece>> halves = new HashMap<>();
    private final Hooks hooks;
    private final Map<Node, Flow> flows = new HashMap<>();
    private final Set<Node> all = new LinkedHashSet<>();
    private final List<Target.Code> linked = new ArrayList<>();
    private final Map<Long, Node> linkedAt = new HashMap<>();
    private long linkedBytes;

    Functions(Selection selection, Target running) {
        this(selection, running, false);
    }

    /** @param isOfOriginals whether to look at the originals instead */
    Functions(Selection selection, Target running, boolean isOfOriginals) {
        this.selection = selection;
        this.running = running;
        this.isOfOriginals = isOfOriginals;
        for (int object = 0; object < selection.objects().size(); object++) {
            for (Piece piece : pieces(object).pieces()) {
                if (piece.isCode() && piece.role() != SectionRole.INIT && !isOver(object, piece)) {
                    Node node = new Node(object, piece.index());
                    all.add(node);
                    byTargetName
                            .computeIfAbsent(targetName(node), _ -> new LinkedHashSet<>())
                            .add(node);
                    if (piece.kind() == Kind.FUNCTION && piece.isGlobal()) {
                        globals.putIfAbsent(piece.name(), node);
                    }
                }
            }
        }
        noteData();
        wholes.putAll(Halves.find(this));
        wholes.forEach((half, whole) ->
                halves.computeIfAbsent(whole, _ -> new ArrayList<>()).add(piece(half)));
        all.removeAll(wholes.keySet());
        for (Node node : all) {
            for (Reference reference : references(node)) {
                if (!isInside(node, reference)) {
                    target(node, reference)
                            .ifPresent(target -> usersOf.computeIfAbsent(target, _ -> new LinkedHashSet<>())
                                    .add(node));
                    noteReferrer(node, reference);
                }
            }
        }
        hooks = new Hooks(this, selection, isOfOriginals);
    }

    /** {@return what all of some code refers to} */
    List<Reference> references(Node node) {
        List<Reference> found = new ArrayList<>(object(node).references(piece(node)));
        halves.getOrDefault(node, List.of())
                .forEach(half -> found.addAll(object(node).references(half)));
        return found;
    }

    /** Whether a reference leads from one half of a function to another, and not to its beginning. */
    private boolean isInside(Node node, Reference reference) {
        return halves.containsKey(node)
                && reference.target() instanceof Reference.InPiece target
                && target(node, reference).equals(Optional.of(node))
                && !(target.pieceIndex() == node.piece() && target.delta() == 0);
    }

    private void noteData() {
        for (int object = 0; object < selection.objects().size(); object++) {
            for (Piece piece : pieces(object).pieces()) {
                if (!piece.isCode() && piece.kind() != Kind.SPECIAL_ENTRY) {
                    for (Reference reference : pieces(object).references(piece)) {
                        if (reference.target() instanceof Reference.Elsewhere target) {
                            namesInData.add(target.symbol().name());
                        }
                    }
                }
            }
        }
    }

    private void noteReferrer(Node node, Reference reference) {
        switch (reference.target()) {
            case Reference.InPiece target -> {
                Node meant = new Node(node.object(), target.pieceIndex());
                referrers.computeIfAbsent(meant, _ -> new LinkedHashSet<>()).add(node);
                if (!meant.equals(node) && target.delta() != 0) {
                    entered.computeIfAbsent(meant, _ -> new HashSet<>()).add(target.delta());
                    entering.computeIfAbsent(meant, _ -> new HashSet<>()).add(node);
                }
            }
            case Reference.Elsewhere target ->
                referrersByName
                        .computeIfAbsent(target.symbol().name(), _ -> new LinkedHashSet<>())
                        .add(node);
            case Reference.Constant _, Reference.Nothing _ -> {}
        }
    }

    /** What is left out because it ran when everything started is judged there. */
    private boolean isOver(int object, Piece piece) {
        String name = selection.objects().get(object).name();
        return piece.isNamed()
                && selection.leftOut().stream()
                        .anyMatch(left -> left.cause() == LeftOut.Cause.AT_START
                                && left.object().equals(name)
                                && left.symbol().equals(piece.name()));
    }

    private ObjectPieces pieces(int object) {
        Comparison comparison = selection.objects().get(object);
        return isOfOriginals ? comparison.original() : comparison.patched();
    }

    ObjectPieces object(Node node) {
        return pieces(node.object());
    }

    Piece piece(Node node) {
        return object(node).pieces().get(node.piece());
    }

    Set<Node> all() {
        return all;
    }

    Flow flow(Node node) {
        return flows.computeIfAbsent(
                node,
                missing -> missing.object() == LINKED
                        ? new Flow(isa(), linked.get(missing.piece()).bytes())
                        : new Flow(object(missing), parts(missing), entered.getOrDefault(missing, Set.of())));
    }

    private List<Piece> parts(Node node) {
        List<Piece> parts = new ArrayList<>(List.of(piece(node)));
        parts.addAll(halves.getOrDefault(node, List.of()));
        return parts;
    }

    private Isa isa() {
        return Isa.of(selection.objects().getFirst().patched().elf().header().machine());
    }

    /** {@return the code that jumps into the middle of some code} */
    Set<Node> entering(Node node) {
        return entering.getOrDefault(node, Set.of());
    }

    /** {@return whether a jump leads into the middle of some code} */
    boolean isIntoMiddle(Node from, int step) {
        return flow(from).in(step).stream()
                .anyMatch(reference -> reference.target() instanceof Reference.InPiece target
                        && target.delta() != 0
                        && target(from, reference).isPresent());
    }

    /** {@return what a call or a jump out of some code leads to} */
    Callee callee(Node from, int step) {
        Flow flow = flow(from);
        if (from.object() == LINKED) {
            OptionalLong to = flow.steps().get(step).branchTarget(flow.bytes());
            return to.isEmpty()
                    ? new Callee.Unknown()
                    : running.codeAt(linked.get(from.piece()).address() + to.getAsLong())
                            .map(this::callee)
                            .orElse(new Callee.Unknown());
        }
        for (Reference reference : flow.in(step)) {
            boolean isDirect = flow.steps().get(step).flow() != Instruction.Flow.INDIRECT_CALL
                    && flow.steps().get(step).flow() != Instruction.Flow.INDIRECT_JUMP;
            Optional<Node> here =
                    isDirect || flow.isThroughTable(reference) ? target(from, reference) : Optional.empty();
            if (here.isPresent()) {
                return new Callee.Known(here.get());
            }
            if (reference.target() instanceof Reference.Elsewhere elsewhere
                    && (isDirect || flow.isThroughTable(reference))) {
                String name = elsewhere.symbol().name();
                return running.isOfLibrary(name)
                        ? new Callee.Library(name)
                        : running.code(name).map(this::callee).orElse(new Callee.Unknown());
            }
        }
        return new Callee.Unknown();
    }

    private Callee callee(Target.Code code) {
        if (running.isOfLibrary(code.name())) {
            return new Callee.Library(code.name());
        }
        Set<Node> patched = byTargetName.getOrDefault(code.name(), Set.of());
        if (!patched.isEmpty()) {
            // It runs as the patch makes it, if it is that one and no other of its name.
            boolean isOne = patched.size() == 1
                    && all.containsAll(patched)
                    && running.code(code.name()).isPresent();
            return isOne ? new Callee.Known(patched.iterator().next()) : new Callee.Unknown();
        }
        if (running.isWithoutLibrary() && code.bytes().byteSize() > LARGE_BYTES) {
            return new Callee.Large();
        }
        Node known = linkedAt.get(code.address());
        if (known == null && linkedBytes + code.bytes().byteSize() > MOST_LINKED_BYTES) {
            return new Callee.Unknown();
        }
        if (known == null) {
            linkedBytes += code.bytes().byteSize();
            linked.add(code);
            known = new Node(LINKED, linked.size() - 1);
            linkedAt.put(code.address(), known);
        }
        return new Callee.Known(known);
    }

    /**
     * {@return whether what a jump leads to may be another part of the same function, which has all of its registers: its
     * unlikely half}
     */
    boolean mayStayInside(Node from, int jump, Node to) {
        return from.object() == LINKED
                ? flow(from).isJump(jump)
                : to.object() != LINKED && piece(to).kind() == Kind.FRAGMENT;
    }

    /** {@return whether code is linked code of the target} */
    static boolean isLinked(Node node) {
        return node.object() == LINKED;
    }

    /** {@return the code of the patched objects that a reference leads to, be it to its beginning or not} */
    Optional<Node> target(Node from, Reference reference) {
        Optional<Node> found = switch (reference.target()) {
            case Reference.InPiece target -> Optional.of(new Node(from.object(), target.pieceIndex()));
            case Reference.Elsewhere target ->
                Optional.ofNullable(globals.get(target.symbol().name()));
            case Reference.Constant _, Reference.Nothing _ -> Optional.empty();
        };
        return found.map(node -> wholes.getOrDefault(node, node)).filter(all::contains);
    }

    /** {@return some code and all of the patched objects that leads to it} */
    Set<Node> withAllUsers(Set<Node> some) {
        Set<Node> found = new LinkedHashSet<>(some);
        ArrayDeque<Node> open = new ArrayDeque<>(some);
        while (!open.isEmpty()) {
            for (Node user : usersOf.getOrDefault(open.remove(), Set.of())) {
                if (found.add(user)) {
                    open.add(user);
                }
            }
        }
        return found;
    }

    /** {@return whether something that is not looked at may start it: another object, or who has its address} */
    boolean isRoot(Node node) {
        return node.object() != LINKED && isLedTo(node);
    }

    private boolean isLedTo(Node node) {
        return isStartedElsewhere(node)
                || usersOf.getOrDefault(node, Set.of()).stream().anyMatch(user -> takesAddress(user, node));
    }

    /** {@return whether something else than the code that leads to it here may start it} */
    boolean isStartedElsewhere(Node node) {
        if (node.object() == LINKED) {
            return false;
        }
        Piece piece = piece(node);
        boolean isSeen = piece.kind() == Kind.FRAGMENT
                || piece.kind() == Kind.FUNCTION
                        && (!piece.isGlobal()
                                || running.callers(piece.name())
                                        .filter(byTargetName.keySet()::containsAll)
                                        .isPresent());
        Set<Node> users = usersOf.getOrDefault(node, Set.of());
        if (!isSeen
                || users.isEmpty()
                || users.stream().anyMatch(user -> !flow(user).isComplete())) {
            return true;
        }
        return piece.isGlobal() && namesInData.contains(piece.name())
                || object(node).pieces().stream()
                        .filter(user -> !user.isCode() && user.kind() != Kind.SPECIAL_ENTRY)
                        .anyMatch(user -> refersTo(user, node));
    }

    boolean refersTo(Piece user, Node node) {
        return object(node).references(user).stream()
                .anyMatch(reference -> reference.target() instanceof Reference.InPiece target
                        && target.pieceIndex() == node.piece()
                        && target.delta() == 0);
    }

    private String targetName(Node node) {
        Piece piece = piece(node);
        return piece.isGlobal() || piece.symbols().isEmpty()
                ? piece.name()
                : Image.targetNameOfLocal(object(node).sourceFile(), piece.name());
    }

    private boolean takesAddress(Node user, Node node) {
        Flow flow = flow(user);
        for (int step = 0; step < flow.steps().size(); step++) {
            for (Reference reference : flow.in(step)) {
                if (!flow.isBranch(step) && target(user, reference).equals(Optional.of(node))) {
                    return true;
                }
            }
        }
        return false;
    }

    Hooks hooks() {
        return hooks;
    }

    /** {@return the code of the patched objects that leads to some} */
    Set<Node> usersOf(Node node) {
        return usersOf.getOrDefault(node, Set.of());
    }

    /** {@return the code that refers to a variable} */
    Set<Node> usersOf(Variable variable) {
        Set<Node> found = new LinkedHashSet<>(referrers.getOrDefault(
                new Node(variable.object(), variable.piece().index()), Set.of()));
        found.addAll(referrersByName.getOrDefault(variable.piece().name(), Set.of()));
        found.removeIf(
                node -> references(node).stream().noneMatch(reference -> variable.isMeantBy(node.object(), reference)));
        return found;
    }

    /** {@return the data that has a variable's address, so that whoever reads it may write the variable} */
    List<Node> holdersOf(Variable variable) {
        Set<Node> hooks = this.hooks.all();
        List<Node> found = new ArrayList<>();
        for (int object = 0; object < selection.objects().size(); object++) {
            int here = object;
            for (Piece piece : pieces(object).pieces()) {
                Node node = new Node(object, piece.index());
                boolean mayHold = !piece.isCode()
                        && (piece.role() == SectionRole.DATA || piece.role() == SectionRole.READ_ONLY)
                        && !hooks.contains(node)
                        && !(object == variable.object()
                                && piece.index() == variable.piece().index());
                if (mayHold
                        && object(node).references(piece).stream()
                                .anyMatch(reference -> variable.isMeantBy(here, reference))) {
                    found.add(node);
                }
            }
        }
        return found;
    }

    /** {@return some code and all of the patched objects that it leads to} */
    Set<Node> reachedFrom(Set<Node> some) {
        Set<Node> seen = new LinkedHashSet<>(some);
        ArrayDeque<Node> open = new ArrayDeque<>(some);
        while (!open.isEmpty()) {
            Node node = open.remove();
            for (Reference reference : references(node)) {
                target(node, reference).filter(seen::add).ifPresent(open::add);
            }
        }
        return seen;
    }

    /** {@return the function that a reader knows a piece of code by} */
    String name(Node node) {
        if (node.object() == LINKED) {
            return linked.get(node.piece()).name();
        }
        Piece piece = piece(node);
        if (piece.kind() != Kind.FRAGMENT) {
            return piece.name();
        }
        List<String> owners = new ArrayList<>();
        for (Node user : usersOf.getOrDefault(node, Set.of())) {
            owners.add(piece(user).name());
        }
        return owners.isEmpty() ? piece.name() : owners.getFirst();
    }
}
