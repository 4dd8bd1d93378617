package dev.suture.diff;

import dev.suture.elf.Elf;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** What a section is for in the running program. */
public enum SectionRole {
    /** Code that may run at any time. */
    CODE,
    /** Variables. */
    DATA,
    /** What never changes once the program runs. */
    READ_ONLY,
    /** Variables of which each CPU has its own: their place is reserved when the program is linked. */
    PER_CPU,
    /** Variables of which each thread has its own: their place is reserved when the program starts. */
    THREAD_LOCAL,
    /** Code and data that are used while the target boots and given back afterwards. */
    INIT,
    /** Tables whose entries belong to code elsewhere. */
    SPECIAL,
    /** Pointers to the functions that a payload wants called. */
    HOOKS,
    /** Thrown away by the linker, or about the object and not part of the program. */
    DISCARDED;

    /** What starts the name of a section with initialisers that the linker puts in one row; a priority may follow. */
    private static final Set<String> POINTERS_TO_STARTERS = Set.of(".init_array", ".preinit_array", ".ctors");

    /** @see "GCC gcc/varasm.cc, default_elf_select_section()" */
    private static final Set<String> COMPILERS_OWN =
            Set.of(".data", ".bss", ".rodata", ".data.rel", ".data.rel.local", ".data.rel.ro", ".data.rel.ro.local");

    private static final String HOOK_SECTIONS = ".livepatch.hooks.";

    /** @see "Xen xen/include/xen/livepatch_payload.h" */
    private static final Set<String> HOOK_KINDS =
            Set.of("preapply", "load", "apply", "postapply", "prerevert", "revert", "unload", "postrevert");

    /** Xen's initcalls, one section for each level. */
    private static final Pattern INITCALLS = Pattern.compile("\\.initcall[A-Za-z0-9]*\\.init");

    /**
     * {@return what the section is for, by its type, flags and name}
     *
     * @param symbols the named symbols in it
     */
    static SectionRole of(Section section, List<Symbol> symbols) {
        if (isDropped(section) || isOrBelow(section.name(), ".discard")) {
            return DISCARDED;
        }
        String name = base(section, symbols);
        if (isHooks(section)) {
            return HOOKS;
        }
        if (isOrBelow(name, ".init")
                || POINTERS_TO_STARTERS.stream().anyMatch(start -> isOrBelow(name, start))
                || INITCALLS.matcher(name).matches()
                || name.equals(".trampoline_rel")
                || name.equals(".trampoline_seg")) {
            return INIT;
        }
        if (SpecialSections.isSpecial(name)) {
            return SPECIAL;
        }
        if (section.isCode()) {
            return CODE;
        }
        boolean shared = symbols.stream().mapToLong(Symbol::value).distinct().count() > 1;
        return isOrBelow(shared ? section.name() : name, ".bss.percpu") ? PER_CPU : variables(section, name);
    }

    /** {@return what a section is for, as far as that can be told without its symbols: what is code, and when it runs} */
    public static SectionRole of(Section section) {
        return of(section, List.of());
    }

    /**
     * {@return what a section of a user program's object is for}
     *
     * <p>Code in {@code .text.startup} may run at any time: compilers put there what only {@code main} calls, such as a
     * server's main loop.
     */
    static SectionRole inProcess(Section section, List<Symbol> symbols) {
        if (isDropped(section)) {
            return DISCARDED;
        }
        if (isHooks(section)) {
            return HOOKS;
        }
        if (isExceptionTable(section)) {
            return SPECIAL;
        }
        if (section.has(Elf.SHF_TLS)) {
            return THREAD_LOCAL;
        }
        String name = base(section, symbols);
        if (POINTERS_TO_STARTERS.stream().anyMatch(start -> isOrBelow(name, start))) {
            return INIT;
        }
        return section.isCode() ? CODE : variables(section, name);
    }

    /** {@return whether a section holds what unwinding looks up for the code of one function, or of all} */
    public static boolean isExceptionTable(Section section) {
        return isOrBelow(section.name(), ".gcc_except_table") && !section.has(Elf.SHF_WRITE) && !section.isCode();
    }

    /** What somebody may write to or run is no note, whatever section he put it in. */
    private static boolean isDropped(Section section) {
        boolean note = section.type() == Elf.SHT_NOTE && !section.has(Elf.SHF_WRITE) && !section.isCode();
        return !section.isAllocated()
                || section.type() == Elf.SHT_NULL
                || note
                || section.name().equals(".eh_frame");
    }

    private static boolean isHooks(Section section) {
        return section.name().startsWith(HOOK_SECTIONS)
                && HOOK_KINDS.contains(section.name().substring(HOOK_SECTIONS.length()));
    }

    /** {@return whether a section has that name, or one that begins with it and a full stop} */
    private static boolean isOrBelow(String name, String start) {
        return name.startsWith(start) && (name.length() == start.length() || name.charAt(start.length()) == '.');
    }

    /**
     * {@return the name of a section without that of the variable or function it is for} With {@code -fdata-sections} the
     * variables {@code ro} and {@code ro.1}, pointers which may be written to, are in {@code .data.rel.ro} and {@code
     * .data.rel.ro.1}, and {@code percpu} is in {@code .bss.percpu}.
     */
    private static String base(Section section, List<Symbol> symbols) {
        String name = section.name();
        return symbols.stream()
                .map(symbol -> "." + symbol.name())
                .filter(suffix -> name.endsWith(suffix) && name.length() > suffix.length())
                .max(Comparator.comparingInt(String::length))
                .map(suffix -> name.substring(0, name.length() - suffix.length()))
                .orElse(name);
    }

    /**
     * {@return whether compilers put variables there on their own, the first behind the others or each in a section of its
     * name} What somebody else puts a variable into may be a table that is put together when the program is linked.
     */
    static boolean isCompilersOwn(Section section, String variable) {
        String suffix = "." + variable;
        String name = section.name();
        String base = name.endsWith(suffix) ? name.substring(0, name.length() - suffix.length()) : name;
        return COMPILERS_OWN.contains(base);
    }

    /**
     * What the dynamic linker fills in and then protects is a constant. Behind two full stops is what a compiler has no
     * symbol for; whatever else follows may be a part of a variable's name.
     *
     * @see "binutils ld/scripttempl/elf.sc, DATARELRO; GCC gcc/varasm.cc, default_elf_select_section_1()"
     */
    private static SectionRole variables(Section section, String base) {
        boolean relocatedOnly = base.equals(".data.rel.ro")
                || base.equals(".data.rel.ro.local")
                || base.startsWith(".data.rel.ro..L")
                || base.startsWith(".data.rel.ro.local..L");
        return section.has(Elf.SHF_WRITE) && !relocatedOnly ? DATA : READ_ONLY;
    }
}
