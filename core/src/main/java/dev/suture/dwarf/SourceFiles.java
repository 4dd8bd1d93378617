package dev.suture.dwarf;

import dev.suture.elf.ElfFile;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The source files that the debug information of one file names: those that it has code or declarations from. */
public final class SourceFiles {
    private SourceFiles() {}

    /**
     * {@return their absolute paths on the machine of the compiler, each once}
     *
     * @throws DwarfFormatException if the debug information is corrupt
     */
    public static List<Path> of(ElfFile elf) {
        DebugInfo info = new DebugInfo(new DebugSections(elf));
        Entry entry = new Entry(info);
        Set<Path> files = new LinkedHashSet<>();
        for (Unit unit : info.units()) {
            entry.read(unit, unit.firstEntry());
            Path directory = Path.of("/" + entry.string(Attribute.COMP_DIR));
            info.fileNames(unit).all().stream()
                    .filter(name -> !name.isEmpty() && name.indexOf('\0') < 0)
                    .forEach(name -> files.add(directory.resolve(name).normalize()));
        }
        return List.copyOf(files);
    }
}
