package dev.suture.process;

import dev.suture.LivePatchException;
import dev.suture.PlainFile;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.process.ForDebuggers.InPlaceIn;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeoutException;

/**
 * What a process left behind when it ended: its memory, and with it the list of its payloads. All of that may be anything.
 *
 * @see "core(5); linux fs/binfmt_elf.c, fill_files_note"
 */
public final class CoreFile {
    private static final Duration LONGEST = Duration.ofSeconds(60);
    private static final int HEADER_BYTES = 64;
    private static final int PROGRAM_HEADER_BYTES = 56;
    private static final int NT_AUXV = 6;
    private static final int NT_FILE = 0x46494c45;
    private static final int AT_ENTRY = 9;
    private static final int ELF_MAGIC = 0x464c457f;
    private static final int NOTE_HEADER_BYTES = 12;
    private static final int MOST_NOTES_BYTES = 64 << 20;
    private static final int MOST_SEGMENTS = 1 << 20;
    /** What e_phnum holds where the number of segments is in the first section's header. */
    private static final int PN_XNUM = 0xffff;

    private static final int SECTION_INFO_AT = 44;

    private final Path path;
    private final FileChannel file;
    private final List<Part> memory = new ArrayList<>();
    private final List<Named> files = new ArrayList<>();
    private long entryAddress;

    /** Memory from an address on, as much of it as is in the file. */
    private record Part(long address, long fileOffset, long sizeBytes) {}

    /** A mapped file. */
    private record Named(long start, long page, String path) {}

    private CoreFile(Path path, FileChannel file) throws IOException {
        this.path = path;
        this.file = file;
        readSegments();
    }

    /**
     * {@return what debuggers need to see through the payloads that a process had when this was written}
     *
     * @throws LivePatchException if it is no such file, or the process had no payloads
     */
    public static ForDebuggers describe(Path path) {
        PlainFile.check(path);
        try {
            return Tracer.run(LONGEST, () -> read(path));
        } catch (TimeoutException e) {
            throw new LivePatchException(
                    "%s: nothing came of it for %d s, or of a file that it names".formatted(path, LONGEST.toSeconds()),
                    e);
        }
    }

