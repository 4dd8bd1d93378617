package dev.suture.elf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the notes of a section or segment: for each a header of three 32-bit numbers, a name and a description, the last
 * two padded.
 *
 * @see "System V ABI, Chapter 5, Note Section; for the alignment of 8 the Linux gABI extensions, .note.gnu.property"
 */
final class NoteReader {
    private static final int NOTE_HEADER_BYTES = 12;

    private final FileBytes file;

    NoteReader(FileBytes file) {
        this.file = file;
    }

    /**
     * {@return the notes in order}
     *
     * @param fileOffset where the contents begin, for messages
     * @param containerAlignment of the section or segment, in bytes; notes are aligned to 4 unless it is 8
     */
    List<Note> read(MemorySegment contents, long fileOffset, long containerAlignment) {
        long alignment = containerAlignment == 8 ? 8 : 4;
        List<Note> notes = new ArrayList<>();
        long at = 0;
        while (at < contents.byteSize()) {
            if (contents.byteSize() - at < NOTE_HEADER_BYTES) {
                throw file.bad(fileOffset + at, "%d bytes are too few for a note", contents.byteSize() - at);
            }
            // Two sizes of 32 bits cannot overflow the sums, which have 64.
            long nameBytes = LittleEndian.u32(contents, at);
            long descriptionBytes = LittleEndian.u32(contents, at + 4);
            long descriptionAt = alignUp(at + NOTE_HEADER_BYTES + nameBytes, alignment);
            long end = descriptionAt + descriptionBytes;
            if (end > contents.byteSize()
                    || descriptionBytes > Integer.MAX_VALUE - 8
                    || nameBytes > Integer.MAX_VALUE - 8) {
                throw file.bad(
                        fileOffset + at,
                        "a note with a name of %d and a description of %d bytes does not fit its section (0x%x)",
                        nameBytes,
                        descriptionBytes,
                        contents.byteSize());
            }
            notes.add(new Note(
                    name(contents.asSlice(at + NOTE_HEADER_BYTES, nameBytes)),
                    LittleEndian.s32(contents, at + 8),
                    contents.asSlice(descriptionAt, descriptionBytes).toArray(ValueLayout.JAVA_BYTE)));
            at = alignUp(end, alignment);
        }
        return List.copyOf(notes);
    }

    private static String name(MemorySegment characters) {
        long end = characters.byteSize();
        while (end > 0 && LittleEndian.u8(characters, end - 1) == 0) {
            end--;
        }
        return new String(characters.asSlice(0, end).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
    }

    private static long alignUp(long value, long alignment) {
        return (value + alignment - 1) & -alignment;
    }
}
