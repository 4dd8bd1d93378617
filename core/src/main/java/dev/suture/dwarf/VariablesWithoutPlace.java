package dev.suture.dwarf;

import dev.suture.elf.ElfFile;
import java.util.HashSet;
import java.util.Set;

/**
 * The variables of a file that its source defines outside of all functions, and that have no place in it: the compiler knows
 * all there is to know of their contents, or nothing uses them.
 *
 * @see "DWARF 5, 4.1 Data Object Entries"
 */
public final class VariablesWithoutPlace {
    private static final boolean[] WANTED = new boolean[128];

    static {
        WANTED[Dwarf.DW_TAG_variable] = true;
    }

    private VariablesWithoutPlace() {}

    /**
     * {@return their names}
     *
     * @throws DwarfFormatException if the debug information is corrupt, or in another file ({@code -gsplit-dwarf})
     */
    public static Set<String> names(ElfFile elf) {
        DebugInfo info = new DebugInfo(new DebugSections(elf));
        Entry entry = new Entry(info);
        Set<String> names = new HashSet<>();
        Set<String> placed = new HashSet<>();
        for (Unit unit : info.units()) {
            int at = unit.firstEntry();
            int depth = 0;
            while (at < unit.end()) {
                entry.readIfWanted(unit, at, WANTED);
                at = entry.next();
                if (entry.tag() == Entry.NULL_TAG) {
                    depth--;
                } else {
                    if (entry.tag() == Dwarf.DW_TAG_variable && depth == 1 && !entry.flag(Attribute.DECLARATION)) {
                        boolean hasPlace = entry.has(Attribute.LOCATION) || entry.has(Attribute.SPECIFICATION);
                        (hasPlace ? placed : names).add(entry.string(Attribute.NAME));
                    }
                    depth += entry.hasChildren() ? 1 : 0;
                }
            }
        }
        names.removeAll(placed);
        names.remove("");
        return names;
    }
}
