package dev.suture.isa;

import dev.suture.elf.Elf;
import dev.suture.elf.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** 64-bit mode of the x86 CPUs of Intel and AMD. */
public final class X86_64 implements Isa {
    static final X86_64 INSTANCE = new X86_64();

    private static final int JUMP_OPCODE = 0xe9;
    private static final int JUMP_BYTES = 5;

    /** {@code endbr64}, as a little-endian number. */
    private static final int ENDBR64 = 0xfa1e_0ff3;

    /**
     * {@code nopw (%rcx)}: what Xen overwrites {@code endbr64} with at boot where no indirect branch may lead any more.
     *
     * @see "Xen xen/arch/x86/include/asm/endbr.h, gen_endbr64_poison"
     */
    private static final int ENDBR64_POISON = 0x011f_0f66;

    private static final int ENTRY_MARK_BYTES = 4;

    /**
     * One no-op of each size, 1 byte first.
     *
     * @see "Intel SDM vol. 2, NOP, table 4-12; Xen xen/arch/x86/include/asm/nops.h, P6_NOP1 to P6_NOP9"
     */
    private static final byte[][] NOPS = {
        {(byte) 0x90},
        {0x66, (byte) 0x90},
        {0x0f, 0x1f, 0x00},
        {0x0f, 0x1f, 0x40, 0x00},
        {0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x0f, 0x1f, (byte) 0x80, 0x00, 0x00, 0x00, 0x00},
        {0x0f, 0x1f, (byte) 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, (byte) 0x84, 0x00, 0x00, 0x00, 0x00, 0x00}
    };

    private X86_64() {}

    @Override
    public int machine() {
        return Elf.EM_X86_64;
    }

    /** @see "System V ABI, AMD64 Architecture Processor Supplement, 4.4.1 Relocation Types" */
    @Override
    public RelocationKind relocation(int type) {
        return X86Relocations.of(type);
    }

    @Override
    public String relocationName(int type) {
        return X86Relocations.name(type);
    }

    /**
     * {@inheritDoc}
     *
     * <p>All of 64-bit mode but APX. A relative branch with prefix 66 and without REX.W is taken for invalid, as Intel
     * and AMD disagree on its size.
     */
    @Override
    public Optional<Instruction> decode(MemorySegment code, long offset) {
        if (offset < 0 || offset > code.byteSize()) {
            throw new IndexOutOfBoundsException("offset 0x%x in 0x%x bytes of code".formatted(offset, code.byteSize()));
        }
        return new X86Decoder(code, offset).decode();
    }

    /** {@return the opcode of the short form where there is one: EB, 70 to 7F; else the last byte of the opcode} */
    @Override
    public int branchOpcode(Instruction branch, MemorySegment code) {
        long opcodeAt = branch.offset() + branch.immediateAt() - 1;
        int opcode = LittleEndian.u8(code, opcodeAt);
        boolean longConditional = branch.flow() == Instruction.Flow.CONDITIONAL && (opcode & 0xf0) == 0x80;
        if (longConditional) {
            return 0x70 | opcode & 0x0f;
        }
        return opcode == JUMP_OPCODE ? 0xeb : opcode;
    }

    /** {@return 5, the size of {@code jmp rel32}} */
    @Override
    public int jumpBytes() {
        return JUMP_BYTES;
    }

    /** {@return 4 if the code starts with {@code endbr64} or with what Xen overwrites it with, else 0} */
    @Override
    public int entryMarkBytes(MemorySegment code) {
        if (code.byteSize() < ENTRY_MARK_BYTES) {
            return 0;
        }
        int start = LittleEndian.s32(code, 0);
        return start == ENDBR64 || start == ENDBR64_POISON ? ENTRY_MARK_BYTES : 0;
    }

    /**
     * {@inheritDoc}
     *
     * @see "Intel SDM vol. 2, JMP, opcode E9; Xen xen/arch/x86/livepatch.c, arch_livepatch_apply"
     */
    @Override
    public byte[] jump(long jumpAddress, long destinationAddress) {
        long distance = destinationAddress - (jumpAddress + JUMP_BYTES);
        if (distance != (int) distance) {
            throw new OutOfReachException(jumpAddress, destinationAddress, "about 2 GiB in both directions");
        }
        byte[] jump = new byte[JUMP_BYTES];
        jump[0] = (byte) JUMP_OPCODE;
        LittleEndian.putU32(MemorySegment.ofArray(jump), 1, (int) distance);
        return jump;
    }

    @Override
    public byte[] nops(int sizeBytes) {
        byte[] filled = new byte[sizeBytes];
        int at = 0;
        while (at < sizeBytes) {
            byte[] nop = NOPS[Math.min(sizeBytes - at, NOPS.length) - 1];
            System.arraycopy(nop, 0, filled, at, nop.length);
            at += nop.length;
        }
        return filled;
    }

    /**
     * {@inheritDoc}
     *
     * <p>These are {@code int3}; {@code nop} (90) and the longer ones (0F 1F /0) with any prefixes but F0, F2 and F3; and
     * {@code lea} of a 64-bit register plus zero into itself. Not {@code pause} (F3 90) and not {@link #entryMarkBytes
     * what Xen puts in the place of endbr64}, which have a purpose where they are.
     */
    @Override
    public boolean isPadding(Instruction instruction, MemorySegment code) {
        return X86Padding.isPadding(code.asSlice(instruction.offset(), instruction.sizeBytes()), instruction);
    }

