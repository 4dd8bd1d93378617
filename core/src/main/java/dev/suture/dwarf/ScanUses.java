package dev.suture.dwarf;

import dev.suture.dwarf.Places.Place;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Goes once over all entries and keeps what uses types: variables, functions, their parameters and locals, and the places
 * of virtual functions.
 *
 * <p>A function that is inlined has an abstract entry with names and types, and others for each copy of its code that
 * refer to it: the names are taken where they stand.
 */
final class ScanUses {
    private static final int MAXIMUM_ORIGINS = 16;
    private static final boolean[] WANTED = new boolean[128];

    static {
        for (int tag : new int[] {
            Dwarf.DW_TAG_subprogram,
            Dwarf.DW_TAG_variable,
            Dwarf.DW_TAG_formal_parameter,
            Dwarf.DW_TAG_template_type_parameter,
            Dwarf.DW_TAG_structure_type,
            Dwarf.DW_TAG_union_type,
            Dwarf.DW_TAG_class_type
        }) {
            WANTED[tag] = true;
        }
    }

    /** A function whose entry is open, or the struct around its declaration. */
    private static final class Open {
        final int entryOffset;
        final boolean isFunction;
        final Identity identity;
        final List<TypeGraph.Local> locals = new ArrayList<>();

        Open(int entryOffset, boolean isFunction, Identity identity) {
            this.entryOffset = entryOffset;
            this.isFunction = isFunction;
            this.identity = identity;
        }
    }

    private record Identity(
            String name, String linkageName, boolean isExternal, int type, long alignment, SourceLine declared) {}

    private final DebugInfo info;
    private final TypeGraph graph;
    private final Entry entry;
    private final Entry followed;
    private final Places places;
    private final List<TypeGraph.Global> globals = new ArrayList<>();
    private final List<TypeGraph.Body> bodies = new ArrayList<>();
    private final Map<Integer, Map<Long, String>> virtuals = new HashMap<>();
    private final Map<Integer, List<TypeNode>> arguments = new HashMap<>();
    private final List<Open> levels = new ArrayList<>();

    ScanUses(DebugInfo info, TypeGraph graph) {
        this.info = info;
        this.graph = graph;
        this.entry = new Entry(info);
        this.followed = new Entry(info);
        this.places = new Places(info.sections().elf());
    }

    List<TypeGraph.Global> globals() {
        return globals;
    }

    List<TypeGraph.Body> bodies() {
        return bodies;
    }

    Map<Long, String> virtualFunctions(int classEntry) {
        return virtuals.getOrDefault(classEntry, Map.of());
    }

    List<TypeNode> templateArguments(int classEntry) {
        return arguments.getOrDefault(classEntry, List.of());
    }

    ScanUses scan() {
        for (Unit unit : info.units()) {
            levels.clear();
            int at = unit.firstEntry();
            while (at < unit.end()) {
                entry.readIfWanted(unit, at, WANTED);
                at = entry.next();
                if (entry.tag() == Entry.NULL_TAG) {
                    close();
                    continue;
                }
                Open outer = levels.isEmpty() ? null : levels.getLast();
                boolean hasChildren = entry.hasChildren();
                Open inside = read(outer);
                levels.add(inside);
                if (!hasChildren) {
                    close();
                }
            }
            while (!levels.isEmpty()) {
                close();
            }
        }
        return this;
    }

    /** A level is there once for each entry inside it: only the outermost of these ends it. */
    private void close() {
        if (levels.isEmpty()) {
            return;
        }
        Open level = levels.removeLast();
        boolean goesOn = !levels.isEmpty() && levels.getLast() == level;
        if (level != null
                && level.isFunction
                && !goesOn
                && !level.identity.name().isEmpty()) {
            Identity identity = level.identity;
            bodies.add(new TypeGraph.Body(
                    identity.name(),
                    identity.linkageName(),
                    identity.isExternal(),
                    graph.node(identity.type()),
                    List.copyOf(level.locals),
                    identity.declared()));
        }
    }

    private Open read(Open outer) {
        switch (entry.tag()) {
            case Dwarf.DW_TAG_template_type_parameter -> {
                if (outer != null && !outer.isFunction) {
                    arguments
                            .computeIfAbsent(outer.entryOffset, classEntry -> new ArrayList<>())
                            .add(graph.node(entry.reference(Attribute.TYPE)));
                }
                return outer;
            }
            case Dwarf.DW_TAG_structure_type, Dwarf.DW_TAG_class_type, Dwarf.DW_TAG_union_type -> {
                return new Open(entry.offset(), false, null);
            }
            case Dwarf.DW_TAG_subprogram -> {
                return function(outer);
            }
            case Dwarf.DW_TAG_formal_parameter -> {
                local(outer, true);
                return outer;
            }
            case Dwarf.DW_TAG_variable -> {
                variable(outer);
                return outer;
            }
            default -> {
                return outer;
            }
        }
    }

