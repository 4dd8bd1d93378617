package dev.suture.certify;

import dev.suture.LivePatchException;
import dev.suture.PlainFile;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Segment;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/**
 * Compares the image that a host boots with {@code xen-syms}.
 *
 * <p>{@code xen.gz} is a compressed 32-bit ELF file without symbols: boot loaders load nothing else. Its one segment has
 * the bytes of xen-syms' segment, the build id among them; alternatives are put in at boot, and so are as they were
 * compiled in both.
 *
 * @see "xen/arch/x86/boot/mkelf32.c"
 */
final class CompareShipped {
    private static final int PT_LOAD = 1;
    private static final int HEADER_BYTES = 52;
    private static final int PROGRAM_HEADER_BYTES = 32;
    /** Far more than Xen's 16 MiB, and little enough to be read at once. */
    private static final int MOST_BYTES = 256 * 1024 * 1024;

    private CompareShipped() {}

    /**
     * Compares.
     *
     * @param sha256 of the shipped file
     * @throws LivePatchException if it is no image of Xen
     */
    static Certificate.Shipped compare(Path shipped, String sha256, ElfFile xenSyms) {
        MemorySegment image = MemorySegment.ofArray(read(shipped));
        MemorySegment loaded = segment(shipped, image);
        Segment wanted = xenSyms.segments().stream()
                .filter(segment -> segment.type() == PT_LOAD)
                .findFirst()
                .orElseThrow(() -> new LivePatchException(xenSyms.name() + ": it has no segment that is loaded"));
        MemorySegment bytes = LoadedBytes.of(xenSyms, wanted);
        long mismatch = loaded.mismatch(bytes);
        // The shipped segment may be padded at its end.
        boolean onlyPadding = mismatch >= bytes.byteSize() && isZero(loaded, mismatch);
        boolean same = mismatch < 0 || onlyPadding;
        String difference = same
                ? ""
                : "at 0x%x, in %s"
                        .formatted(
                                wanted.address() + mismatch,
                                new ImageSymbols(xenSyms).describe(wanted.address() + mismatch));
        return new Certificate.Shipped(shipped.getFileName().toString(), sha256, same, difference);
    }

    private static boolean isZero(MemorySegment bytes, long from) {
        for (long at = from; at < bytes.byteSize(); at++) {
            if (LittleEndian.u8(bytes, at) != 0) {
                return false;
            }
        }
        return true;
    }

    private static byte[] read(Path file) {
        try {
            byte[] bytes = PlainFile.read(file, MOST_BYTES);
            boolean compressed = bytes.length > 2 && bytes[0] == 0x1f && bytes[1] == (byte) 0x8b;
            if (!compressed) {
                return bytes;
            }
            try (InputStream inflated = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
                return inflated.readNBytes(MOST_BYTES);
            }
        } catch (IOException e) {
            throw new LivePatchException(file + ": cannot be read: " + PlainFile.why(e), e);
        }
    }

    /** {@return the contents of the one segment that is loaded of a 32-bit ELF file} */
    private static MemorySegment segment(Path file, MemorySegment image) {
        boolean elf32 = image.byteSize() >= HEADER_BYTES
                && LittleEndian.u32(image, 0) == 0x464c_457fL
                && LittleEndian.u8(image, 4) == 1
                && LittleEndian.u8(image, 5) == 1;
        if (!elf32) {
            throw new LivePatchException(
                    file + ": not a Xen image: a 32-bit ELF file is expected, compressed with gzip or not");
        }
        long headers = LittleEndian.u32(image, 28);
        int count = LittleEndian.u16(image, 44);
        for (int i = 0; i < count; i++) {
            long at = headers + (long) i * PROGRAM_HEADER_BYTES;
            if (at + PROGRAM_HEADER_BYTES > image.byteSize()) {
                break;
            }
            long offset = LittleEndian.u32(image, at + 4);
            long size = LittleEndian.u32(image, at + 16);
            if (LittleEndian.u32(image, at) == PT_LOAD && offset + size <= image.byteSize()) {
                return image.asSlice(offset, size);
            }
        }
        throw new LivePatchException(file + ": not a Xen image: it has no segment that is loaded, or is cut off");
    }
}
