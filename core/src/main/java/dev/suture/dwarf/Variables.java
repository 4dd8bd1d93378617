package dev.suture.dwarf;

import dev.suture.dwarf.Places.Place;
import dev.suture.elf.ElfFile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The global and static variables of one file, with their types. */
public final class Variables {
    private static final int MAXIMUM_ORIGINS = 16;
    private static final boolean[] WANTED = new boolean[128];

    static {
        WANTED[Dwarf.DW_TAG_variable] = true;
    }

    private final List<Variable> all;

    private Variables(List<Variable> all) {
        this.all = List.copyOf(all);
    }

    /**
     * Reads the variables of a file.
     *
     * @return none if the file has no debug information
     * @throws DwarfFormatException if its debug information is corrupt, or in another file ({@code -gsplit-dwarf})
     * @throws dev.suture.elf.ElfFormatException if its symbol table is corrupt
     */
    public static Variables read(ElfFile elf) {
        DebugInfo info = new DebugInfo(new DebugSections(elf));
        return new Variables(new Scan(info, new DescribeTypes(info, new ScanTypes(info).scan())).run());
    }

    /** {@return all of them, in the order of the file} */
    public List<Variable> all() {
        return all;
    }

    /** {@return the variable that begins at an offset of a section} */
    public Optional<Variable> at(int sectionIndex, long sectionOffset) {
        return all.stream()
                .filter(variable ->
                        variable.sectionIndex() == sectionIndex && variable.sectionOffset() == sectionOffset)
                .findFirst();
    }

    private static final class Scan {
        private final DebugInfo info;
        private final DescribeTypes types;
        private final Entry entry;
        private final Entry followed;
        private final Places places;
        private final Map<CodeRange, Variable> found = new HashMap<>();
        private final List<Variable> variables = new ArrayList<>();

        Scan(DebugInfo info, DescribeTypes types) {
            this.info = info;
            this.types = types;
            this.entry = new Entry(info);
            this.followed = new Entry(info);
            this.places = new Places(info.sections().elf());
        }

        List<Variable> run() {
            for (Unit unit : info.units()) {
                int at = unit.firstEntry();
                while (at < unit.end()) {
                    entry.readIfWanted(unit, at, WANTED);
                    at = entry.next();
                    if (entry.tag() == Dwarf.DW_TAG_variable && entry.isExpression(Attribute.LOCATION)) {
                        place().ifPresent(this::variable);
                    }
                }
            }
            return variables;
        }

        private Optional<CodeRange> place() {
            Cursor expression = entry.expression(Attribute.LOCATION);
            if (expression.atEnd() || expression.u8() != Dwarf.DW_OP_addr) {
                return Optional.empty();
            }
            int position = expression.position();
            Place place = places.stored(
                    info.section(), position, expression.unsigned(entry.unit().addressBytes()));
            // What goes on is not a place, but a value computed from one.
            return expression.atEnd() ? places.range(place, place.value()) : Optional.empty();
        }

        /** Follows abstract origins and specifications until name, type and line are known (DWARF 5, 3.3.8, 2.13.2). */
        private void variable(CodeRange place) {
            if (found.containsKey(place)) {
                return;
            }
            String name = "";
            int type = DebugInfo.NO_ENTRY;
            SourceLine declared = SourceLine.UNKNOWN;
            int next = entry.offset();
            for (int step = 0; next != DebugInfo.NO_ENTRY; step++) {
                if (step == MAXIMUM_ORIGINS) {
                    throw info.section()
                            .bad(entry.offset(), "more than %d entries refer one to another", MAXIMUM_ORIGINS);
                }
                Unit unit = info.unitOf(next);
                followed.read(unit, next);
                name = name.isEmpty() ? followed.string(Attribute.NAME) : name;
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
            TypeShape shape = types.shape(type);
            RawType held = shape.held();
            Variable variable = new Variable(
                    name,
                    shape.text().toString(),
                    shape.resolved().toString(),
                    shape.sizeBytes(),
                    held == null || !held.hasName() ? "" : held.text(),
                    shape.isHeldItself(),
                    place.sectionIndex(),
                    place.startOffset(),
                    declared);
            found.put(place, variable);
            variables.add(variable);
        }
    }
}
