package dev.suture.elf;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What readelf says about a file, in the words of the lines that {@link #describe} makes of a model. */
final class Readelf {
    private static final Pattern HEADER =
            Pattern.compile("\\s+(Entry point address|Start of program headers|Start of section headers|Flags"
                    + "|Number of program headers|Number of section headers|Section header string table index):"
                    + "\\s+(\\S+)( \\(\\d+\\))?.*");
    private static final Pattern SECTION = Pattern.compile("\\s+\\[\\s*(\\d+)\\] (.*?)\\s+(\\S+)\\s+([0-9a-f]{16})"
            + " ([0-9a-f]{6,}) ([0-9a-f]{6,}) ([0-9a-f]{2,}) ([ A-Za-z]{3})\\s+(\\d+)\\s+(\\d+)\\s+(\\d+)");
    private static final Pattern SEGMENT = Pattern.compile("  (\\S+)\\s+0x([0-9a-f]+) 0x([0-9a-f]{16}) 0x([0-9a-f]{16})"
            + " 0x([0-9a-f]+) 0x([0-9a-f]+) ([R ][W ][E ]) (?:0x)?([0-9a-f]+)");
    private static final Pattern TABLE = Pattern.compile("Symbol table '(.*)' contains \\d+ entr(?:y|ies):");
    private static final Pattern SYMBOL =
            Pattern.compile("\\s*(\\d+): ([0-9a-f]{16})\\s+(0x[0-9a-f]+|\\d+) (\\S+)\\s+(\\S+)"
                    + "\\s+(\\S+)\\s+(?:\\[[^]]*\\]\\s+)?(\\S+)(?: (.*))?");
    private static final Pattern RELOCATIONS = Pattern.compile("Relocation section '.*' at offset 0x([0-9a-f]+) .*");
    private static final Pattern RELOCATION = Pattern.compile("([0-9a-f]{12,16})\\s+([0-9a-f]{12,16}) \\S+\\s+(.*)");
    private static final Pattern ADDEND = Pattern.compile("(?:.* ([+-]) )?([0-9a-f]+)");
    private static final Pattern NOTES = Pattern.compile("Displaying notes found in: (.*)");
    private static final Pattern NOTE = Pattern.compile("  (\\S+|GA.*?)\\s+0x([0-9a-f]{8})\\t.*");
    private static final Pattern BUILD_ID = Pattern.compile(".*Build ID: ([0-9a-f]+)");

    private static final Map<String, Integer> SECTION_TYPES = Map.ofEntries(
            Map.entry("NULL", Elf.SHT_NULL),
            Map.entry("PROGBITS", Elf.SHT_PROGBITS),
            Map.entry("SYMTAB", Elf.SHT_SYMTAB),
            Map.entry("STRTAB", Elf.SHT_STRTAB),
            Map.entry("RELA", Elf.SHT_RELA),
            Map.entry("NOTE", Elf.SHT_NOTE),
            Map.entry("NOBITS", Elf.SHT_NOBITS),
            Map.entry("DYNSYM", Elf.SHT_DYNSYM),
            Map.entry("GROUP", Elf.SHT_GROUP));
    private static final List<String> BINDINGS = List.of("LOCAL", "GLOBAL", "WEAK");
    private static final List<String> TYPES =
            List.of("NOTYPE", "OBJECT", "FUNC", "SECTION", "FILE", "COMMON", "TLS", "?", "?", "?", "IFUNC");
    private static final List<String> VISIBILITIES = List.of("DEFAULT", "INTERNAL", "HIDDEN", "PROTECTED");

    private final List<String> facts = new ArrayList<>();
    private final Map<String, Integer> tableNumbers = new HashMap<>();
    private final ElfFile file;

    private Readelf(ElfFile file) {
        this.file = file;
    }

    /** What readelf says. Of the model only what readelf leaves open is used: which of two names is meant. */
    static List<String> facts(Path path, ElfFile file) throws IOException, InterruptedException {
        Readelf readelf = new Readelf(file);
        readelf.parse(Tool.runWell(path.getParent(), "readelf", "-hSlsrn", "-W", path.toString()));
        return readelf.facts;
    }

    private void parse(String output) {
        output = output.replaceAll("<(OS|processor) specific>: (\\d+)", "<specific:$2>");
        String table = "";
        long relocationsAt = -1;
        String notesIn = "";
        for (String line : output.split("\n")) {
            Matcher matcher;
            if ((matcher = TABLE.matcher(line)).matches()) {
                table = matcher.group(1);
            } else if ((matcher = RELOCATIONS.matcher(line)).matches()) {
                relocationsAt = Long.parseLong(matcher.group(1), 16);
            } else if ((matcher = NOTES.matcher(line)).matches()) {
                notesIn = matcher.group(1);
            } else if (!notesIn.isEmpty()) {
                note(notesIn, line);
            } else if ((matcher = SYMBOL.matcher(line)).matches() && !table.isEmpty()) {
                symbol(table, matcher);
            } else if ((matcher = RELOCATION.matcher(line)).matches() && relocationsAt >= 0) {
                relocation(relocationsAt, matcher);
            } else if ((matcher = SECTION.matcher(line)).matches()) {
                section(matcher);
            } else if ((matcher = SEGMENT.matcher(line)).matches()) {
                facts.add("segment %s %s %s %s %s %s %s"
                        .formatted(
                                hex(matcher.group(2)),
                                hex(matcher.group(3)),
                                hex(matcher.group(4)),
                                hex(matcher.group(5)),
                                hex(matcher.group(6)),
                                matcher.group(7),
                                hex(matcher.group(8))));
            } else if ((matcher = HEADER.matcher(line)).matches()) {
                String value = matcher.group(3) == null
                        ? matcher.group(2)
                        : matcher.group(3).replaceAll("[ ()]", "");
                facts.add(matcher.group(1) + " " + value.replace(",", ""));
            }
        }
    }

    private static String hex(String digits) {
        return Long.toHexString(Long.parseUnsignedLong(digits, 16));
    }

    private void section(Matcher matcher) {
        String type = SECTION_TYPES.containsKey(matcher.group(3)) ? matcher.group(3) : "other";
        facts.add("section %s %s %s %s %s %s %s %s %s %s"
                .formatted(
                        matcher.group(1),
                        matcher.group(2),
                        type,
                        hex(matcher.group(4)),
                        hex(matcher.group(5)),
                        hex(matcher.group(6)),
                        hex(matcher.group(7)),
                        matcher.group(9),
                        matcher.group(10),
                        matcher.group(11)));
    }

    private void symbol(String table, Matcher matcher) {
        String size = matcher.group(3);
        long sizeBytes = size.startsWith("0x") ? Long.parseUnsignedLong(size.substring(2), 16) : Long.parseLong(size);
        String name = matcher.group(8) == null ? "" : matcher.group(8);
        if (!table.equals(".symtab")) {
            // The version is not part of the name.
            name = name.replaceFirst("@.*", "");
        }
        String place = matcher.group(7).matches("UND|ABS|COM|\\d+") ? matcher.group(7) : "other";
        facts.add("symbol %s %s %s %s %s %s %s %s %s"
                .formatted(
                        table,
                        matcher.group(1),
                        hex(matcher.group(2)),
                        sizeBytes,
                        TYPES.contains(matcher.group(4)) ? matcher.group(4) : "other",
                        BINDINGS.contains(matcher.group(5)) ? matcher.group(5) : "other",
                        matcher.group(6),
                        place,
                        name));
    }

    private void relocation(long tableOffset, Matcher matcher) {
        boolean changesSection = file.sections().stream()
                .anyMatch(section ->
                        section.type() == Elf.SHT_RELA && section.fileOffset() == tableOffset && section.info() != 0);
        if (!changesSection) {
            return;
        }
        Matcher addend = ADDEND.matcher(matcher.group(3));
        long value = addend.matches() ? Long.parseUnsignedLong(addend.group(2), 16) : 0;
        facts.add("relocation %x %s %s %x"
                .formatted(
                        tableOffset,
                        hex(matcher.group(1)),
                        hex(matcher.group(2)),
                        "-".equals(addend.matches() ? addend.group(1) : "") ? -value : value));
    }

    private void note(String section, String line) {
        Matcher matcher = NOTE.matcher(line);
        if (matcher.matches()) {
            facts.add("note %s %s %s".formatted(section, owner(matcher.group(1)), hex(matcher.group(2))));
        }
        Matcher id = BUILD_ID.matcher(line);
        if (id.matches()) {
            facts.add("build id " + id.group(1));
        }
    }

    /** The names of build attributes are a code of their own, which readelf explains and the model leaves alone. */
    private static String owner(String name) {
        return name.startsWith("GA") ? "GA" : name;
    }

    /** The same facts taken from the model. */
    static List<String> describe(ElfFile file) {
        Readelf described = new Readelf(file);
        described.describeHeaders();
        described.describeRelocations();
        for (Section section : file.sections()) {
            if (section.type() == Elf.SHT_DYNSYM) {
                described.describeSymbols(section.name(), file.dynamicSymbols());
            } else if (section.type() == Elf.SHT_SYMTAB) {
                described.describeSymbols(section.name(), file.symbols());
            }
        }
        described.describeNotes();
        return described.facts;
    }

    private void describeHeaders() {
        ElfHeader header = file.header();
        facts.add("Entry point address 0x%x".formatted(header.entryAddress()));
        facts.add("Start of program headers " + header.programHeaderOffset());
        facts.add("Start of section headers " + header.sectionHeaderOffset());
        facts.add("Flags 0x%x".formatted(header.flags()));
        facts.add("Number of program headers " + file.segments().size());
        facts.add("Number of section headers " + file.sections().size());
        facts.add("Section header string table index " + header.sectionNamesIndex());
        for (Section section : file.sections()) {
            String type = SECTION_TYPES.entrySet().stream()
                    .filter(entry -> entry.getValue() == section.type())
                    .map(Map.Entry::getKey)
                    .findFirst()
                    .orElse("other");
            facts.add("section %d %s %s %x %x %x %x %d %d %d"
                    .formatted(
                            section.index(),
                            section.name(),
                            type,
                            section.address(),
                            section.fileOffset(),
                            section.sizeBytes(),
                            section.entrySizeBytes(),
                            section.link(),
                            section.info(),
                            section.alignment()));
        }
        for (Segment segment : file.segments()) {
            facts.add("segment %x %x %x %x %x %s %x"
                    .formatted(
                            segment.fileOffset(),
                            segment.address(),
                            segment.physicalAddress(),
                            segment.fileSizeBytes(),
                            segment.memorySizeBytes(),
                            flag(segment, 4, "R") + flag(segment, 2, "W") + flag(segment, 1, "E"),
                            segment.alignment()));
        }
    }

    private static String flag(Segment segment, int flag, String letter) {
        return (segment.flags() & flag) == 0 ? " " : letter;
    }

    private void describeSymbols(String table, List<Symbol> symbols) {
        for (Symbol symbol : symbols) {
            String name = symbol.name();
            if (symbol.isSectionSymbol() && name.isEmpty()) {
                name = file.sections().get(symbol.sectionIndex()).name();
            }
            String place = switch (symbol.place()) {
                case UNDEFINED -> "UND";
                case SECTION -> Integer.toString(symbol.sectionIndex());
                case ABSOLUTE -> "ABS";
                case COMMON -> "COM";
                case RESERVED -> "other";
            };
            String type = symbol.type() < TYPES.size() ? TYPES.get(symbol.type()) : "other";
            facts.add("symbol %s %d %x %d %s %s %s %s %s"
                    .formatted(
                            table,
                            symbol.index(),
                            symbol.value(),
                            symbol.sizeBytes(),
                            type,
                            symbol.binding() < BINDINGS.size() ? BINDINGS.get(symbol.binding()) : "other",
                            VISIBILITIES.get(symbol.visibility()),
                            place,
                            name));
        }
    }

    private void describeRelocations() {
        for (Section table : file.sections()) {
            if (table.type() == Elf.SHT_RELA && table.info() != 0) {
                Section changed = file.sections().get(table.info());
                for (Relocation relocation : file.relocations(changed)) {
                    long info = (long) relocation.symbolIndex() << 32 | relocation.type() & 0xffff_ffffL;
                    facts.add("relocation %x %x %x %x"
                            .formatted(table.fileOffset(), relocation.sectionOffset(), info, relocation.addend()));
                }
            }
        }
    }

    private void describeNotes() {
        for (Section section : file.sections()) {
            if (section.type() == Elf.SHT_NOTE) {
                for (Note note : file.notes(section)) {
                    facts.add("note %s %s %x".formatted(section.name(), owner(note.name()), note.description().length));
                    if (note.isBuildId()) {
                        facts.add("build id " + note.hex());
                    }
                }
            }
        }
    }
}