    private Open function(Open outer) {
        int offset = entry.offset();
        if (entry.flag(Attribute.DECLARATION)) {
            if (outer != null && !outer.isFunction && entry.isExpression(Attribute.VTABLE_ELEM_LOCATION)) {
                virtualFunction(outer);
            }
            return null;
        }
        if (entry.has(Attribute.ABSTRACT_ORIGIN)) {
            // A copy of what stands elsewhere; its own names, if any, are of no use without that.
            return null;
        }
        return new Open(offset, true, identity(offset));
    }

    private void virtualFunction(Open outer) {
        Cursor expression = entry.expression(Attribute.VTABLE_ELEM_LOCATION);
        if (!expression.atEnd() && expression.u8() == Dwarf.DW_OP_constu) {
            String linkageName = entry.string(Attribute.LINKAGE_NAME);
            virtuals.computeIfAbsent(outer.entryOffset, classEntry -> new TreeMap<>())
                    .put(expression.uleb(), linkageName.isEmpty() ? entry.string(Attribute.NAME) : linkageName);
        }
    }

    private void local(Open outer, boolean isParameter) {
        if (outer != null && outer.isFunction && entry.has(Attribute.NAME) && entry.has(Attribute.TYPE)) {
            String name = entry.string(Attribute.NAME);
            outer.locals.add(new TypeGraph.Local(name, graph.node(entry.reference(Attribute.TYPE)), isParameter));
        }
    }

    private void variable(Open outer) {
        boolean isInFunction = outer != null && outer.isFunction;
        boolean hasPlace = entry.isExpression(Attribute.LOCATION) && isStaticPlace();
        boolean isOutside = outer == null && levels.stream().allMatch(level -> level == null);
        if (isInFunction && !hasPlace && !entry.flag(Attribute.EXTERNAL)) {
            local(outer, false);
            return;
        }
        if (!hasPlace && !entry.flag(Attribute.DECLARATION) && !isOutside) {
            return;
        }
        // The body of a copy of a function: what its variable is called stands with the function.
        Optional<CodeRange> place = hasPlace ? place() : Optional.empty();
        boolean isDeclaration = entry.flag(Attribute.DECLARATION);
        Identity identity = identity(entry.offset());
        if (identity.name().isEmpty() || !hasPlace && !isDeclaration) {
            return;
        }
        globals.add(new TypeGraph.Global(
                identity.name(),
                identity.linkageName(),
                isInFunction ? outer.identity.name() : "",
                identity.isExternal(),
                isDeclaration,
                graph.node(identity.type()),
                identity.alignment(),
                place.map(CodeRange::sectionIndex).orElse(0),
                place.map(CodeRange::startOffset).orElse(0L),
                identity.declared()));
    }

    /** {@return whether the open entry is at an address, or at an offset in a thread's block} */
    private boolean isStaticPlace() {
        Cursor expression = entry.expression(Attribute.LOCATION);
        int operation = expression.atEnd() ? 0 : expression.u8();
        switch (operation) {
            case Dwarf.DW_OP_addr -> {
                // What goes on is not a place, but a value computed from one.
                expression.unsigned(entry.unit().addressBytes());
                return expression.atEnd();
            }
            case Dwarf.DW_OP_addrx -> {
                expression.uleb();
                return expression.atEnd();
            }
            case Dwarf.DW_OP_const4u -> expression.u32();
            case Dwarf.DW_OP_const8u -> expression.u64();
            case Dwarf.DW_OP_constx, Dwarf.DW_OP_GNU_const_index -> expression.uleb();
            default -> {
                return false;
            }
        }
        int next = expression.atEnd() ? 0 : expression.u8();
        return next == Dwarf.DW_OP_form_tls_address || next == Dwarf.DW_OP_GNU_push_tls_address;
    }

    private Optional<CodeRange> place() {
        Cursor expression = entry.expression(Attribute.LOCATION);
        if (expression.u8() != Dwarf.DW_OP_addr) {
            return Optional.empty();
        }
        int position = expression.position();
        Place place = places.stored(
                info.section(), position, expression.unsigned(entry.unit().addressBytes()));
        return expression.atEnd() ? places.range(place, place.value()) : Optional.empty();
    }

    /** Follows abstract origins and specifications until all is known (DWARF 5, 3.3.8, 2.13.2). */
    private Identity identity(int at) {
        String name = "";
        String linkageName = "";
        boolean isExternal = false;
        int type = DebugInfo.NO_ENTRY;
        long alignment = 0;
        SourceLine declared = SourceLine.UNKNOWN;
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
            alignment = Math.max(alignment, followed.constant(Attribute.ALIGNMENT, 0));
            type = type == DebugInfo.NO_ENTRY ? followed.reference(Attribute.TYPE) : type;
            if (declared.line() == 0 && followed.has(Attribute.DECL_LINE)) {
                declared = new SourceLine(
                        info.fileNames(unit).path(followed.constant(Attribute.DECL_FILE, -1)),
                        followed.constant(Attribute.DECL_LINE, 0));
            }
            next = followed.has(Attribute.ABSTRACT_ORIGIN)
                    ? followed.reference(Attribute.ABSTRACT_ORIGIN)
                    : followed.reference(Attribute.SPECIFICATION);
        }
        return new Identity(name, linkageName, isExternal, type, alignment, declared);
    }
}
