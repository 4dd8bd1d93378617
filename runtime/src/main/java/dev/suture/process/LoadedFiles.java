package dev.suture.process;

import dev.suture.LivePatchException;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.ElfFormatException;
import dev.suture.elf.Segment;
import dev.suture.linux.Memory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The ELF files in the memory of a process: its program, its libraries, the kernel's own.
 *
 * <p>What it maps and how it is read is the process's choice ({@link TargetFiles}).
 */
final class LoadedFiles {
    private static final int CLASS_AT = 4;
    private static final byte CLASS_32 = 1;
    /** @see "getauxval(3)" */
    private static final long AT_BASE = 7;

    private static final int MOST_KERNEL_BYTES = 1 << 20;

    private final int pid;
    private final Memory memory;
    private final Mappings mappings;
    private final TargetFiles targetFiles;
    private final Map<String, Optional<LoadedFile>> read = new LinkedHashMap<>();
    private final Map<Mapping, LivePatchException> unreadable = new LinkedHashMap<>();
    private List<LoadedFile> all;

    LoadedFiles(int pid, Memory memory, Mappings mappings) {
        this.pid = pid;
        this.memory = memory;
        this.mappings = mappings;
        targetFiles = new TargetFiles(pid);
    }

    Mappings mappings() {
        return mappings;
    }

    /** {@return all of them, the program itself first, the rest in the order of addresses} */
    List<LoadedFile> all() {
        if (all == null) {
            List<LoadedFile> found = new ArrayList<>();
            for (Mapping mapping : mappings.all()) {
                if (mapping.fileOffset() == 0 && mapping.isReadable()) {
                    of(mapping).filter(file -> !found.contains(file)).ifPresent(found::add);
                }
            }
            long program = targetFiles.programInode();
            found.sort((a, b) -> Boolean.compare(isInode(b, program), isInode(a, program)));
            all = List.copyOf(found);
        }
        return all;
    }

    /** {@return the program itself, for which the others need not be read} */
    Optional<LoadedFile> program() {
        long inode = targetFiles.programInode();
        return mappings.all().stream()
                .filter(mapping -> mapping.fileOffset() == 0 && mapping.isReadable() && mapping.inode() == inode)
                .flatMap(mapping -> of(mapping).stream())
                .findFirst()
                .or(() -> all().stream().findFirst());
    }

    /** {@return whether a file is the one that the kernel started the program with: its dynamic linker} */
    boolean isInterpreter(LoadedFile file) {
        try {
            ByteBuffer words = ByteBuffer.wrap(Files.readAllBytes(Path.of("/proc/" + pid + "/auxv")))
                    .order(ByteOrder.LITTLE_ENDIAN);
            while (words.remaining() >= 16) {
                long kind = words.getLong();
                long value = words.getLong();
                if (kind == AT_BASE) {
                    return value != 0 && value == file.start();
                }
            }
            return false;
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean isInode(LoadedFile file, long inode) {
        return file.mappings().getFirst().inode() == inode;
    }

    /** {@return the file at an address} */
    Optional<LoadedFile> at(long address) {
        for (LoadedFile file : all()) {
            if (file.contains(address)) {
                return Optional.of(file);
            }
        }
        return Optional.empty();
    }

    /**
     * {@return the file with that build id}
     *
     * @param buildId in lower-case hexadecimal digits
     */
    Optional<LoadedFile> withBuildId(String buildId) {
        return all().stream()
                .filter(file -> file.elf().buildId().filter(buildId::equals).isPresent())
                .findFirst();
    }

    private Optional<LoadedFile> of(Mapping first) {
        String key = first.isFile() ? first.device() + " " + first.inode() + " " + first.path() : first.name();
        Optional<LoadedFile> known = read.get(key);
        if (known == null) {
            known = first.isFile() || first.name().equals("[vdso]") ? open(first) : Optional.empty();
            read.put(key, known);
        }
        return known;
    }

    private Optional<LoadedFile> open(Mapping first) {
        Optional<ProcessException> foreign = first.isFile() ? targetFiles.whyNot(first) : Optional.empty();
        if (foreign.isPresent()) {
            unreadable.put(first, foreign.get());
            return Optional.empty();
        }
        byte[] start = memory.read(first.start(), 4);
        if (start.length < 4 || start[0] != 0x7f || start[1] != 'E' || start[2] != 'L' || start[3] != 'F') {
            return Optional.empty();
        }
        try {
            Optional<ElfFile> read = first.isFile() ? targetFiles.mapped(first) : Optional.of(kernelsOwn(first));
            if (read.isEmpty()) {
                return Optional.empty();
            }
            ElfFile elf = read.get();
            List<Mapping> own = mappings.all().stream()
                    .filter(mapping -> first.isFile()
                            ? mapping.isSameFile(first)
                            : mapping.name().equals(first.name()))
                    .toList();
            long bias = bias(elf, first.start());
            long end = bias + endOf(elf);
            List<Mapping> inPlace = own.stream()
                    .filter(mapping -> mapping.start() >= first.start() && mapping.start() < end)
                    .toList();
            return Optional.of(new LoadedFile(elf, first.path(), bias, inPlace));
        } catch (ElfFormatException e) {
            return Optional.empty();
        } catch (LivePatchException e) {
            unreadable.put(first, e);
            return Optional.empty();
        }
    }

    /**
     * Makes sure that what is at an address is known.
     *
     * @throws LivePatchException if a file is there that cannot be read, with the reason
     */
    void requireKnown(long address) {
        for (Mapping mapping : mappings.all()) {
            if (mapping.contains(address)) {
                unreadable.forEach((first, reason) -> {
                    if (mapping.isSameFile(first)) {
                        throw reason;
                    }
                });
            }
        }
    }

    // A file may be mapped elsewhere, too, as data or by us.
    private static long endOf(ElfFile elf) {
        return elf.segments().stream()
                .filter(segment -> segment.type() == Elf.PT_LOAD)
                .mapToLong(segment -> segment.address() + segment.memorySizeBytes())
                .max()
                .orElse(Long.MAX_VALUE >>> 1);
    }

    /** {@return what is added to a file's addresses, if its first page is at an address} */
    static long bias(ElfFile elf, long start) {
        for (Segment segment : elf.segments()) {
            if (segment.type() == Elf.PT_LOAD) {
                return start - (segment.address() - segment.fileOffset() & -4096);
            }
        }
        return start;
    }

    /** {@return why there is no file with code of ours among them} */
    String whyNone() {
        Optional<byte[]> start = targetFiles.programStart();
        if (start.isPresent() && start.get().length > CLASS_AT && start.get()[CLASS_AT] == CLASS_32) {
            return "it is a 32-bit program, and suture patches 64-bit ones only";
        }
        for (LivePatchException reason : unreadable.values()) {
            return "its program cannot be read: " + reason.getMessage();
        }
        return "it runs no 64-bit ELF program";
    }

    private ElfFile kernelsOwn(Mapping mapping) {
        return ElfFile.read(
                mapping.name(), memory.read(mapping.start(), (int) Math.min(mapping.sizeBytes(), MOST_KERNEL_BYTES)));
    }
}
