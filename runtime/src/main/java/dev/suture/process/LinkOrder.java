package dev.suture.process;

import dev.suture.elf.Elf;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Section;
import dev.suture.elf.Segment;
import dev.suture.linux.Memory;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The order in which the dynamic linker of a process looks for a symbol.
 *
 * <p>It keeps a list of what it has loaded: the program, what is preloaded, the libraries that these need, breadth first,
 * and behind them what was opened later. Symbols of what was there from the start are looked for in that order; what was
 * opened later may be seen by nobody else.
 *
 * @see "glibc, elf/link.h, struct r_debug and struct link_map; System V ABI, 5 Dynamic Linking, Shared Object Dependencies"
 */
final class LinkOrder {
    private static final int PT_DYNAMIC = 2;
    private static final long DT_NEEDED = 1;
    private static final long DT_SONAME = 14;
    private static final long DT_SYMBOLIC = 16;
    private static final long DT_DEBUG = 21;
    private static final long DT_FLAGS = 30;
    private static final long DF_SYMBOLIC = 2;
    /** More than any program has; the list is the process's own memory and may lead in a circle. */
    private static final int LONGEST = 10_000;

    private final Memory memory;
    private final List<LoadedFile> ordered;
    private final int startup;
    private final int listedFiles;

    LinkOrder(LoadedFiles files, Memory memory) {
        this.memory = memory;
        Set<LoadedFile> found = new LinkedHashSet<>();
        LoadedFile program = files.all().getFirst();
        found.add(program);
        for (long bias : biases(program)) {
            files.all().stream()
                    .filter(file -> !file.equals(program) && file.bias() == bias)
                    .findFirst()
                    .ifPresent(found::add);
        }
        List<LoadedFile> listed = new ArrayList<>(found);
        startup = endOfStartup(listed);
        listedFiles = listed.size();
        found.addAll(files.all());
        ordered = List.copyOf(found);
    }

    /** {@return all files in the order of the dynamic linker's list, those that it does not list last} */
    List<LoadedFile> all() {
        return ordered;
    }

    /** {@return those that were there when the program started} */
    List<LoadedFile> atStart() {
        return ordered.subList(0, startup);
    }

    /** {@return those that the dynamic linker has in its list, and that were not there when the program started} */
    List<LoadedFile> openedLater() {
        return ordered.subList(startup, listedFiles);
    }

    /** {@return whether a file looks in itself first} */
    static boolean isSymbolic(LoadedFile file) {
        return entries(file).stream()
                .anyMatch(entry -> entry[0] == DT_SYMBOLIC || entry[0] == DT_FLAGS && (entry[1] & DF_SYMBOLIC) != 0);
    }

    private List<Long> biases(LoadedFile program) {
        List<Long> biases = new ArrayList<>();
        for (Segment segment : program.elf().segments()) {
            if (segment.type() == PT_DYNAMIC) {
                long start = program.bias() + segment.address();
                for (long at = start; at < start + segment.memorySizeBytes(); at += 16) {
                    if (word(at) == DT_DEBUG) {
                        follow(word(word(at + 8) + 8), biases);
                    }
                }
            }
        }
        return biases;
    }

    private void follow(long first, List<Long> biases) {
        Set<Long> seen = new HashSet<>();
        for (long map = first; map != 0 && seen.add(map) && biases.size() < LONGEST; map = word(map + 24)) {
            biases.add(word(map));
        }
    }

    private long word(long address) {
        byte[] bytes = address == 0 ? new byte[0] : memory.read(address, 8);
        return bytes.length < 8
                ? 0
                : ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }

    /** What the program needs, itself or through others, was there from the start, and all that is listed before it. */
    private static int endOfStartup(List<LoadedFile> listed) {
        Set<String> needed = new HashSet<>(texts(listed.getFirst(), DT_NEEDED));
        int end = 1;
        boolean more = true;
        while (more) {
            more = false;
            for (int i = 1; i < listed.size(); i++) {
                LoadedFile file = listed.get(i);
                boolean isNeeded = needed.contains(file.fileName())
                        || texts(file, DT_SONAME).stream().anyMatch(needed::contains);
                if (i < end || isNeeded) {
                    more |= needed.addAll(texts(file, DT_NEEDED));
                    end = Math.max(end, i + 1);
                }
            }
        }
        return end;
    }

    private static List<long[]> entries(LoadedFile file) {
        List<long[]> entries = new ArrayList<>();
        file.elf().section(".dynamic").filter(section -> !section.isNobits()).ifPresent(section -> {
            MemorySegment bytes = section.contents();
            for (long at = 0; at + 16 <= bytes.byteSize(); at += 16) {
                entries.add(new long[] {LittleEndian.u64(bytes, at), LittleEndian.u64(bytes, at + 8)});
            }
        });
        return entries;
    }

    private static List<String> texts(LoadedFile file, long tag) {
        byte[] strings = file.elf()
                .section(".dynstr")
                .filter(section -> section.type() == Elf.SHT_STRTAB)
                .map(Section::bytes)
                .orElse(new byte[0]);
        List<String> texts = new ArrayList<>();
        for (long[] entry : entries(file)) {
            if (entry[0] == tag && entry[1] >= 0 && entry[1] < strings.length) {
                int from = (int) entry[1];
                int end = from;
                while (end < strings.length && strings[end] != 0) {
                    end++;
                }
                texts.add(new String(strings, from, end - from, StandardCharsets.ISO_8859_1));
            }
        }
        return texts;
    }
}
