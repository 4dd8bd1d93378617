package dev.suture.elf;

import java.lang.foreign.MemorySegment;

/** A good file of which numbers are then changed. */
final class HostileFile {
    private final byte[] bytes;
    private final MemorySegment view;
    private final ElfFile before;

    HostileFile(byte[] good) {
        this.before = ElfFile.read("good.o", good.clone());
        this.bytes = good.clone();
        this.view = MemorySegment.ofArray(bytes);
    }

    ElfFile read() {
        return ElfFile.read("hostile.o", bytes.clone());
    }

    byte[] bytes() {
        return bytes.clone();
    }

    HostileFile u8(long fileOffset, int value) {
        LittleEndian.putU8(view, fileOffset, value);
        return this;
    }

    HostileFile u16(long fileOffset, int value) {
        LittleEndian.putU16(view, fileOffset, value);
        return this;
    }

    HostileFile u64(long fileOffset, long value) {
        LittleEndian.putU64(view, fileOffset, value);
        return this;
    }

    /** Changes a number in the contents of a section. */
    HostileFile u32(String section, long sectionOffset, int value) {
        LittleEndian.putU32(view, section(section).fileOffset() + sectionOffset, value);
        return this;
    }

    /** Changes a number in the contents of a section. */
    HostileFile u16(String section, long sectionOffset, int value) {
        LittleEndian.putU16(view, section(section).fileOffset() + sectionOffset, value);
        return this;
    }

    /** The file offset of a field of a section's header. */
    long headerField(String section, int field) {
        return before.header().sectionHeaderOffset()
                + (long) section(section).index() * Elf.SECTION_HEADER_BYTES
                + field;
    }

    /** Lets a section say that it is something else, somewhere else. */
    void header(String section, long fileOffset, long sizeBytes, int type, int link, int info) {
        LittleEndian.putU32(view, headerField(section, 4), type);
        LittleEndian.putU64(view, headerField(section, 0x18), fileOffset);
        LittleEndian.putU64(view, headerField(section, 0x20), sizeBytes);
        LittleEndian.putU32(view, headerField(section, 0x28), link);
        LittleEndian.putU32(view, headerField(section, 0x2c), info);
        LittleEndian.putU64(view, headerField(section, 0x38), type == Elf.SHT_RELA ? Elf.RELA_BYTES : 0);
    }

    private Section section(String name) {
        return before.section(name).orElseThrow();
    }
}
