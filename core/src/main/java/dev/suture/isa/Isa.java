package dev.suture.isa;

import dev.suture.elf.Elf;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** One instruction set, in the mode that the code of an ELF file of its machine runs in. */
public sealed interface Isa permits X86_64 {

    /**
     * {@return the instruction set of an ELF file}
     *
     * @param machine {@code e_machine} of the ELF header, such as {@link Elf#EM_X86_64}
     * @throws UnsupportedMachineException if Suture does not know that machine
     */
    static Isa of(int machine) {
        return switch (machine) {
            case Elf.EM_X86_64 -> X86_64.INSTANCE;
            default -> throw new UnsupportedMachineException(machine);
        };
    }

    /** {@return {@code e_machine} of its ELF files} */
    int machine();

    /**
     * {@return what a relocation of that type does}
     *
     * @param type the number in the relocation entry ({@code ELF64_R_TYPE})
     * @throws UnknownRelocationException if the processor supplement has no such type, or one that Suture does not know
     */
    RelocationKind relocation(int type);

    /** {@return the name the processor supplement gives a relocation type; a made-up one with the number if it has none} */
    String relocationName(int type);

    /**
     * Decodes the instruction whose first byte is at {@code offset}. Any bytes are fine: this never throws for what they
     * contain.
     *
     * @param code bytes of instructions; may be read-only
     * @param offset in bytes from the start of {@code code}, 0 up to and including its size
     * @return empty if no valid instruction starts there, or if {@code code} ends before it does
     * @throws IndexOutOfBoundsException if {@code offset} is negative or past the end of {@code code}
     */
    Optional<Instruction> decode(MemorySegment code, long offset);

    /**
     * {@return a number for what a relative branch does, the same for its short and its long form}
     *
     * @param branch as decoded from {@code code}, with a distance in its immediate
     * @param code what it was decoded from
     */
    int branchOpcode(Instruction branch, MemorySegment code);

    /** {@return the size in bytes of what {@link #jump} makes} */
    int jumpBytes();

    /**
     * {@return how many bytes at the start of a function must stay where they are when a jump is put into it, because
     * indirect branches have to find them there; 0 if there are none}
     *
     * @param code the function from its first byte on
     */
    int entryMarkBytes(MemorySegment code);

    /**
     * {@return a jump, {@link #jumpBytes} long, that leaves all registers and flags as they are}
     *
     * @param jumpAddress address of the jump's first byte in the target
     * @param destinationAddress where it leads to in the target
     * @throws OutOfReachException if the destination is too far away
     */
    byte[] jump(long jumpAddress, long destinationAddress);

    /**
     * {@return instructions that do nothing, as few as the makers of the CPU recommend}
     *
     * @param sizeBytes how many bytes to fill, 0 or more
     */
    byte[] nops(int sizeBytes);

    /**
     * {@return whether an instruction is one that compilers, assemblers and linkers put between functions or before loops
     * to fill space: it does nothing, or stops whoever runs into it}
     *
     * @param instruction as decoded from {@code code}
     * @param code what it was decoded from
     */
    boolean isPadding(Instruction instruction, MemorySegment code);

    /**
     * {@return what an instruction does with registers and memory}
     *
     * @param instruction as decoded from {@code code}
     * @param code what it was decoded from
     */
    Operation operation(Instruction instruction, MemorySegment code);

    /**
     * {@return whether what an instruction writes to its operand in memory does not depend on what was there} That of one that
     * adds does, and of one that is not understood.
     *
     * @param instruction as decoded from {@code code}
     * @param code what it was decoded from
     */
    boolean overwrites(Instruction instruction, MemorySegment code);

    /**
     * {@return whether an instruction puts into memory what it reads from memory: the addresses of both go on in its
     * registers, and neither is stored}
     *
     * @param instruction as decoded from {@code code}
     * @param code what it was decoded from
     */
    boolean copies(Instruction instruction, MemorySegment code);

