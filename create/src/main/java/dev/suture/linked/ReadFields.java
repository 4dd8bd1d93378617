package dev.suture.linked;

import dev.suture.elf.Elf;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Relocation;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.linked.LinkedFile.DynamicRelocation;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Reads what a field of a linked program leads to.
 *
 * <p>Where the field is and of which kind is known from the object; what it leads to is taken from the program's bytes, so
 * that whatever the linker did ({@code --wrap}, folding, a definition in another object) is seen. For example {@code call
 * puts} leads to a stub, the stub to a slot, and the slot's dynamic relocation names {@code puts}.
 *
 * @see "System V ABI, AMD64 Architecture Processor Supplement, 4.4.1 and B.2; ELF Handling For Thread-Local Storage, 5"
 */
final class ReadFields {
    /** Where linkers put stubs, and nothing else. */
    private static final Set<String> STUBS = Set.of(".plt", ".plt.sec", ".plt.got", ".iplt");

    private static final int MOV_LOAD = 0x8b;
    private static final int LEA = 0x8d;
    private static final int CALL = 0xe8;
    private static final int JMP = 0xe9;

    private final LinkedFile file;

    ReadFields(LinkedFile file) {
        this.file = file;
    }

    /**
     * {@return what a field leads to}
     *
     * @param address of the field
     * @param relocation of the object, for its type and addend
     * @param symbol that it names in the object
     * @param object the piece's bytes in the object
     * @param offset of the field in the piece
     */
    Node read(long address, Relocation relocation, Symbol symbol, MemorySegment object, long offset) {
        long addend = relocation.addend();
        return switch (relocation.type()) {
            case 1, 24 -> wide(address, relocation);
            case 2, 4 ->
                word(address).map(value -> at(value + address - addend)).orElse(unreadable(address));
            case 10 ->
                word(address).map(value -> at((value & 0xffff_ffffL) - addend)).orElse(unreadable(address));
            case 11 -> word(address).map(value -> at(value - addend)).orElse(unreadable(address));
            case 9, 41, 42 -> throughTable(address, addend, object, offset);
            case 23 -> word(address).map(value -> inThread(value - addend)).orElse(unreadable(address));
            case 22 -> offsetInTable(address, addend, object, offset);
            case 17, 18, 19, 20, 21, 34, 35 -> threadLocal(symbol);
            default -> new Node.Unknown("a relocation of type %d".formatted(relocation.type()));
        };
    }

    private static Node unreadable(long address) {
        return new Node.Unknown("nothing is at 0x%x".formatted(address));
    }

    private Optional<Long> word(long address) {
        return file.bytes(address, 4).map(bytes -> (long) LittleEndian.s32(bytes, 0));
    }

    private Node wide(long address, Relocation relocation) {
        Optional<DynamicRelocation> dynamic = file.dynamicAt(address);
        boolean relative = relocation.type() == 24;
        if (dynamic.isPresent() && !relative) {
            return dynamic(dynamic.get(), relocation.addend());
        }
        return file.bytes(address, 8)
                .map(bytes -> at(LittleEndian.u64(bytes, 0) - relocation.addend() + (relative ? address : 0)))
                .orElse(unreadable(address));
    }

    private Node dynamic(DynamicRelocation dynamic, long addend) {
        return switch (dynamic.type()) {
            case LinkedFile.RELATIVE -> at(dynamic.addend() - addend);
            case LinkedFile.IRELATIVE -> new Node.Chosen(dynamic.addend());
            case 1, 6, 7 -> new Node.Dynamic(dynamic.symbol(), dynamic.version());
            case 18 ->
                dynamic.symbol().isEmpty()
                        ? new Node.ThreadLocal(dynamic.addend())
                        : new Node.Dynamic(dynamic.symbol(), dynamic.version());
            default -> new Node.Unknown("a dynamic relocation of type %d".formatted(dynamic.type()));
        };
    }

