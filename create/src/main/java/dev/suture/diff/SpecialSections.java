package dev.suture.diff;

import dev.suture.diff.SpecialSection.Field;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The tables of code places that one release of a target has, by section name. */
public final class SpecialSections {
    private static final Set<String> NAMES = Set.of(
            ".altinstructions",
            ".alt_call_sites",
            ".bug_frames.0",
            ".bug_frames.1",
            ".bug_frames.2",
            ".bug_frames.3",
            ".ex_table",
            ".ex_table.pre");

    private static final Set<String> FRAGMENT_HOLDERS = Set.of(".altinstr_replacement", ".fixup");

    private final Map<String, SpecialSection> byName;
    private final boolean userProgram;

    private SpecialSections(boolean userProgram, Stream<SpecialSection> rows) {
        this.userProgram = userProgram;
        byName = rows.collect(Collectors.toUnmodifiableMap(SpecialSection::name, Function.identity()));
    }

    /**
     * The entry layouts of Xen on x86-64.
     *
     * @param minorRelease the 17 of Xen 4.17
     * @return the tables of that release
     * @see "xen/arch/x86/include/asm/alternative.h, struct alt_instr (12 bytes before 4.11); bug.h, struct bug_frame;
     *     uaccess.h, struct exception_table_entry; alternative-call.h (4.21)"
     */
    public static SpecialSections xenX86(int minorRelease) {
        int alternativeBytes = minorRelease >= 11 ? 14 : 12;
        List<Field> pair = List.of(here(0), here(4));
        List<Field> bug = List.of(bugField(0), bugField(4));
        List<Field> assertion = List.of(bugField(0), bugField(4), new Field(12, true, 64));
        return new SpecialSections(
                false,
                Stream.of(
                        new SpecialSection(".altinstructions", alternativeBytes, pair, "alt_instr", 11),
                        new SpecialSection(".alt_call_sites", 4, List.of(here(0)), "", 0),
                        new SpecialSection(".bug_frames.0", 8, bug, "bug_frame", 0),
                        new SpecialSection(".bug_frames.1", 8, bug, "bug_frame", 0),
                        new SpecialSection(".bug_frames.2", 8, bug, "bug_frame", 0),
                        new SpecialSection(".bug_frames.3", 16, assertion, "", 0),
                        new SpecialSection(".ex_table", 8, pair, "exception_table_entry", 0),
                        new SpecialSection(".ex_table.pre", 8, pair, "exception_table_entry", 0)));
    }

    /** {@return the tables of user programs: none with entries of one size} */
    public static SpecialSections process() {
        return new SpecialSections(true, Stream.of());
    }

    /**
     * {@return what a section is for in the kind of target that these tables are of}
     *
     * @param symbols the named symbols in it
     */
    SectionRole role(Section section, List<Symbol> symbols) {
        return userProgram ? SectionRole.inProcess(section, symbols) : SectionRole.of(section, symbols);
    }

    private static Field here(int offset) {
        return new Field(offset, false, 64);
    }

    /** A bug frame counts from its own beginning, in 24 bits; the line number is in the bits above. */
    private static Field bugField(int offset) {
        return new Field(offset, true, 24);
    }

    /** {@return the layout of the section of that name, if it is a table} */
    public Optional<SpecialSection> table(String sectionName) {
        return Optional.ofNullable(byName.get(sectionName));
    }

    /** {@return all tables} */
    public Iterable<SpecialSection> tables() {
        return byName.values();
    }

    /** {@return whether a section of that name is a table, or holds code which only tables refer to} */
    static boolean isSpecial(String sectionName) {
        return NAMES.contains(sectionName) || FRAGMENT_HOLDERS.contains(sectionName);
    }

    /** {@return whether a section of that name holds code which only tables refer to} */
    boolean holdsFragments(String sectionName) {
        return !userProgram && FRAGMENT_HOLDERS.contains(sectionName);
    }
}
