package dev.suture.elf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Writes a file as it was read: every header, section and segment at the offset it has in the model. Reading the result
 * gives an equal model.
 *
 * <p>What lies between them, and belongs to none of them, becomes zeros. A file in which headers, sections or segments
 * overlap is written so that the headers win.
 */
public final class ElfWriter {
    private ElfWriter() {}

    /**
     * {@return the bytes of the file, as many as it had}
     *
     * @throws ElfFormatException if it is larger than 2 GiB
     */
    public static byte[] write(ElfFile file) {
        if (file.sizeBytes() > Integer.MAX_VALUE - 8) {
            throw new ElfFormatException(
                    file.name(), 0, "0x%x bytes are too many to write".formatted(file.sizeBytes()));
        }
        byte[] written = new byte[(int) file.sizeBytes()];
        MemorySegment bytes = MemorySegment.ofArray(written);
        for (Segment segment : file.segments()) {
            // A separate debug file keeps the headers of what was taken out of it.
            file.contents(segment).ifPresent(contents -> put(bytes, segment.fileOffset(), contents));
        }
        for (Section section : file.sections()) {
            if (section.contents().byteSize() != 0) {
                put(bytes, section.fileOffset(), section.contents());
            }
        }
        putHeaders(bytes, file);
        return written;
    }

    private static void putHeaders(MemorySegment bytes, ElfFile file) {
        ElfHeader header = file.header();
        HeaderBytes.putHeader(
                bytes, header, file.segments().size(), file.sections().size());
        long at = header.programHeaderOffset();
        for (Segment segment : file.segments()) {
            HeaderBytes.putSegment(bytes, at, segment);
            at += Elf.PROGRAM_HEADER_BYTES;
        }
        if (file.sections().isEmpty()) {
            return;
        }
        NavigableMap<String, Integer> names =
                names(file.sections().get(header.sectionNamesIndex()).contents());
        at = header.sectionHeaderOffset();
        for (Section section : file.sections()) {
            HeaderBytes.putSection(bytes, at, nameOffset(names, section.name()), section);
            at += Elf.SECTION_HEADER_BYTES;
        }
    }

    private static void put(MemorySegment bytes, long fileOffset, MemorySegment contents) {
        MemorySegment.copy(contents, 0, bytes, fileOffset, contents.byteSize());
    }

    /** The model does not say where in their table the names are. This finds a string, read backwards, by its tail. */
    private static NavigableMap<String, Integer> names(MemorySegment table) {
        NavigableMap<String, Integer> endsByTail = new TreeMap<>();
        StringBuilder string = new StringBuilder();
        for (long at = 0; at < table.byteSize(); at++) {
            char character = (char) (table.get(ValueLayout.JAVA_BYTE, at) & 0xff);
            if (character == 0) {
                endsByTail.putIfAbsent(string.reverse().toString(), (int) at);
                string.setLength(0);
            } else {
                string.append(character);
            }
        }
        return endsByTail;
    }

    private static int nameOffset(NavigableMap<String, Integer> endsByTail, String name) {
        String tail = new StringBuilder(name).reverse().toString();
        // The least string that is not less than the tail begins with it, if any does.
        var found = endsByTail.ceilingEntry(tail);
        if (found == null || !found.getKey().startsWith(tail)) {
            if (name.isEmpty()) {
                return 0;
            }
            throw new IllegalStateException("the section name " + name + " is not in the table it was read from");
        }
        return found.getValue() - name.length();
    }
}
