package dev.suture.isa;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Bytes with every opcode of every map, under the prefixes and with the ModRM bytes that can change the size of an
 * instruction.
 *
 * <p>Each case is cut where {@link Isa#decode} says that it ends, and the next one follows, so that a disassembler that
 * agrees finds exactly these instructions. A case said to be invalid is followed by no-ops, after which any disassembler
 * is back in step.
 */
final class EncodingSweep {
    /** Enough one-byte no-ops for any instruction that was begun to end in them, and enough for most. */
    private static final int MANY_NOPS = 16;

    private static final int FEW_NOPS = 6;

    /** Operand bytes that cannot pass for one another, and are instructions of one byte. */
    private static final byte[] OPERANDS = HexFormat.of().parseHex("5152535455565758595a5b50");

    private static final String[] LEGACY_PREFIXES = {"", "66", "f2", "f3", "48", "6648", "67"};

    /** Opcodes that are prefixes or lead to other maps. */
    private static final String PREFIXES_AND_ESCAPES =
            "26 2e 36 3e 40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f 64 65 66 67 f0 f2 f3 0f 62 c4 c5 0f38 0f3a";

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final List<Long> offsets = new ArrayList<>();
    private final Isa isa = Isa.of(62);

    private EncodingSweep() {}

    /** Where in the bytes the cases begin. */
    List<Long> offsets() {
        return offsets;
    }

    byte[] bytes() {
        return bytes.toByteArray();
    }

    static EncodingSweep legacy() {
        EncodingSweep sweep = new EncodingSweep();
        for (String map : new String[] {"", "0f", "0f38", "0f3a"}) {
            for (String prefix : LEGACY_PREFIXES) {
                for (int opcode = 0; opcode < 256; opcode++) {
                    if (PREFIXES_AND_ESCAPES.contains(map + hex(opcode))) {
                        continue;
                    }
                    if (map.length() > 2) {
                        sweep.addFewModRm(prefix + map + hex(opcode));
                    } else {
                        sweep.addAllModRm(prefix + map + hex(opcode));
                    }
                }
            }
        }
        return sweep;
    }

    static EncodingSweep vector() {
        EncodingSweep sweep = new EncodingSweep();
        for (int opcode = 0; opcode < 256; opcode++) {
            for (int width = 0; width <= 0x80; width += 0x80) {
                sweep.addXop(opcode, width);
                for (int implied = 0; implied < 4; implied++) {
                    sweep.addVex(opcode, width, implied);
                    sweep.addEvex(opcode, width, implied);
                }
            }
        }
        return sweep;
    }

    private void addVex(int opcode, int width, int implied) {
        for (int length = 0; length <= 4; length += 4) {
            for (int map = 1; map <= 3; map++) {
                addVector("c4" + hex(0xe0 | map) + hex(0x78 | width | length | implied) + hex(opcode));
            }
            addVector("c5" + hex(0xf8 | length | implied) + hex(opcode));
        }
    }

    private void addEvex(int opcode, int width, int implied) {
        for (int length = 0; length <= 0x40; length += 0x40) {
            for (int map : new int[] {1, 2, 3, 5, 6}) {
                addVector("62" + hex(0xf0 | map) + hex(0x7c | width | implied) + hex(0x08 | length) + hex(opcode));
            }
        }
    }

    private void addXop(int opcode, int width) {
        for (int map = 8; map <= 10; map++) {
            addVector("8f" + hex(0xe0 | map) + hex(0x78 | width) + hex(opcode));
        }
    }

    /** {@return every suffix of 3DNow!} */
    static EncodingSweep threeDNow() {
        EncodingSweep sweep = new EncodingSweep();
        for (int suffix = 0; suffix < 256; suffix++) {
            sweep.add("0f0fc1" + hex(suffix), FEW_NOPS);
            sweep.add("0f0f4112" + hex(suffix), FEW_NOPS);
        }
        return sweep;
    }

    private void addAllModRm(String start) {
        for (int modRm = 0; modRm < 256; modRm++) {
            int register = modRm & 7;
            boolean changesForm = register == 0 || register == 4 || register == 5;
            if (changesForm || modRm >= 0xc0 && start.endsWith("0f01")) {
                add(start + hex(modRm) + ((modRm & 8) == 0 ? "24" : "25"), 0);
            }
        }
    }

    private void addFewModRm(String start) {
        add(start + "0c25", 0);
        add(start + "4c24", 0);
        add(start + "c1", 0);
    }

    /** Half of these are no instructions, which only objdump knows: it needs to get back in step. */
    private void addVector(String start) {
        add(start + "4c24", FEW_NOPS);
        add(start + "c1", FEW_NOPS);
    }

    private void add(String startDigits, int nops) {
        byte[] start = HexFormat.of().parseHex(startDigits);
        byte[] whole = new byte[start.length + OPERANDS.length];
        System.arraycopy(start, 0, whole, 0, start.length);
        System.arraycopy(OPERANDS, 0, whole, start.length, OPERANDS.length);
        offsets.add((long) bytes.size());
        Optional<Instruction> decoded = isa.decode(MemorySegment.ofArray(whole), 0);
        bytes.write(whole, 0, decoded.map(Instruction::sizeBytes).orElse(whole.length));
        for (int i = 0; i < (decoded.isPresent() ? nops : MANY_NOPS); i++) {
            bytes.write(0x90);
        }
    }

    private static String hex(int value) {
        return HexFormat.of().toHexDigits((byte) value);
    }
}
