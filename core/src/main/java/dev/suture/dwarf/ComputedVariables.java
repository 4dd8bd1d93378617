package dev.suture.dwarf;

import dev.suture.dwarf.Places.Place;
import dev.suture.elf.ElfFile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Whether the memory of a file's variables holds their values, or something that the value is computed from.
 *
 * <p>Clang does that to a static variable that is only ever set to one number beside its first one: what is left of {@code
 * static unsigned short limit;} with {@code limit = 19;} is one byte that says whether it was set, and the debug
 * information has the way from there to the value: the byte, times 19, plus 0. What the byte means changes with the
 * number in the source.
 *
 * @see "DWARF 5, 2.6.1.1.4 Value Descriptions; LLVM lib/Transforms/IPO/GlobalOpt.cpp, TryToShrinkGlobalToBoolean"
 */
public final class ComputedVariables {
    private static final int MAXIMUM_ORIGINS = 16;
    private static final boolean[] WANTED = new boolean[128];

    static {
        WANTED[Dwarf.DW_TAG_variable] = true;
    }

    /** What is said of a place: the name of a variable, and how its value comes from there; empty if it is there. */
    private record Said(String name, String computation) {}

    private final DebugInfo info;
    private final Places places;
    private final Ranges ranges;
    private final Entry entry;
    private final Entry followed;
    private final Map<Place, Set<Said>> said = new HashMap<>();

    private ComputedVariables(DebugInfo info) {
        this.info = info;
        places = new Places(info.sections().elf());
        ranges = new Ranges(info, places);
        entry = new Entry(info);
        followed = new Entry(info);
    }

    /**
     * {@return for each name of a variable that has a place how its value is computed from what is there, in a form that can
     * only be compared; empty where it is the value itself; several for variables of one name, in order}
     *
     * @throws DwarfFormatException if the debug information is corrupt, or in another file ({@code -gsplit-dwarf})
     */
    public static Map<String, List<String>> read(ElfFile elf) {
        return new ComputedVariables(new DebugInfo(new DebugSections(elf))).scan();
    }

    private Map<String, List<String>> scan() {
        for (Unit unit : info.units()) {
            int at = unit.firstEntry();
            while (at < unit.end()) {
                entry.readIfWanted(unit, at, WANTED);
                at = entry.next();
                if (entry.tag() == Dwarf.DW_TAG_variable && entry.isExpression(Attribute.LOCATION)) {
                    variable();
                }
            }
        }
        Map<String, List<String>> computed = new TreeMap<>();
        for (Set<Said> all : said.values()) {
            boolean isThere = all.stream().anyMatch(each -> each.computation().isEmpty());
            all.stream()
                    // Local variables may be computed from a variable, which then has an entry of its own.
                    .filter(each -> !isThere || each.computation().isEmpty())
                    .forEach(each -> computed.computeIfAbsent(each.name(), _ -> new ArrayList<>())
                            .add(each.computation()));
        }
        computed.values().forEach(all -> all.sort(null));
        return computed;
    }

    private void variable() {
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
        StringBuilder rest = new StringBuilder();
        boolean readsMemory = false;
        while (!expression.atEnd()) {
            int next = expression.u8();
            readsMemory |= rest.isEmpty() && (next == Dwarf.DW_OP_deref || next == Dwarf.DW_OP_deref_size);
            rest.append(HexFormat.of().toHexDigits((byte) next));
        }
        if (place.sectionIndex() != DebugSection.NO_SECTION && (rest.isEmpty() || readsMemory)) {
            said.computeIfAbsent(place, _ -> new HashSet<>()).add(new Said(name(), rest.toString()));
        }
    }

    private String name() {
        int next = entry.offset();
        for (int step = 0; next != DebugInfo.NO_ENTRY && step < MAXIMUM_ORIGINS; step++) {
            followed.read(info.unitOf(next), next);
            if (!followed.string(Attribute.NAME).isEmpty()) {
                return followed.string(Attribute.NAME);
            }
            next = followed.has(Attribute.ABSTRACT_ORIGIN)
                    ? followed.reference(Attribute.ABSTRACT_ORIGIN)
                    : followed.reference(Attribute.SPECIFICATION);
        }
        return "";
    }
}