    private static ForDebuggers read(Path path) {
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
            return new CoreFile(path, file).describe();
        } catch (IOException e) {
            throw new LivePatchException("%s: cannot be read: %s".formatted(path, PlainFile.why(e)), e);
        }
    }

    private ForDebuggers describe() throws IOException {
        for (Part part : memory) {
            if (LedgerMemory.isLedger(
                    part.address(),
                    (_, sizeBytes) -> at(part.fileOffset(), (int) Math.min(sizeBytes, part.sizeBytes())))) {
                DescribePayloads payloads =
                        new DescribePayloads(LedgerMemory.read(part.address(), this::read), this::read);
                List<InPlaceIn> inPlaceIn = new ArrayList<>();
                List<String> missing = new ArrayList<>();
                for (String buildId : payloads.changedInPlace()) {
                    withBuildId(buildId).ifPresentOrElse(inPlaceIn::add, () -> missing.add(buildId));
                }
                return new ForDebuggers(payloads.files(), inPlaceIn, payloads.code(), missing);
            }
        }
        throw new LivePatchException(
                "%s: the process had no payloads, or its list of them was left out (coredump_filter)".formatted(path));
    }

    private void readSegments() throws IOException {
        MemorySegment header = MemorySegment.ofArray(at(0, HEADER_BYTES));
        boolean isCore = header.byteSize() == HEADER_BYTES
                && LittleEndian.u32(header, 0) == ELF_MAGIC
                && LittleEndian.u16(header, 16) == Elf.ET_CORE
                && LittleEndian.u16(header, 18) == Elf.EM_X86_64;
        if (!isCore) {
            throw new LivePatchException("%s: not a core file of an x86-64 process".formatted(path));
        }
        long at = LittleEndian.u64(header, 32);
        long count = LittleEndian.u16(header, 56);
        if (count == PN_XNUM) {
            MemorySegment first = MemorySegment.ofArray(at(LittleEndian.u64(header, 40), HEADER_BYTES));
            count = first.byteSize() < HEADER_BYTES ? 0 : LittleEndian.u32(first, SECTION_INFO_AT);
        }
        for (long i = 0; i < Math.min(count, MOST_SEGMENTS); i++) {
            MemorySegment segment = MemorySegment.ofArray(at(at + i * PROGRAM_HEADER_BYTES, PROGRAM_HEADER_BYTES));
            if (segment.byteSize() < PROGRAM_HEADER_BYTES) {
                return;
            }
            long offset = LittleEndian.u64(segment, 8);
            long size = LittleEndian.u64(segment, 32);
            switch ((int) LittleEndian.u32(segment, 0)) {
                case Elf.PT_LOAD -> memory.add(new Part(LittleEndian.u64(segment, 16), offset, size));
                case Elf.PT_NOTE -> readNotes(at(offset, Math.clamp(size, 0, MOST_NOTES_BYTES)));
                default -> {}
            }
        }
    }

    private void readNotes(byte[] bytes) {
        MemorySegment notes = MemorySegment.ofArray(bytes);
        for (long at = 0; at + NOTE_HEADER_BYTES <= bytes.length; ) {
            long contents = at + NOTE_HEADER_BYTES + (LittleEndian.u32(notes, at) + 3 & -4);
            long size = LittleEndian.u32(notes, at + 4);
            if (contents + size > bytes.length) {
                return;
            }
            switch ((int) LittleEndian.u32(notes, at + 8)) {
                case NT_FILE -> readFiles(notes.asSlice(contents, size));
                case NT_AUXV -> readEntryAddress(notes.asSlice(contents, size));
                default -> {}
            }
            at = contents + (size + 3 & -4);
        }
    }

    // How many, the size of a page; start, end and offset in pages of each; then the names.
    private void readFiles(MemorySegment note) {
        if (note.byteSize() < 16) {
            return;
        }
        long count = LittleEndian.u64(note, 0);
        if (count < 0 || count > (note.byteSize() - 16) / 24) {
            return;
        }
        byte[] names = note.asSlice(16 + count * 24).toArray(ValueLayout.JAVA_BYTE);
        int from = 0;
        for (int i = 0; i < count && from < names.length; i++) {
            int to = from;
            while (to < names.length && names[to] != 0) {
                to++;
            }
            long entry = 16 + 24L * i;
            String name = new String(Arrays.copyOfRange(names, from, to), StandardCharsets.ISO_8859_1);
            files.add(new Named(LittleEndian.u64(note, entry), LittleEndian.u64(note, entry + 16), name));
            from = to + 1;
        }
    }

    private void readEntryAddress(MemorySegment note) {
        for (long at = 0; at + 16 <= note.byteSize(); at += 16) {
            if (LittleEndian.u64(note, at) == AT_ENTRY) {
                entryAddress = LittleEndian.u64(note, at + 8);
            }
        }
    }

    private Optional<InPlaceIn> withBuildId(String buildId) {
        for (Named named : files) {
            if (named.page() == 0) {
                Optional<ElfFile> elf = onDisk(named.path());
                if (elf.flatMap(ElfFile::buildId).filter(buildId::equals).isPresent()) {
                    long bias = LoadedFiles.bias(elf.get(), named.start());
                    boolean isProgram = bias + elf.get().header().entryAddress() == entryAddress;
                    return Optional.of(new InPlaceIn(named.path(), bias, isProgram, true));
                }
            }
        }
        return Optional.empty();
    }

    /** {@return a file of a name that somebody else chose, as bytes in Latin 1; empty if there is none that may be read} */
    static Optional<ElfFile> onDisk(String name) {
        try {
            Path path = Path.of(name);
            int own = (int) ProcessHandle.current().pid();
            return path.isAbsolute() ? new TargetFiles(own).inRoot(path) : Optional.empty();
        } catch (InvalidPathException | LivePatchException e) {
            return Optional.empty();
        }
    }

    private byte[] read(long address, int sizeBytes) {
        byte[] bytes = new byte[sizeBytes];
        int done = 0;
        while (done < sizeBytes) {
            long from = address + done;
            Optional<Part> part = memory.stream()
                    .filter(it -> from >= it.address() && from - it.address() < it.sizeBytes())
                    .findFirst();
            byte[] some = part.isEmpty()
                    ? new byte[0]
                    : at(part.get().fileOffset() + from - part.get().address(), (int) Math.min(
                            sizeBytes - done,
                            part.get().sizeBytes() - (from - part.get().address())));
            if (some.length == 0) {
                return Arrays.copyOf(bytes, done);
            }
            System.arraycopy(some, 0, bytes, done, some.length);
            done += some.length;
        }
        return bytes;
    }

    // Fewer where the file ends.
    private byte[] at(long fileOffset, int sizeBytes) {
        ByteBuffer buffer = ByteBuffer.allocate(sizeBytes);
        try {
            while (fileOffset >= 0 && buffer.hasRemaining()) {
                if (file.read(buffer, fileOffset + buffer.position()) <= 0) {
                    break;
                }
            }
        } catch (IOException e) {
            throw new LivePatchException("%s: cannot be read: %s".formatted(path, e.getMessage()), e);
        }
        return Arrays.copyOf(buffer.array(), buffer.position());
    }
}
