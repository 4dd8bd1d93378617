package dev.suture.process;

import dev.suture.Refusal;
import dev.suture.elf.Elf;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Symbol;
import dev.suture.isa.Isa;
import dev.suture.payload.Payload;
import dev.suture.payload.PayloadSections;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * Works out for each function of a linked payload what is to be written over the old one: a jump, no-ops, or, if the user
 * asks for that, the new function itself where it fits.
 *
 * <p>A function that is to run in place is moved there ({@link MoveFunction}). What cannot be moved for whatever reason gets
 * a jump: among others what calls anything in a program that unwinds its own stacks, to throw an exception or to end a
 * thread, because it would go by what its file says of the old function.
 */
final class ChooseSplices {
    private static final Isa ISA = Isa.of(Elf.EM_X86_64);
    private static final int EXPECT_AT = 72;
    private static final int ENTRY_MARK_AND_JUMP = 9;
    private static final byte TRAP = (byte) 0xcc;

    private final String name;
    private final Payload payload;
    private final LinkPayload link;
    private final Session session;
    private final boolean mayMove;
    private final boolean mayUnwind;
    private final List<Refusal> refusals = new ArrayList<>();

    /**
     * @param link of the payload, already done for its place
     * @param isInPlace whether new functions are to be written over the old ones where they fit
     * @param mayUnwind whether the program may look at its own stacks: it would take the moved function for the old one
     */
    ChooseSplices(
            String name, Payload payload, LinkPayload link, Session session, boolean isInPlace, boolean mayUnwind) {
        this.name = name;
        this.payload = payload;
        this.link = link;
        this.session = session;
        this.mayUnwind = mayUnwind;
        // Tables of exception handlers name code by its distance from other code.
        mayMove = isInPlace && payload.elf().section(".gcc_except_table").isEmpty();
    }

    /** What was refused. */
    List<Refusal> refusals() {
        return List.copyOf(refusals);
    }

    /**
     * {@return what is to be written where}
     *
     * @param oldAddresses of the functions, in the order of the payload
     */
    List<Ledger.Function> functions(List<Long> oldAddresses) {
        List<Ledger.Function> functions = new ArrayList<>();
        if (payload.functions().isEmpty()) {
            return functions;
        }
        MemorySegment entries =
                link.contents(payload.elf().section(PayloadSections.FUNCTIONS).orElseThrow());
        for (int i = 0; i < payload.functions().size(); i++) {
            long at = (long) i * CheckPayload.ENTRY_BYTES;
            functions.add(function(
                    payload.functions().get(i),
                    oldAddresses.get(i),
                    LittleEndian.u64(entries, at + 8),
                    expected(entries.asSlice(at + EXPECT_AT, 32))));
        }
        return functions;
    }

    private static String expected(MemorySegment expectation) {
        int flags = LittleEndian.u8(expectation, 0);
        int size = flags >> 1 & 0x1f;
        boolean isEnabled = (flags & 1) != 0;
        return isEnabled ? HexFormat.of().formatHex(expectation.asSlice(1, size).toArray(ValueLayout.JAVA_BYTE)) : "";
    }

    private Ledger.Function function(Payload.Function function, long oldAddress, long newAddress, String expected) {
        if (newAddress == 0) {
            if (function.newSize() > function.oldSize()) {
                refuse(function.name(), "more is to be taken out than there is", "Set new_size to at most old_size.");
            }
            byte[] nothing = ISA.nops((int) Math.min(function.newSize(), function.oldSize()));
            return entry(function, oldAddress, 0, oldAddress, nothing, expected, false);
        }
        if (mayMove && function.newSize() > 0 && function.newSize() <= function.oldSize()) {
            byte[] moved = moved(function, oldAddress, newAddress);
            if (moved.length > 0) {
                return entry(function, oldAddress, newAddress, oldAddress, moved, expected, true);
            }
        }
        byte[] start = session.code(oldAddress, (int) Math.min(function.oldSize(), ENTRY_MARK_AND_JUMP));
        int mark = ISA.entryMarkBytes(MemorySegment.ofArray(start));
        if (mark + ISA.jumpBytes() > function.oldSize()) {
            refuse(
                    function.name(),
                    "the old function has %d bytes, too few for a jump%s"
                            .formatted(function.oldSize(), mark > 0 ? " behind its endbr64" : ""),
                    "Replace the functions that call it.");
        }
        byte[] jump = ISA.jump(oldAddress + mark, newAddress);
        return entry(function, oldAddress, newAddress, oldAddress + mark, jump, expected, false);
    }

    private static Ledger.Function entry(
            Payload.Function function,
            long oldAddress,
            long newAddress,
            long site,
            byte[] replacement,
            String expected,
            boolean isInPlace) {
        return new Ledger.Function(
                function.name(),
                oldAddress,
                function.oldSize(),
                newAddress,
                function.newSize(),
                site,
                HexFormat.of().formatHex(replacement),
                "",
                expected,
                isInPlace);
    }

    /** {@return what the old function's place holds with the new one in it; nothing if that cannot be} */
    private byte[] moved(Payload.Function function, long oldAddress, long newAddress) {
        int size = Math.toIntExact(function.newSize());
        byte[] code = link.at(newAddress, size).toArray(ValueLayout.JAVA_BYTE);
        MoveFunction move = new MoveFunction(code, newAddress, oldAddress);
        if (!move.obstacle().isEmpty() || move.calls() && mayUnwind) {
            return new byte[0];
        }
        byte[] others = link.image().clone();
        for (Symbol symbol : payload.elf().symbols()) {
            if (symbol.isFunction() && link.isLoaded(symbol) && link.address(symbol) != newAddress) {
                MemorySegment other =
                        MemorySegment.ofArray(others).asSlice(link.address(symbol) - link.base(), symbol.sizeBytes());
                move.follow(other, link.address(symbol));
            }
        }
        if (!move.obstacle().isEmpty()) {
            return new byte[0];
        }
        link.replaceImage(others);
        byte[] whole = Arrays.copyOf(code, Math.toIntExact(function.oldSize()));
        Arrays.fill(whole, size, whole.length, TRAP);
        return whole;
    }

    private void refuse(String symbol, String what, String remedy) {
        refusals.add(new Refusal(name, symbol, what, remedy));
    }
}
