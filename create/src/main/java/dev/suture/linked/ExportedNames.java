package dev.suture.linked;

import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import java.util.HashSet;
import java.util.Set;

/** Tells how a library reaches what it exports: by itself, or by asking the dynamic linker, as others may interpose. */
public final class ExportedNames {
    private ExportedNames() {}

    /**
     * {@return the names that both files export and for which the patched one does not ask the dynamic linker}
     *
     * @param patched the linked program with the patches
     * @param running the file that runs
     */
    public static Set<String> boundDirectly(ElfFile patched, ElfFile running) {
        Set<String> names = exported(patched);
        names.retainAll(exported(running));
        names.removeAll(new LinkedFile(patched).askedFor());
        return names;
    }

    private static Set<String> exported(ElfFile elf) {
        Set<String> names = new HashSet<>();
        for (Symbol symbol : elf.dynamicSymbols()) {
            if (symbol.index() > 0 && !symbol.isUndefined() && !symbol.isLocal()) {
                names.add(symbol.name());
            }
        }
        return names;
    }
}
