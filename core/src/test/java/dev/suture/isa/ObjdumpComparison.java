package dev.suture.isa;

import dev.suture.elf.Elf;
import dev.suture.elf.LittleEndian;
import dev.suture.isa.Instruction.Flow;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Compares what {@link Isa#decode} says with objdump's lines: sizes, flow, branch targets and constants.
 *
 * <p>Two habits of objdump are no difference. It shows a prefix that does nothing, because another one follows REX, on a
 * line of its own; the CPU takes it as part of the instruction (Intel SDM vol. 2, 2.2.1). And it joins {@code fwait}
 * with the x87 instruction behind it, as the assembler's mnemonics do, or calls it by the name of a REX behind it (9b 43
 * 44 f1 in libcrypto's tables).
 */
final class ObjdumpComparison {
    private static final Set<String> PREFIXES = Set.of(
            "bnd",
            "notrack",
            "cs",
            "ds",
            "es",
            "ss",
            "fs",
            "gs",
            "data16",
            "addr32",
            "lock",
            "rep",
            "repz",
            "repnz",
            "xacquire",
            "xrelease");
    private static final int FWAIT = 0x9b;
    private static final int KEPT_DIFFERENCES = 20;

    private final Isa isa = Isa.of(Elf.EM_X86_64);
    private final List<String> differences = new ArrayList<>();
    private final Map<KnownDifference, Integer> known = new EnumMap<>(KnownDifference.class);
    private long compared;
    private long bad;
    private Optional<Objdump.Line> prefixes = Optional.empty();

    /**
     * Compares one line; to be called with all lines in the order of their addresses.
     *
     * @param code bytes that contain the line's instruction
     * @param address of the first byte of {@code code}
     */
    void compare(MemorySegment code, long address, Objdump.Line shown) {
        Objdump.Line line = withPrefixes(shown);
        if (line.text().contains("(bad)") || line.text().contains(".byte")) {
            bad++;
            prefixes = Optional.empty();
            return;
        }
        int before = line.sizeBytes() - shown.sizeBytes();
        if (LittleEndian.u8(code, shown.address() - address) == FWAIT) {
            compareOne(code, address, new Objdump.Line(line.address(), before + 1, "fwait"));
            if (shown.sizeBytes() == 1) {
                prefixes = Optional.empty();
                return;
            }
            line = new Objdump.Line(shown.address() + 1, shown.sizeBytes() - 1, shown.text());
        }
        if (onlyPrefixes(line.text())) {
            prefixes = Optional.of(line);
        } else {
            prefixes = Optional.empty();
            compareOne(code, address, line);
        }
    }

    private Objdump.Line withPrefixes(Objdump.Line line) {
        return prefixes.filter(before -> before.address() + before.sizeBytes() == line.address())
                .map(before -> new Objdump.Line(
                        before.address(), before.sizeBytes() + line.sizeBytes(), before.text() + " " + line.text()))
                .orElse(line);
    }

    private void compareOne(MemorySegment code, long address, Objdump.Line line) {
        compared++;
        long offset = line.address() - address;
        Optional<Instruction> decoded = isa.decode(code, offset);
        String difference = decoded.map(instruction -> difference(instruction, code, address, line))
                .orElse("no instruction");
        if (difference.isEmpty()) {
            return;
        }
        byte[] bytes = code.asSlice(offset, line.sizeBytes()).toArray(ValueLayout.JAVA_BYTE);
        Optional<KnownDifference> kind = KnownDifference.of(bytes, line.text());
        if (kind.isPresent()) {
            known.merge(kind.get(), 1, Integer::sum);
        } else if (differences.size() < KEPT_DIFFERENCES) {
            String digits = HexFormat.ofDelimiter(" ").formatHex(bytes);
            differences.add(
                    "0x%x: objdump: %s: %s; decoded: %s".formatted(line.address(), digits, line.text(), difference));
        }
    }

    private static String difference(Instruction instruction, MemorySegment code, long address, Objdump.Line line) {
        if (instruction.sizeBytes() != line.sizeBytes()) {
            return instruction.toString();
        }
        String[] words = line.text().split("\\s+");
        int at = 0;
        while (at < words.length - 1 && isPrefix(words[at])) {
            at++;
        }
        String operand = at + 1 < words.length ? words[at + 1] : "";
        if (instruction.flow() != flow(words[at], operand)) {
            return "flow " + instruction.flow();
        }
        OptionalLong target = instruction.branchTarget(code);
        if (target.isPresent() && address + target.getAsLong() != hexadecimal(operand)) {
            return "target 0x%x".formatted(address + target.getAsLong());
        }
        boolean ripRelative = line.text().contains("(%rip)") || line.text().contains("(%eip)");
        if (instruction.ripRelative() != ripRelative) {
            return "RIP-relative " + instruction.ripRelative();
        }
        return displacementDifference(instruction, code, line.text())
                + immediateDifference(instruction, code, line.text());
    }

    /** Whether the text shows the displacement. EVEX's of a byte is skipped: it counts in operand sizes. */
    private static String displacementDifference(Instruction instruction, MemorySegment code, String text) {
        boolean scaled = instruction.displacementBytes() == 1 && isEvex(instruction, code);
        if (instruction.displacementBytes() == 0 || scaled) {
            return "";
        }
        long value = signed(code, instruction.offset() + instruction.displacementAt(), instruction.displacementBytes());
        String withSign = (value < 0 ? "-0x" : "0x") + Long.toHexString(Math.abs(value)) + "(";
        String absolute = "0x" + Long.toHexString(value);
        String absolute32 = "0x" + Long.toHexString(value & 0xffff_ffffL);
        boolean found = text.contains(withSign) || text.contains(absolute) || text.contains(absolute32);
        return found ? "" : "displacement " + withSign;
    }

    private static boolean isEvex(Instruction instruction, MemorySegment code) {
        long at = instruction.offset();
        while (Set.of(0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x67).contains(LittleEndian.u8(code, at))) {
            at++;
        }
        return LittleEndian.u8(code, at) == 0x62;
    }

    /**
     * Whether an immediate that the text shows is the one that was found. Some mnemonics hide theirs (cmpltps), and those
     * of vpermil2ps and vpermil2pd are half a byte.
     */
    private static String immediateDifference(Instruction instruction, MemorySegment code, String text) {
        boolean two = text.indexOf('$') != text.lastIndexOf('$');
        if (!text.contains("$0x") || text.contains("vpermil2p") || two && instruction.immediateBytes() > 1) {
            return "";
        }
        if (instruction.immediateBytes() == 0) {
            return "no immediate";
        }
        long value = signed(code, instruction.offset() + instruction.immediateAt(), instruction.immediateBytes());
        for (int bits = 8; bits <= 64; bits *= 2) {
            if ((text + ",").contains("$0x" + Long.toHexString(value & -1L >>> 64 - bits) + ",")) {
                return "";
            }
        }
        return "immediate 0x%x".formatted(value);
    }

    private static long signed(MemorySegment code, long at, int sizeBytes) {
        long value = 0;
        for (int i = sizeBytes - 1; i >= 0; i--) {
            value = value << 8 | LittleEndian.u8(code, at + i);
        }
        int unusedBits = 64 - 8 * sizeBytes;
        return value << unusedBits >> unusedBits;
    }

    private static long hexadecimal(String operand) {
        return Long.parseUnsignedLong(operand.startsWith("0x") ? operand.substring(2) : operand, 16);
    }

    private static boolean onlyPrefixes(String text) {
        for (String word : text.strip().split("\\s+")) {
            if (!isPrefix(word)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isPrefix(String word) {
        return PREFIXES.contains(word) || word.equals("rex") || word.startsWith("rex.");
    }

    private static Flow flow(String mnemonic, String operand) {
        if (mnemonic.startsWith("call") || mnemonic.startsWith("lcall")) {
            return operand.startsWith("*") ? Flow.INDIRECT_CALL : Flow.CALL;
        }
        if (mnemonic.startsWith("jmp") || mnemonic.startsWith("ljmp")) {
            return operand.startsWith("*") ? Flow.INDIRECT_JUMP : Flow.JUMP;
        }
        if (mnemonic.startsWith("j") || mnemonic.startsWith("loop") || mnemonic.startsWith("xbegin")) {
            return Flow.CONDITIONAL;
        }
        if (mnemonic.matches("l?ret.?|iret.?|sysret.?|sysexit.?|rsm|uiret|eret[su]")) {
            return Flow.RETURN;
        }
        return mnemonic.matches("ud[012].?|int3|hlt") ? Flow.TRAP : Flow.NEXT;
    }

    /** How many instructions were compared, those with a known difference included. */
    long compared() {
        return compared;
    }

    /** How many lines objdump has no instruction for. */
    long bad() {
        return bad;
    }

    /** How often objdump was at fault, and where. */
    Map<KnownDifference, Integer> known() {
        return known;
    }

    /** The first differences that are not known. */
    List<String> differences() {
        return differences;
    }
}
