package dev.suture.elf;

/** Asks a file for everything a file can be asked for. */
final class Everything {
    private Everything() {}

    /** Reads hostile bytes. Returns what was wrong with each part, or the empty string; throws what nobody expects. */
    static String readHostile(byte[] bytes) {
        ElfFile file;
        try {
            file = ElfFile.read("hostile", bytes);
        } catch (ElfFormatException e) {
            return e.getMessage();
        }
        StringBuilder wrong = new StringBuilder();
        attempt(wrong, file::symbols);
        attempt(wrong, file::dynamicSymbols);
        attempt(wrong, file::groups);
        attempt(wrong, file::buildId);
        for (Section section : file.sections()) {
            file.section(section.name()).orElseThrow();
            section.bytes();
            attempt(wrong, () -> readRelocations(file, section));
            if (section.type() == Elf.SHT_NOTE) {
                attempt(wrong, () -> file.notes(section));
            }
        }
        ElfWriter.write(file);
        return wrong.toString();
    }

    /** Whoever has relocations may look up their symbols. */
    private static void readRelocations(ElfFile file, Section section) {
        for (Relocation relocation : file.relocations(section)) {
            if (file.isRelocatable()) {
                file.symbols().get(relocation.symbolIndex()).name();
            }
        }
    }

    private static void attempt(StringBuilder wrong, Runnable read) {
        try {
            read.run();
        } catch (ElfFormatException e) {
            wrong.append(e.getMessage()).append('\n');
        }
    }
}
