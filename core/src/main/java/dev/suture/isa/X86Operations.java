package dev.suture.isa;

import dev.suture.elf.LittleEndian;
import dev.suture.isa.Operation.Memory;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Tells what instructions do with the sixteen general registers, for those that compilers make of integers and pointers,
 * and for vector instructions that touch none of them. All others come out as not understood.
 *
 * <p>An example: {@code 48 89 47 08}, {@code mov %rax, 8(%rdi)}, writes memory through rdi and keeps rax. A value of less
 * than 32 bits is none that went on: no pointer is in it.
 *
 * @see "Intel SDM vol. 2, appendix A, opcode maps, and the pages of the instructions"
 */
final class X86Operations {
    private static final int RAX = 1;
    private static final int RCX = 1 << 1;
    private static final int RDX = 1 << 2;
    private static final int RBX = 1 << 3;
    private static final int RSP = 1 << 4;
    private static final int RBP = 1 << 5;
    private static final int RSI = 1 << 6;
    private static final int RDI = 1 << 7;

    private static final int REX_W = 8;
    private static final int REX_R = 4;
    private static final int REX_X = 2;
    private static final int REX_B = 1;

    private static final int ADD = 0;
    private static final int SUB = 5;
    private static final int XOR = 6;
    private static final int CMP = 7;

    private final MemorySegment code;
    private final boolean wordPrefix;
    /** F2 or F3, which tell vector instructions apart; 0 without. */
    private final int repeat;

    private final int rex;
    private final int opcode;
    /** ModRM and SIB; 0 where the instruction ends before them. */
    private final int modRm;

    private final int sib;

    private X86Operations(MemorySegment code, boolean wordPrefix, int repeat, int rex, int opcodeAt) {
        this.code = code;
        this.wordPrefix = wordPrefix;
        this.repeat = repeat;
        this.rex = rex;
        boolean twoBytes = at(opcodeAt) == 0x0f;
        opcode = twoBytes ? 0x0f00 | at(opcodeAt + 1) : at(opcodeAt);
        int modRmAt = opcodeAt + (twoBytes ? 2 : 1);
        modRm = at(modRmAt);
        sib = at(modRmAt + 1);
    }

    /** @param code all of a valid instruction and nothing else */
    static Operation of(MemorySegment code) {
        return read(code).map(X86Operations::operation).orElse(Operation.UNKNOWN);
    }

    /**
     * {@return whether what an instruction writes to memory does not depend on what was there}
     *
     * @param code all of a valid instruction and nothing else
     */
    static boolean overwrites(MemorySegment code) {
        return read(code)
                .filter(operations -> operations.operation().memory() == Memory.WRITTEN && operations.isStore())
                .isPresent();
    }

    /**
     * {@return whether an instruction moves a string}
     *
     * @param code all of a valid instruction and nothing else
     */
    static boolean copies(MemorySegment code) {
        return read(code)
                .filter(operations -> operations.opcode == 0xa4 || operations.opcode == 0xa5)
                .isPresent();
    }

    static Optional<X86Operations> read(MemorySegment code) {
        boolean wordPrefix = false;
        int repeat = 0;
        int rex = 0;
        for (int position = 0; position < code.byteSize(); position++) {
            int value = LittleEndian.u8(code, position);
            switch (value) {
                case 0x66 -> wordPrefix = true;
                case 0xf2, 0xf3 -> repeat = value;
                case 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x67, 0xf0 -> {}
                default -> {
                    if (value >> 4 != 4) {
                        return Optional.of(new X86Operations(code, wordPrefix, repeat, rex, position));
                    }
                    rex = value;
                    continue;
                }
            }
            rex = 0; // Only counts directly before the opcode.
        }
        return Optional.empty();
    }

    private boolean isStore() {
        return switch (opcode) {
            case 0x86, 0x87, 0x88, 0x89, 0xa4, 0xa5, 0xaa, 0xab, 0x8f, 0xc6, 0xc7, 0x0fc3 -> true;
            case 0x0f11, 0x0f13, 0x0f17, 0x0f29, 0x0f2b, 0x0f7e, 0x0f7f, 0x0fd6, 0x0fe7 -> true;
            default -> opcode >= 0x0f90 && opcode < 0x0fa0;
        };
    }

    private int at(int position) {
        return position < code.byteSize() ? LittleEndian.u8(code, position) : 0;
    }

    int opcode() {
        return opcode;
    }

    /** {@return what ModRM has in its middle: an operator, where it is no register} */
    int operator() {
        return modRm >> 3 & 7;
    }

