package dev.suture.dwarf;

import dev.suture.dwarf.Places.Place;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Goes once over all entries and keeps functions, the calls inlined in them and their static variables.
 *
 * <p>A function that is inlined somewhere has an abstract entry with its name and one entry for each place its code is
 * at, which refers to the abstract one. A stack holds, for each open level, the function or inlined call that further
 * calls are in, and the function that variables belong to. In the body of an inlined call these differ: the calls are in
 * the outer function's code, the variables are the inner one's.
 */
final class ScanFunctions {
    private static final int MAXIMUM_INLINE_DEPTH = 500;
    private static final int MAXIMUM_ORIGINS = 16;
    private static final boolean[] WANTED = new boolean[128];

    static {
        WANTED[Dwarf.DW_TAG_subprogram] = true;
        WANTED[Dwarf.DW_TAG_inlined_subroutine] = true;
        WANTED[Dwarf.DW_TAG_variable] = true;
    }

    /** What an entry says about a function or variable, itself or through the entry it refers to. */
    record Identity(String name, String linkageName, boolean isExternal, SourceLine declared, long column) {}

    /** A level of the tree; {@code calls} are those inlined in it so far. */
    private record Level(
            Level outer,
            boolean opensCall,
            Identity callee,
            List<CodeRange> ranges,
            SourceLine call,
            List<InlinedCall> calls,
            int owner,
            int inlineDepth) {}

    private record Variable(int entry, int origin, int owner, CodeRange place) {}

    private final DebugInfo info;
    private final Entry entry;
    private final Entry followed;
    private final Places places;
    private final Ranges ranges;
    private final List<Function> functions = new ArrayList<>();
    private final List<Variable> variables = new ArrayList<>();
    private final IntMap<Integer> ownerOfVariable = new IntMap<>();
    private final IntMap<Identity> identities = new IntMap<>();
    private final List<Level> levels = new ArrayList<>();

    ScanFunctions(DebugInfo info) {
        this.info = info;
        this.entry = new Entry(info);
        this.followed = new Entry(info);
        this.places = new Places(info.sections().elf());
        this.ranges = new Ranges(info, places);
    }

    ScanFunctions scan() {
        for (Unit unit : info.units()) {
            int at = unit.firstEntry();
            while (at < unit.end()) {
                entry.readIfWanted(unit, at, WANTED);
                at = entry.next();
                read();
            }
            while (!levels.isEmpty()) {
                close();
            }
        }
        return this;
    }

    /** {@return all functions that have code, in the order of the section} */
    List<Function> functions() {
        return functions;
    }

    private void read() {
        Level outer = levels.isEmpty() ? null : levels.getLast();
        switch (entry.tag()) {
            case Entry.NULL_TAG -> close();
            case Dwarf.DW_TAG_subprogram -> open(function(outer));
            case Dwarf.DW_TAG_inlined_subroutine -> open(inlinedCall(outer));
            case Dwarf.DW_TAG_variable -> {
                variable(outer);
                open(outer);
            }
            default -> open(outer);
        }
    }

    private void open(Level level) {
        levels.add(level);
        if (!entry.hasChildren()) {
            close();
        }
    }

    /** Ends the innermost level. A level is there once for each entry inside it: only the outermost of these ends it. */
    private void close() {
        if (levels.isEmpty()) {
            return;
        }
        Level level = levels.removeLast();
        boolean goesOn = !levels.isEmpty() && levels.getLast() == level;
        if (level == null || goesOn) {
            return;
        }
        if (level.opensCall()) {
            if (level.outer() != null) {
                Identity callee = level.callee();
                level.outer()
                        .calls()
                        .add(new InlinedCall(
                                callee.name(), callee.linkageName(), level.ranges(), level.call(), level.calls()));
            }
        } else if (!level.ranges().isEmpty()) {
            Identity function = level.callee();
            functions.add(new Function(
                    function.name(),
                    function.linkageName(),
                    function.isExternal(),
                    function.declared(),
                    level.ranges(),
                    level.calls()));
        }
    }

    private Level function(Level outer) {
        List<CodeRange> code = ranges.of(entry);
        Identity identity = identity(entry.offset());
        return new Level(outer, false, identity, code, SourceLine.UNKNOWN, new ArrayList<>(), entry.offset(), 0);
    }