    @Override
    public Operation operation(Instruction instruction, MemorySegment code) {
        return X86Operations.of(code.asSlice(instruction.offset(), instruction.sizeBytes()));
    }

    @Override
    public boolean overwrites(Instruction instruction, MemorySegment code) {
        return X86Operations.overwrites(code.asSlice(instruction.offset(), instruction.sizeBytes()));
    }

    @Override
    public boolean copies(Instruction instruction, MemorySegment code) {
        return X86Operations.copies(code.asSlice(instruction.offset(), instruction.sizeBytes()));
    }

    @Override
    public boolean isVector(Instruction instruction, MemorySegment code) {
        return X86Kinds.isVector(code.asSlice(instruction.offset(), instruction.sizeBytes()));
    }

    @Override
    public boolean writesShadowStack(Instruction instruction, MemorySegment code) {
        return X86Kinds.writesShadowStack(code.asSlice(instruction.offset(), instruction.sizeBytes()));
    }

    @Override
    public int branchRegister(Instruction instruction, MemorySegment code) {
        return X86Kinds.branchRegister(code.asSlice(instruction.offset(), instruction.sizeBytes()));
    }

    @Override
    public boolean isPush(Instruction instruction, MemorySegment code) {
        return X86Kinds.isPush(code.asSlice(instruction.offset(), instruction.sizeBytes()));
    }

    @Override
    public Optional<NumberTest> test(Instruction instruction, MemorySegment code) {
        return X86Numbers.test(instruction, code);
    }

    @Override
    public Optional<Boolean> isTaken(Instruction conditional, MemorySegment code, NumberTest test, long number) {
        return X86Numbers.isTaken(conditional, code, test, number);
    }

    @Override
    public Optional<Move> move(Instruction instruction, MemorySegment code) {
        return X86Numbers.move(instruction, code);
    }

    @Override
    public OptionalInt setsFlags(Instruction instruction, MemorySegment code) {
        return X86Numbers.setsFlags(instruction, code);
    }

    @Override
    public boolean dependsOnFlags(Instruction instruction, MemorySegment code) {
        return X86Numbers.dependsOnFlags(instruction, code);
    }

    @Override
    public boolean setsBits(Instruction instruction, MemorySegment code) {
        return X86Numbers.setsBits(instruction, code);
    }

    @Override
    public long constant(Instruction instruction, MemorySegment code) {
        return X86Numbers.constant(instruction, code);
    }

    @Override
    public int counts(Instruction instruction, MemorySegment code) {
        return X86Numbers.counts(instruction, code);
    }

    @Override
    public int storedRegister(Instruction instruction, MemorySegment code) {
        return X86Numbers.storedRegister(instruction, code);
    }

    @Override
    public OptionalLong loaded(Instruction instruction, MemorySegment code) {
        return X86Numbers.loaded(instruction, code);
    }

    @Override
    public StackPlaces stack(Instruction instruction, MemorySegment code, StackPlaces before) {
        return X86Stack.after(instruction, code, before);
    }

    @Override
    public boolean addsRegister(Instruction instruction, MemorySegment code) {
        return X86Numbers.addsRegister(instruction, code);
    }

    @Override
    public OptionalInt operandBytes(Instruction instruction, MemorySegment code) {
        return X86Numbers.operandBytes(instruction, code);
    }

    /** {@return rsi for {@code movs}} */
    @Override
    public int stringSource(Instruction instruction, MemorySegment code) {
        return copies(instruction, code) ? 1 << 6 : 0;
    }

    /** {@return rdi, rsi, rdx, rcx, r8 and r9} */
    @Override
    public int argumentRegisters() {
        return 1 << 7 | 1 << 6 | 1 << 2 | 1 << 1 | 1 << 8 | 1 << 9;
    }

    /** @see "System V ABI, AMD64 Architecture Processor Supplement, 3.2.3 Parameter Passing" */
    @Override
    public int argumentRegister(int place) {
        return switch (place) {
            case 0 -> 1 << 7;
            case 1 -> 1 << 6;
            case 2 -> 1 << 2;
            case 3 -> 1 << 1;
            case 4 -> 1 << 8;
            case 5 -> 1 << 9;
            default -> 0;
        };
    }

    /** {@return rax} */
    @Override
    public int resultRegister() {
        return 1;
    }

    /**
     * {@return rbx, rsp, rbp, r12 to r15}
     *
     * @see "System V ABI, AMD64 Architecture Processor Supplement, 3.2.1 Registers"
     */
    @Override
    public int preservedRegisters() {
        return 1 << 3 | 1 << 4 | 1 << 5 | 0xf << 12;
    }

    /** {@return rsp; what rbp points to is the compiler's affair} */
    @Override
    public int stackRegisters() {
        return 1 << 4;
    }

    /** {@return whether the code starts with what Xen puts in the place of {@code endbr64}} */
    static boolean isPoison(MemorySegment code) {
        return code.byteSize() == ENTRY_MARK_BYTES && LittleEndian.s32(code, 0) == ENDBR64_POISON;
    }

    @Override
    public String toString() {
        return "x86-64";
    }
}