    /** {@return how many bytes the operand has, of an instruction whose prefixes say so} */
    int operandBytes() {
        return isByte() ? 1 : (rex & REX_W) != 0 ? 8 : wordPrefix ? 2 : 4;
    }

    /** {@return F2 or F3, the prefix of an instruction; 0 without} */
    int repeat() {
        return repeat;
    }

    /** {@return whether the address of the operand in memory is made of two registers, or one twice} */
    boolean hasIndex() {
        return (modRm & 7) == 4 && !isRegister() && ((sib >> 3 & 7) != 4 || (rex & REX_X) != 0);
    }

    boolean hasWordPrefix() {
        return wordPrefix;
    }

    boolean isWide() {
        return (rex & REX_W) != 0;
    }

    /** {@return whether a register of one byte may be the second one of a word} */
    boolean mayBeUpperByte() {
        return isByte() && rex == 0;
    }

    Operation operation() {
        if (opcode >= 0x0f00) {
            return twoBytes(opcode & 0xff);
        }
        if (opcode < 0x40) {
            return arithmetic(opcode >> 3 & 7, opcode & 7);
        }
        return switch (opcode) {
            case 0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57 -> writesMemory(RSP, opcodeRegister(), 0);
            case 0x58, 0x59, 0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f -> readsMemory(RSP, opcodeRegister(), 0, 0);
            case 0x63, 0x69, 0x6b -> fromOperand(register(), false, 0);
            case 0x68, 0x6a -> writesMemory(RSP, 0, 0);
            case 0x80, 0x81, 0x83 -> arithmeticWithConstant(modRm >> 3 & 7);
            case 0x84, 0x85 -> looksAt();
            case 0x86, 0x87 -> exchanges();
            case 0x88, 0x89 -> stores(register());
            case 0x8a, 0x8b -> fromOperand(register(), !isNarrow(), 0);
            case 0x8d -> known(Memory.ADDRESS, through(), register(), through(), 0);
            case 0x8f, 0xc6, 0xc7 -> changes(0, 0);
            case 0x90 -> (rex & REX_B) == 0 ? nothing() : Operation.UNKNOWN; // With it, xchg of r8 and rax.
            case 0x98 -> computes(RAX, 0, RAX);
            case 0x99 -> computes(RDX, 0, RAX);
            case 0xa4, 0xa5 -> known(Memory.WRITTEN, RSI | RDI, RSI | RDI | RCX, RSI | RDI, 0);
            case 0xaa, 0xab -> known(Memory.WRITTEN, RDI, RDI | RCX, RDI | (isNarrow() ? 0 : RAX), 0);
            case 0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7 -> computes(opcodeRegister(), 0, opcodeRegister());
            case 0xb8, 0xb9, 0xba, 0xbb, 0xbc, 0xbd, 0xbe, 0xbf -> computes(opcodeRegister(), 0, 0);
            case 0xc0, 0xc1, 0xd0, 0xd1, 0xd2, 0xd3 -> changes(0, operand());
            case 0xc9 -> readsMemory(RBP, RBP | RSP, 0, 0);
            case 0x9c, 0x9d, 0xa8, 0xa9, 0xcc, 0xf4, 0xfa, 0xfb, 0xfc, 0xfd -> nothing();
            case 0xf6, 0xf7 -> unary(modRm >> 3 & 7);
            case 0xfe -> changes(operand(), 0);
            case 0xff -> incrementOrPush(modRm >> 3 & 7);
            default -> isBranch(opcode) ? nothing() : Operation.UNKNOWN;
        };
    }

    private static boolean isBranch(int opcode) {
        return opcode >= 0x70 && opcode < 0x80
                || opcode == 0xc2
                || opcode == 0xc3
                || opcode == 0xcb
                || opcode == 0xcf
                || opcode >= 0xe8 && opcode <= 0xeb;
    }