    private Level inlinedCall(Level outer) {
        int depth = outer == null ? 1 : outer.inlineDepth() + 1;
        if (depth > MAXIMUM_INLINE_DEPTH) {
            throw entry.bad("inlined calls nest more than %d deep".formatted(MAXIMUM_INLINE_DEPTH));
        }
        int origin = entry.reference(Attribute.ABSTRACT_ORIGIN);
        Identity callee = identity(origin == DebugInfo.NO_ENTRY ? entry.offset() : origin);
        SourceLine call = new SourceLine(
                info.fileNames(entry.unit()).path(entry.constant(Attribute.CALL_FILE, -1)),
                entry.constant(Attribute.CALL_LINE, 0));
        return new Level(outer, true, callee, ranges.of(entry), call, new ArrayList<>(), origin, depth);
    }

    private void variable(Level function) {
        if (function == null) {
            return;
        }
        ownerOfVariable.put(entry.offset(), function.owner());
        if (!entry.isExpression(Attribute.LOCATION)) {
            return;
        }
        Cursor expression = entry.expression(Attribute.LOCATION);
        int operation = expression.atEnd() ? 0 : expression.u8();
        Place place;
        if (operation == Dwarf.DW_OP_addr) {
            int position = expression.position();
            place = places.stored(
                    info.section(), position, expression.unsigned(entry.unit().addressBytes()));
        } else if (operation == Dwarf.DW_OP_addrx) {
            place = ranges.tableAddress(entry.unit(), expression.uleb());
        } else {
            return;
        }
        if (!expression.atEnd()) {
            return; // Not where the variable is, but a value computed from some other address.
        }
        int origin = entry.reference(Attribute.ABSTRACT_ORIGIN);
        places.range(place, place.value())
                .ifPresent(range -> variables.add(new Variable(entry.offset(), origin, function.owner(), range)));
    }

    /** {@return the static variables of functions, each once, without their symbols} */
    List<StaticLocal> staticLocals() {
        List<StaticLocal> locals = new ArrayList<>();
        Set<CodeRange> known = new HashSet<>();
        for (Variable variable : variables) {
            if (!known.add(variable.place())) {
                continue;
            }
            Integer declaredIn =
                    variable.origin() == DebugInfo.NO_ENTRY ? null : ownerOfVariable.get(variable.origin());
            int owner = declaredIn == null ? variable.owner() : declaredIn;
            Identity function = identity(owner == DebugInfo.NO_ENTRY ? variable.entry() : owner);
            Identity identity = identity(variable.entry());
            locals.add(new StaticLocal(
                    identity.name(),
                    function.name(),
                    function.linkageName(),
                    variable.place().sectionIndex(),
                    variable.place().startOffset(),
                    "",
                    identity.declared(),
                    identity.column()));
        }
        return locals;
    }

    /** Follows abstract origins and specifications until the name and the rest are known (DWARF 5, 3.3.8, 2.13.2). */
    private Identity identity(int at) {
        Identity known = identities.get(at);
        if (known != null) {
            return known;
        }
        String name = "";
        String linkageName = "";
        boolean isExternal = false;
        SourceLine declared = SourceLine.UNKNOWN;
        long column = 0;
        int next = at;
        for (int step = 0; next != DebugInfo.NO_ENTRY; step++) {
            if (step == MAXIMUM_ORIGINS) {
                throw info.section().bad(at, "more than %d entries refer one to another", MAXIMUM_ORIGINS);
            }
            Unit unit = info.unitOf(next);
            followed.read(unit, next);
            name = name.isEmpty() ? followed.string(Attribute.NAME) : name;
            linkageName = linkageName.isEmpty() ? followed.string(Attribute.LINKAGE_NAME) : linkageName;
            isExternal |= followed.flag(Attribute.EXTERNAL);
            if (declared.line() == 0 && followed.has(Attribute.DECL_LINE)) {
                declared = new SourceLine(
                        info.fileNames(unit).path(followed.constant(Attribute.DECL_FILE, -1)),
                        followed.constant(Attribute.DECL_LINE, 0));
                column = followed.constant(Attribute.DECL_COLUMN, 0);
            }
            next = followed.has(Attribute.ABSTRACT_ORIGIN)
                    ? followed.reference(Attribute.ABSTRACT_ORIGIN)
                    : followed.reference(Attribute.SPECIFICATION);
        }
        Identity identity = new Identity(name, linkageName, isExternal, declared, column);
        identities.put(at, identity);
        return identity;
    }
}
