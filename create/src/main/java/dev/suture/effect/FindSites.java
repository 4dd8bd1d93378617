package dev.suture.effect;

import dev.suture.effect.ProgramCode.Part;
import dev.suture.elf.Section;
import dev.suture.image.LinkedCode;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Where in a linked program something stands that could lead to the beginning of a function. */
final class FindSites {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /** One more than the bytes of an immediate that may stand between a displacement and the end of its instruction. */
    private static final int IN_A_ROW = 5;

    private final Map<Long, List<Long>> sitesInCode = new HashMap<>();
    private final Map<Long, List<Long>> heldAt = new HashMap<>();

    FindSites(ProgramCode code, LinkedCode linked) {
        Starts starts = new Starts(code);
        code.sections().forEach(section -> scanCode(section, starts));
        linked.relocatedWords().forEach((place, target) -> {
            if (starts.contains(target)) {
                held(place, target);
            }
        });
        code.elf().sections().stream().filter(FindSites::isData).forEach(section -> scanData(section, starts));
    }

    /** {@return addresses of fields in code that could lead to the beginning of a function; not all do} */
    List<Long> inCode(long function) {
        return sitesInCode.getOrDefault(function, List.of());
    }

    /** {@return where data holds the address of a function} */
    List<Long> inData(long function) {
        return heldAt.getOrDefault(function, List.of());
    }

    /** The addresses at which functions begin, fast to ask. */
    private static final class Starts {
        private final long[] bases;
        private final long[] sizes;
        /** Of each section, a bit for each byte. */
        private final long[][] bits;

        private long lowest = Long.MAX_VALUE;
        private long highest = Long.MIN_VALUE;

        Starts(ProgramCode code) {
            List<Section> sections = code.sections();
            bases = new long[sections.size()];
            sizes = new long[sections.size()];
            bits = new long[sections.size()][];
            for (int i = 0; i < bases.length; i++) {
                Section section = sections.get(i);
                bases[i] = section.address();
                sizes[i] = section.sizeBytes();
                bits[i] = new long[(int) (section.sizeBytes() >>> 6) + 2];
                lowest = Math.min(lowest, section.address());
                highest = Math.max(highest, section.address() + section.sizeBytes());
            }
            for (Part part : code.parts().values()) {
                if (!part.name().isEmpty()) {
                    int index = sections.indexOf(part.section());
                    long offset = part.start() - bases[index];
                    bits[index][(int) (offset >>> 6)] |= 1L << (offset & 63);
                }
            }
        }

        boolean contains(long address) {
            if (address < lowest || address >= highest) {
                return false;
            }
            for (int i = 0; i < bases.length; i++) {
                long offset = address - bases[i];
                if (offset >= 0 && offset < sizes[i]) {
                    return (bits[i][(int) (offset >>> 6)] >>> (offset & 63) & 1) != 0;
                }
            }
            return false;
        }

        /** {@return at which of some addresses in a row functions begin, as bits, the first the lowest} */
        int among(long address) {
            if (address + IN_A_ROW <= lowest || address >= highest) {
                return 0;
            }
            for (int i = 0; i < bases.length; i++) {
                long offset = address - bases[i];
                if (offset >= 0 && offset + IN_A_ROW <= sizes[i]) {
                    int word = (int) (offset >>> 6);
                    int shift = (int) (offset & 63);
                    long found = bits[i][word] >>> shift;
                    if (shift > 64 - IN_A_ROW) {
                        found |= bits[i][word + 1] << 64 - shift;
                    }
                    return (int) found & (1 << IN_A_ROW) - 1;
                }
            }
            int found = 0;
            for (int i = 0; i < IN_A_ROW; i++) {
                found |= contains(address + i) ? 1 << i : 0;
            }
            return found;
        }
    }

    private static boolean isData(Section section) {
        boolean ofUnwinder =
                section.name().equals(".eh_frame") || section.name().equals(".eh_frame_hdr");
        boolean ofLinker = switch (section.type()) {
            case 2, 3, 4, 5, 6, 7, 9, 11, 0x6ffffff6, 0x6ffffffd, 0x6ffffffe, 0x6fffffff -> true;
            default -> false;
        };
        return section.isAllocated() && !section.isCode() && !section.isNobits() && !ofUnwinder && !ofLinker;
    }

    private void scanCode(Section section, Starts starts) {
        byte[] bytes = Arrays.copyOf(section.bytes(), (int) section.sizeBytes() + Long.BYTES);
        long base = section.address();
        for (int at = 0; at < section.sizeBytes(); at++) {
            long both = (long) LONG.get(bytes, at);
            int word = (int) both;
            long first = base + at + 4 + word;
            for (int found = starts.among(first); found != 0; found &= found - 1) {
                site(first + Integer.numberOfTrailingZeros(found), base + at);
            }
            if (starts.contains(word & 0xffff_ffffL)) {
                site(word & 0xffff_ffffL, base + at);
            }
            if (both >>> 32 != 0 && starts.contains(both)) {
                site(both, base + at);
            }
            int opcode = word & 0xff;
            if (opcode == 0xeb || opcode >= 0x70 && opcode <= 0x7f || opcode >= 0xe0 && opcode <= 0xe3) {
                long target = base + at + 2 + (byte) (word >> 8);
                if (starts.contains(target)) {
                    site(target, base + at + 1);
                }
            }
        }
    }

    private void site(long target, long at) {
        sitesInCode.computeIfAbsent(target, _ -> new ArrayList<>(2)).add(at);
    }

    private void scanData(Section section, Starts starts) {
        byte[] bytes = Arrays.copyOf(section.bytes(), (int) section.sizeBytes() + Long.BYTES);
        for (int at = 0; at < section.sizeBytes(); at++) {
            long word = (long) LONG.get(bytes, at);
            long place = section.address() + at;
            if (starts.contains(word)) {
                held(place, word);
            }
            if (starts.contains(place + (int) word)) {
                held(place, place + (int) word);
            }
        }
    }

    private void held(long place, long target) {
        List<Long> places = heldAt.computeIfAbsent(target, _ -> new ArrayList<>(2));
        if (!places.contains(place)) {
            places.add(place);
        }
    }
}
