package dev.suture.build.make;

import dev.suture.LivePatchException;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which of the programs and libraries of a build may be in one process: what their dynamic sections say.
 *
 * <p>Two programs never are. A program and a library are if the program needs the library, by itself or by what it needs,
 * and may be if the program can open libraries while it runs, or if nothing of the build says that it needs the library,
 * which is then opened by somebody. Two libraries may be if some program may have both.
 *
 * @see "System V ABI, Dynamic Section; glibc elf/elf.h, DF_1_PIE"
 */
final class LoadedTogether {
    private static final int SHT_DYNAMIC = 6;
    private static final int PT_INTERP = 3;
    private static final int ENTRY_BYTES = 16;
    private static final long DT_NEEDED = 1;
    private static final long DT_SONAME = 14;
    private static final long DT_FLAGS_1 = 0x6ffffffbL;
    private static final long DF_1_PIE = 0x08000000L;
    private static final Set<String> OPENERS = Set.of("dlopen", "dlmopen", "__libc_dlopen_mode");

    /** One file, as the dynamic linker sees it. */
    private record Loaded(boolean library, String soname, Set<String> needed, boolean opens) {}

    private final Map<Path, Loaded> files = new HashMap<>();

    LoadedTogether(Collection<Path> outputs) {
        outputs.forEach(output -> read(output).ifPresent(loaded -> files.put(output, loaded)));
    }

    /** {@return whether one process may have both} */
    boolean may(Path one, Path other) {
        Loaded first = files.get(one);
        Loaded second = files.get(other);
        if (first == null || second == null) {
            return true;
        }
        if (!first.library() && !second.library()) {
            return false;
        }
        if (!first.library() || !second.library()) {
            return first.library() ? has(second, first) : has(first, second);
        }
        return !isNeeded(first)
                || !isNeeded(second)
                || files.values().stream()
                        .anyMatch(program -> !program.library() && has(program, first) && has(program, second));
    }

    private boolean has(Loaded program, Loaded library) {
        Set<Loaded> all = withNeeded(program);
        return all.contains(library) || all.stream().anyMatch(Loaded::opens) || !isNeeded(library);
    }

    private boolean isNeeded(Loaded library) {
        return files.values().stream().anyMatch(file -> file.needed().contains(library.soname()));
    }

    private Set<Loaded> withNeeded(Loaded program) {
        Set<Loaded> all = new HashSet<>();
        collect(program, all);
        return all;
    }

    private void collect(Loaded one, Set<Loaded> all) {
        if (all.add(one)) {
            files.values().stream()
                    .filter(file -> one.needed().contains(file.soname()))
                    .forEach(file -> collect(file, all));
        }
    }

    private static Optional<Loaded> read(Path file) {
        try {
            ElfFile elf = ElfFile.read(file);
            Set<String> needed = new HashSet<>();
            String soname = file.getFileName().toString();
            boolean pie = elf.segments().stream().anyMatch(segment -> segment.type() == PT_INTERP);
            boolean dynamic = false;
            for (Section section : elf.sections()) {
                if (section.type() != SHT_DYNAMIC) {
                    continue;
                }
                dynamic = true;
                byte[] names = elf.sections().get(section.link()).bytes();
                ByteBuffer entries = ByteBuffer.wrap(section.bytes()).order(ByteOrder.LITTLE_ENDIAN);
                while (entries.remaining() >= ENTRY_BYTES) {
                    long tag = entries.getLong();
                    long value = entries.getLong();
                    if (tag == DT_NEEDED) {
                        needed.add(Path.of(name(names, value)).getFileName().toString());
                    } else if (tag == DT_SONAME) {
                        soname = name(names, value);
                    } else if (tag == DT_FLAGS_1) {
                        pie |= (value & DF_1_PIE) != 0;
                    }
                }
            }
            List<Symbol> imports = elf.dynamicSymbols();
            boolean opens =
                    imports.stream().anyMatch(symbol -> !symbol.isInSection() && OPENERS.contains(symbol.name()));
            return Optional.of(new Loaded(dynamic && !pie, soname, Set.copyOf(needed), opens));
        } catch (LivePatchException | IndexOutOfBoundsException e) {
            return Optional.empty();
        }
    }

    private static String name(byte[] names, long offset) {
        int end = (int) offset;
        while (names[end] != 0) {
            end++;
        }
        return new String(names, (int) offset, end - (int) offset, StandardCharsets.UTF_8);
    }
}
