package dev.suture.process;

import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Tells whether a program may have stacks that no thread is on at the moment, or a stack within a frame of another: those of
 * coroutines, fibers and schedulers.
 *
 * <p>They are known by what they do. Either the C library makes them, then the program asks it for {@code makecontext} or
 * its kin. Or code of the program's gives the stack pointer a value from a register or from memory, such as {@code mov
 * (%rdi),%rsp}. Compilers do that only from the frame pointer, and where a block with an array of variable length ends,
 * from what they kept of it where the block began.
 */
final class StackSwitches {
    private static final Set<String> ASK_FOR_THEM = Set.of("makecontext", "swapcontext", "setcontext");
    /**
     * Of a file that defines one of these in a version of the C library's or of GCC's own it is known what its code does with
     * the stack pointer: it jumps or unwinds to a frame of the same stack, or comes back from a call of its own; and what makes
     * stacks there has to be asked for. So it is of the file that the kernel started the program with. Another library that defines such a name says of no version that it is its own.
     */
    private static final Map<String, String> KNOWN = Map.of(
            "__libc_start_main", "GLIBC_2.",
            "__tls_get_addr", "GLIBC_2.",
            "_Unwind_RaiseException", "GCC_3.",
            "_dl_relocate_static_pie", "GLIBC_PRIVATE");

    private static final int SHT_GNU_VERDEF = 0x6ffffffd;
    private static final int SHT_GNU_VERSYM = 0x6fffffff;
    private static final int VERSION_MASK = 0x7fff;
    private static final int NUMBER_AT = 4;
    private static final int NAME_AT = 12;
    private static final int NEXT_AT = 16;

    private StackSwitches() {}

    /** {@return whether the files of a process may do that} */
    static boolean areIn(LoadedFiles files) {
        return areAskedFor(files) || areInCode(files);
    }

    private static boolean areAskedFor(LoadedFiles files) {
        return files.all().stream().anyMatch(file -> asks(file.elf()));
    }

    /** {@return whether code of the program's or of a library's gives the stack pointer a value from elsewhere} */
    static boolean areInCode(LoadedFiles files) {
        LoadedFile program = files.program().orElseThrow();
        return files.all().stream()
                .filter(file -> file.equals(program) || !files.isInterpreter(file) && !isKnown(file.elf()))
                .anyMatch(file -> isInCode(file.elf()));
    }

    private static boolean asks(ElfFile elf) {
        return elf.dynamicSymbols().stream()
                .anyMatch(symbol -> symbol.isUndefined() && ASK_FOR_THEM.contains(symbol.name()));
    }

    /** {@return whether a file is the C library's or the unwinder's, by the versions that it defines} */
    static boolean isKnown(ElfFile elf) {
        Map<Integer, String> versions = versions(elf);
        Optional<Section> numbers = ofType(elf, SHT_GNU_VERSYM);
        return numbers.isPresent()
                && elf.dynamicSymbols().stream()
                        .filter(Symbol::isInSection)
                        .filter(symbol -> KNOWN.containsKey(symbol.name()))
                        .anyMatch(symbol -> {
                            MemorySegment table = numbers.get().contents();
                            long at = 2L * symbol.index();
                            int number = at + 2 > table.byteSize() ? 0 : LittleEndian.u16(table, at) & VERSION_MASK;
                            return versions.getOrDefault(number, "").startsWith(KNOWN.get(symbol.name()));
                        });
    }

    // @see "Linux Standard Base Core 5.0, 10.7.3 Version Definitions"
    private static Map<Integer, String> versions(ElfFile elf) {
        Map<Integer, String> found = new HashMap<>();
        Optional<Section> definitions = ofType(elf, SHT_GNU_VERDEF);
        if (definitions.isEmpty() || definitions.get().link() >= elf.sections().size()) {
            return found;
        }
        MemorySegment bytes = definitions.get().contents();
        MemorySegment names = elf.sections().get(definitions.get().link()).contents();
        for (long at = 0; at + NEXT_AT + 4 <= bytes.byteSize(); ) {
            long name = at + LittleEndian.u32(bytes, at + NAME_AT);
            if (name + 4 <= bytes.byteSize()) {
                long text = LittleEndian.u32(bytes, name);
                StringBuilder read = new StringBuilder();
                while (text < names.byteSize() && LittleEndian.u8(names, text) != 0) {
                    read.append((char) LittleEndian.u8(names, text++));
                }
                found.put(LittleEndian.u16(bytes, at + NUMBER_AT), read.toString());
            }
            long next = LittleEndian.u32(bytes, at + NEXT_AT);
            if (next == 0) {
                break;
            }
            at += next;
        }
        return found;
    }

    private static Optional<Section> ofType(ElfFile elf, int type) {
        return elf.sections().stream().filter(section -> section.type() == type).findFirst();
    }

    /** {@return whether some instruction of a file gives the stack pointer a value from elsewhere} */
    static boolean isInCode(ElfFile elf) {
        // Without a table of sections nothing is known of its code.
        boolean isUnknown =
                elf.sections().isEmpty() && elf.segments().stream().anyMatch(segment -> segment.type() == Elf.PT_LOAD);
        return isUnknown || StackPointerWrites.first(elf).isPresent();
    }
}