    private Operation twoBytes(int second) {
        return switch (second) {
            case 0x01 -> modRm == 0xca || modRm == 0xcb ? nothing() : Operation.UNKNOWN; // clac, stac
            case 0x0b, 0x30 -> nothing(); // ud2, wrmsr
            case 0x1e -> hintOrShadowStack();
            case 0x0d, 0x18, 0x1c, 0x1f -> isRegister() ? nothing() : known(Memory.ADDRESS, through(), 0, 0, 0);
            case 0x31, 0x32 -> computes(RAX | RDX, 0, 0); // rdtsc, rdmsr
            case 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47 -> fromOperand(register(), true, register());
            case 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f -> fromOperand(register(), true, register());
            case 0xa2 -> computes(RAX | RBX | RCX | RDX, 0, 0); // cpuid
            case 0xa3 -> looksAt();
            case 0xab, 0xb3, 0xbb -> changes(0, operand());
            case 0xba -> (modRm >> 3 & 7) == 4 ? looksAt() : changes(0, operand());
            case 0xae -> isRegister() && modRm >= 0xe8 ? nothing() : Operation.UNKNOWN; // lfence, mfence, sfence
            case 0xaf, 0xb6, 0xb7, 0xb8, 0xbc, 0xbd, 0xbe, 0xbf -> fromOperand(register(), false, 0);
            case 0xa4, 0xa5, 0xac, 0xad -> changes(0, operand() | register());
            case 0xb0, 0xb1 -> compareAndExchange();
            case 0xc0, 0xc1 -> exchanges();
            case 0xc3 -> stores(register());
            case 0xc8, 0xc9, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf -> computes(opcodeRegister(), 0, opcodeRegister());
            default -> {
                if (second >= 0x80 && second < 0x90) {
                    yield nothing();
                }
                if (second >= 0x90 && second < 0xa0) {
                    yield changes(0, operand());
                }
                yield vector(second);
            }
        };
    }

    /** Of endbr64; and of rdssp, which leaves the register as it is where there is no shadow stack. */
    private Operation hintOrShadowStack() {
        boolean isRead = repeat == 0xf3 && (modRm & 0xf8) == 0xc8;
        return modRm == 0xfa ? nothing() : isRead ? computes(operand(), operand(), 0) : Operation.UNKNOWN;
    }

    /** Vector instructions but those that bring a value from a general register or into one. */
    private Operation vector(int second) {
        return switch (second) {
            case 0x11, 0x13, 0x17, 0x29, 0x2b, 0x7f, 0xd6, 0xe7 ->
                isRegister() ? nothing() : writesMemory(through(), 0, 0);
            case 0x10, 0x12, 0x14, 0x15, 0x16, 0x28, 0x2e, 0x2f -> looksAt();
            case 0x2a, 0x6e -> isRegister() ? Operation.UNKNOWN : looksAt();
            case 0x2c, 0x2d ->
                isRegister() || !wordPrefix && repeat == 0
                        ? Operation.UNKNOWN
                        : readsMemory(through(), register(), 0, 0);
            case 0x7e -> {
                if (isRegister()) {
                    yield Operation.UNKNOWN;
                }
                yield repeat == 0xf3 ? looksAt() : writesMemory(through(), 0, 0);
            }
            case 0x50, 0xc4, 0xc5, 0xd7, 0xf7 -> Operation.UNKNOWN;
            default -> {
                boolean isPlain = second >= 0x51 && second < 0x77 || second == 0xc6 || second >= 0xd0 && second < 0xff;
                yield isPlain ? looksAt() : Operation.UNKNOWN;
            }
        };
    }

    private Operation arithmetic(int operator, int form) {
        boolean adds = operator == ADD;
        return switch (form) {
            case 0, 1 -> {
                if (operator == CMP) {
                    yield looksAt();
                }
                if (isRegister() && operator == XOR && operand() == register()) {
                    yield computes(operand(), 0, 0);
                }
                yield !isRegister()
                        ? writesMemory(through(), 0, register())
                        : computes(operand(), adds ? operand() | register() : 0, adds ? 0 : operand() | register());
            }
            case 2, 3 -> {
                if (operator == CMP) {
                    yield looksAt();
                }
                if (isRegister() && operator == XOR && operand() == register()) {
                    yield computes(register(), 0, 0);
                }
                int other = isRegister() ? operand() : 0;
                int keeps = adds ? register() | other : 0;
                int mixes = adds ? 0 : register() | other;
                yield isRegister()
                        ? computes(register(), keeps, mixes)
                        : readsMemory(through(), register(), keeps, mixes);
            }
            case 4, 5 -> operator == CMP ? nothing() : computes(RAX, adds || operator == SUB ? RAX : 0, RAX);
            default -> Operation.UNKNOWN;
        };
    }

    /** A pointer less a number is a pointer. Of two registers nobody can tell whether both are pointers. */
    private Operation arithmeticWithConstant(int operator) {
        boolean goesOn = operator == ADD || operator == SUB;
        return operator == CMP ? looksAt() : changes(goesOn ? operand() : 0, operand());
    }

    private Operation unary(int operator) {
        return switch (operator) {
            case 0, 1 -> looksAt();
            case 2, 3 -> changes(0, operand());
            default ->
                isRegister()
                        ? computes(RAX | RDX, 0, RAX | RDX | operand())
                        : readsMemory(through(), RAX | RDX, 0, RAX | RDX);
        };
    }

