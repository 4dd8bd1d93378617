package dev.suture.diff;

import dev.suture.elf.Elf;
import dev.suture.elf.Section;

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

    /** {@return what the section is for, by its name and flags} */
    public static SectionRole of(Section section) {
        String name = section.name();
        boolean dropped = name.startsWith(".discard") || name.startsWith(".note.") || name.equals(".eh_frame");
        if (!section.isAllocated() || section.type() == Elf.SHT_NULL || dropped) {
            return DISCARDED;
        }
        if (name.startsWith(".livepatch.hooks.")) {
            return HOOKS;
        }
        if (name.startsWith(".init") || name.endsWith("initcall.init") || name.startsWith(".trampoline_")) {
            return INIT;
        }
        if (SpecialSections.isSpecial(name)) {
            return SPECIAL;
        }
        if (section.isCode()) {
            return CODE;
        }
        // With a full stop behind: a variable called percpu_x is in .bss.percpu_x.
        if (name.equals(".bss.percpu") || name.startsWith(".bss.percpu.")) {
            return PER_CPU;
        }
        return variables(section);
    }

    /**
     * {@return what a section of a user program's object is for}
     *
     * <p>Code in {@code .text.startup} may run at any time: compilers put there what only {@code main} calls, such as a
     * server's main loop.
     */
    static SectionRole inProcess(Section section) {
        String name = section.name();
        boolean dropped = name.startsWith(".note.") || name.equals(".eh_frame");
        if (!section.isAllocated() || section.type() == Elf.SHT_NULL || dropped) {
            return DISCARDED;
        }
        if (name.startsWith(".livepatch.hooks.")) {
            return HOOKS;
        }
        if (name.startsWith(".gcc_except_table")) {
            return SPECIAL;
        }
        if (section.has(Elf.SHF_TLS)) {
            return THREAD_LOCAL;
        }
        if (name.startsWith(".init_array") || name.startsWith(".preinit_array") || name.startsWith(".ctors")) {
            return INIT;
        }
        return section.isCode() ? CODE : variables(section);
    }

    private static SectionRole variables(Section section) {
        boolean relocatedOnly = section.name().startsWith(".data.rel.ro");
        return section.has(Elf.SHF_WRITE) && !relocatedOnly ? DATA : READ_ONLY;
    }
}