    /**
     * {@return whether an instruction may bring what it reads into a vector register, of which {@link Operation} tells
     * nothing}
     *
     * @param instruction as decoded from {@code code}
     * @param code what it was decoded from
     */
    boolean isVector(Instruction instruction, MemorySegment code);

    /**
     * {@return whether what an instruction writes is the shadow stack, which no store of another kind reaches, and at which
     * only returns look}
     *
     * @param instruction as decoded from {@code code}
     * @param code what it was decoded from
     */
    boolean writesShadowStack(Instruction instruction, MemorySegment code);

    /**
     * {@return the register that an indirect branch leads through; 0 if it reads the address from memory, and for whatever
     * else}
     *
     * @param instruction as decoded from {@code code}
     * @param code what it was decoded from
     */
    int branchRegister(Instruction instruction, MemorySegment code);

    /** {@return whether an instruction puts a value on the stack and moves the stack's pointer} */
    boolean isPush(Instruction instruction, MemorySegment code);

    /** {@return the registers that functions get arguments in, a bit mask as in {@link Operation}} */
    int argumentRegisters();

    /**
     * {@return the register of one argument, a bit mask as in {@link Operation}}
     *
     * @param place 0 for the first
     */
    int argumentRegister(int place);

    /** {@return the register that functions give their result in, a bit mask as in {@link Operation}} */
    int resultRegister();

    /** {@return the registers that have their values back when a function returns, a bit mask as in {@link Operation}} */
    int preservedRegisters();

    /** {@return the registers that lead to the stack alone, a bit mask as in {@link Operation}} */
    int stackRegisters();

    /** {@return the comparison of one number with a constant that an instruction is, if it is one} */
    Optional<NumberTest> test(Instruction instruction, MemorySegment code);

    /**
     * {@return whether a conditional jump is taken if a number was compared before}
     *
     * @param conditional a conditional jump as decoded from {@code code}
     * @param test what set the flags
     * @param number what was compared
     * @return empty if it also depends on something else
     */
    Optional<Boolean> isTaken(Instruction conditional, MemorySegment code, NumberTest test, long number);

    /** {@return what a move brings where, as far as it goes to a general register} */
    Optional<Move> move(Instruction instruction, MemorySegment code);

    /**
     * {@return the registers that an instruction sets the flags from, a bit mask as in {@link Operation}; empty if it leaves
     * them as they are}
     */
    OptionalInt setsFlags(Instruction instruction, MemorySegment code);

    /** {@return whether what an instruction writes to a register or memory depends on the flags} */
    boolean dependsOnFlags(Instruction instruction, MemorySegment code);

    /** {@return whether an instruction sets bits, which do not depend on what was there, and leaves others as they were} */
    boolean setsBits(Instruction instruction, MemorySegment code);

    /** {@return the number that an instruction puts into a register, with its sign; empty if it does something else} */
    OptionalLong loaded(Instruction instruction, MemorySegment code);

    /** {@return where the stack and the frame are behind an instruction, if that is known} */
    StackPlaces stack(Instruction instruction, MemorySegment code, StackPlaces before);

    /** {@return the constant operand of an instruction that has one, with its sign} */
    long constant(Instruction instruction, MemorySegment code);

    /** {@return 1 if an instruction adds a constant to its operand, -1 if it takes one away, else 0} */
    int counts(Instruction instruction, MemorySegment code);

    /** {@return the register that an instruction stores in memory, also a part of it; 0 if it is none that does} */
    int storedRegister(Instruction instruction, MemorySegment code);

    /** {@return whether an instruction adds a register to its operand, or takes it away, the result staying in the operand} */
    boolean addsRegister(Instruction instruction, MemorySegment code);

    /** {@return how many bytes of memory the operand of an instruction is, if that is known} */
    OptionalInt operandBytes(Instruction instruction, MemorySegment code);

    /** {@return the registers that lead to what an instruction that moves a string reads; 0 if it is none} */
    int stringSource(Instruction instruction, MemorySegment code);
}