    private Operation incrementOrPush(int operator) {
        return switch (operator) {
            case 0, 1 -> changes(operand(), 0);
            case 2, 4 -> looksAt();
            case 6 -> isRegister() ? writesMemory(RSP, operand(), 0) : readsMemory(through(), 0, 0, 0);
            default -> Operation.UNKNOWN;
        };
    }

    private Operation exchanges() {
        int both = isRegister() ? operand() | register() : register();
        return isRegister()
                ? computes(both, both, 0)
                : known(Memory.WRITTEN, through(), register(), isNarrow() ? 0 : register(), 0);
    }

    private Operation compareAndExchange() {
        return isRegister()
                ? computes(operand() | RAX, operand() | register() | RAX, 0)
                : known(Memory.WRITTEN, through(), RAX, isNarrow() ? 0 : register(), 0);
    }

    private Operation stores(int register) {
        if (isRegister()) {
            return isNarrow() ? computes(operand(), 0, operand()) : computes(operand(), register, 0);
        }
        return writesMemory(through(), isNarrow() ? 0 : register, 0);
    }

    /** What is calculated from an operand, or is that operand, into a register. */
    private Operation fromOperand(int destination, boolean keeps, int alsoKeeps) {
        int source = isRegister() ? operand() : 0;
        int kept = (keeps ? source : 0) | alsoKeeps;
        int mixed = keeps ? 0 : source | (isNarrow() && opcode < 0x0f00 ? destination : 0);
        return isRegister() ? computes(destination, kept, mixed) : readsMemory(through(), destination, kept, mixed);
    }

    /** The operand in a register or in memory is what is changed. */
    private Operation changes(int keeps, int mixes) {
        return isRegister() ? computes(operand(), keeps, mixes) : writesMemory(through(), 0, 0);
    }

    private Operation looksAt() {
        return isRegister() ? nothing() : known(Memory.READ, through(), 0, 0, 0);
    }

    private static Operation nothing() {
        return known(Memory.NONE, 0, 0, 0, 0);
    }

    private static Operation computes(int writes, int keeps, int mixes) {
        return known(Memory.NONE, 0, writes, keeps, mixes);
    }

    private static Operation readsMemory(int through, int writes, int keeps, int mixes) {
        return known(Memory.READ, through, writes, keeps, mixes);
    }

    private static Operation writesMemory(int through, int keeps, int mixes) {
        return known(Memory.WRITTEN, through, 0, keeps, mixes);
    }

    private static Operation known(Memory memory, int through, int writes, int keeps, int mixes) {
        return new Operation(true, memory, through, writes, keeps, mixes);
    }

    boolean isByte() {
        return opcode < 0x0f00
                ? (opcode & 1) == 0
                : opcode == 0x0fb0 || opcode == 0x0fc0 || opcode >= 0x0f90 && opcode < 0x0fa0;
    }

    boolean isNarrow() {
        return isByte() || wordPrefix && (rex & REX_W) == 0;
    }

    boolean isRegister() {
        return modRm >> 6 == 3;
    }

    /** {@return the register that ModRM's middle names} */
    int register() {
        return numbered(modRm >> 3 & 7, REX_R, isByte());
    }

    /** {@return the register that is the operand; of 0F B6 and BE, which read a byte, it is that byte's} */
    int operand() {
        return isRegister() ? numbered(modRm & 7, REX_B, isByte() || opcode == 0x0fb6 || opcode == 0x0fbe) : 0;
    }

    private int opcodeRegister() {
        boolean ofByte = opcode >= 0xb0 && opcode < 0xb8;
        return numbered(opcode & 7, REX_B, ofByte);
    }

    /** Without REX the bytes 4 to 7 are the upper halves of the words in rax to rbx. */
    private int numbered(int number, int extension, boolean ofByte) {
        boolean upper = ofByte && rex == 0 && number >= 4;
        return 1 << (upper ? number - 4 : number + ((rex & extension) != 0 ? 8 : 0));
    }

    /** {@return the registers that the address of the operand in memory is made of} */
    private int through() {
        int base = modRm & 7;
        int mode = modRm >> 6;
        if (base != 4) {
            return mode == 0 && base == 5 ? 0 : 1 << base + ((rex & REX_B) != 0 ? 8 : 0);
        }
        int index = (sib >> 3 & 7) + ((rex & REX_X) != 0 ? 8 : 0);
        int registers = index == 4 ? 0 : 1 << index;
        boolean withoutBase = mode == 0 && (sib & 7) == 5;
        return withoutBase ? registers : registers | 1 << (sib & 7) + ((rex & REX_B) != 0 ? 8 : 0);
    }
}