    /** What lies in a stub is what the stub leads to; where the program has nothing, it is a number. */
    private Node at(long address) {
        Optional<Section> section = file.sectionAt(address);
        if (section.isEmpty()) {
            return file.namesAt(address).isEmpty() || address == 0 ? new Node.Number(address) : new Node.At(address);
        }
        if (STUBS.contains(section.get().name())) {
            OptionalLong slot = file.slotOfStub(address);
            return slot.isPresent()
                    ? slot(slot.getAsLong())
                    : new Node.Unknown("no stub at 0x%x of %s"
                            .formatted(address, section.get().name()));
        }
        return new Node.At(address);
    }

    private Node slot(long slot) {
        Optional<DynamicRelocation> dynamic = file.dynamicAt(slot);
        if (dynamic.isPresent()) {
            return dynamic(dynamic.get(), 0);
        }
        return file.bytes(slot, 8)
                .map(bytes -> plain(LittleEndian.u64(bytes, 0)))
                .orElse(unreadable(slot));
    }

    private Node plain(long address) {
        return file.sectionAt(address).isPresent() || !file.namesAt(address).isEmpty() && address != 0
                ? at(address)
                : new Node.Number(address);
    }

    private Node throughTable(long address, long addend, MemorySegment object, long offset) {
        Optional<MemorySegment> found = file.bytes(address - 2, 6);
        if (found.isEmpty() || offset < 2) {
            return unreadable(address);
        }
        MemorySegment code = found.get();
        long value = LittleEndian.s32(code, 2);
        int opcode = LittleEndian.u8(code, 0);
        int wasOpcode = LittleEndian.u8(object, offset - 2);
        int operand = LittleEndian.u8(code, 1);
        int wasOperand = LittleEndian.u8(object, offset - 1);
        if (opcode == wasOpcode && operand == wasOperand) {
            return slot(address + value - addend);
        }
        boolean indirect = wasOpcode == 0xff;
        if (indirect && operand == CALL || wasOpcode == MOV_LOAD && opcode == LEA) {
            return at(address + value - addend);
        }
        if (indirect && opcode == JMP) {
            return at(address - 1 + LittleEndian.s32(code, 1) + 4);
        }
        boolean immediate = opcode == 0xc7 || opcode == 0x81 || opcode == 0xf7;
        return immediate ? at(value) : new Node.Unknown("an instruction that the linker rewrote");
    }

    private Node inThread(long fromPointer) {
        OptionalLong block = file.threadPointerOffset();
        return block.isPresent()
                ? new Node.ThreadLocal(fromPointer - block.getAsLong())
                : new Node.Unknown("a thread-local variable without a block");
    }

    private Node offsetInTable(long address, long addend, MemorySegment object, long offset) {
        Optional<MemorySegment> found = file.bytes(address - 2, 6);
        if (found.isEmpty() || offset < 2) {
            return unreadable(address);
        }
        long value = LittleEndian.s32(found.get(), 2);
        boolean kept = LittleEndian.u8(found.get(), 0) == LittleEndian.u8(object, offset - 2)
                && LittleEndian.u8(found.get(), 1) == LittleEndian.u8(object, offset - 1);
        if (!kept) {
            return inThread(value);
        }
        long slot = address + value - addend;
        Optional<DynamicRelocation> dynamic = file.dynamicAt(slot);
        if (dynamic.isPresent()) {
            return dynamic(dynamic.get(), 0);
        }
        return file.bytes(slot, 8)
                .map(bytes -> inThread(LittleEndian.u64(bytes, 0)))
                .orElse(unreadable(slot));
    }

    /** Sequences that linkers rewrite as a whole are known by the symbol that they are about. */
    private Node threadLocal(Symbol symbol) {
        String name = LinkedFile.plain(symbol.name());
        Optional<Symbol> own = file.global(name).filter(found -> found.type() == Elf.STT_TLS);
        return own.<Node>map(found -> new Node.ThreadLocal(found.value())).orElseGet(() -> new Node.Dynamic(name, ""));
    }
}
