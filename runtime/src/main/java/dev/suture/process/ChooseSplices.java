package dev.suture.process;

import dev.suture.Refusal;
import dev.suture.elf.Elf;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Symbol;
import dev.suture.isa.Isa;
import dev.suture.payload.Payload;
import dev.suture.payload.PayloadSections;
import dev.suture.process.Ledger.Span;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

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
    private static final int ENTRY_MARK_AND_JUMP = 9;
    private static final byte TRAP = (byte) 0xcc;

    private final String name;
    private final Payload payload;
    private final LinkPayload link;
    private final Session session;
    private final CodeMap file;
    private final boolean mayMove;
    private final boolean mayUnwind;
    private final List<Refusal> refusals = new ArrayList<>();

    /**
     * @param link of the payload, already done for its place
     * @param file the code that is patched, as it is in its file
     * @param isInPlace whether new functions are to be written over the old ones where they fit
     * @param mayUnwind whether the program may look at its own stacks: it would take the moved function for the old one
     */
    ChooseSplices(
            String name,
            Payload payload,
            LinkPayload link,
            CodeMap file,
            Session session,
            boolean isInPlace,
            boolean mayUnwind) {
        this.name = name;
        this.payload = payload;
        this.link = link;
        this.file = file;
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
        List<Span> old = new ArrayList<>();
        List<Span> fresh = new ArrayList<>();
        for (int i = 0; i < payload.functions().size(); i++) {
            Payload.Function function = payload.functions().get(i);
            long newAddress = newAddress(entries, i);
            old.add(new Span(oldAddresses.get(i), oldAddresses.get(i) + function.oldSize()));
            fresh.add(new Span(newAddress, newAddress == 0 ? 0 : newAddress + function.newSize()));
        }
        List<FindParts.Found> oldParts = FindParts.of(file, old);
        List<FindParts.Found> newParts =
                FindParts.of(CodeMap.of(link, payload.elf().symbols()), fresh);
        for (int i = 0; i < payload.functions().size(); i++) {
            long expectAt = (long) i * CheckPayload.ENTRY_BYTES + CheckPayload.EXPECT_AT;
            Ledger.Function chosen = function(
                    payload.functions().get(i),
                    oldAddresses.get(i),
                    newAddress(entries, i),
                    expected(entries.asSlice(expectAt, 32)),
                    oldParts.get(i));
            functions.add(
                    chosen.withParts(oldParts.get(i).parts(), newParts.get(i).parts()));
        }
        return functions;
    }

    private static long newAddress(MemorySegment entries, int index) {
        return LittleEndian.u64(entries, (long) index * CheckPayload.ENTRY_BYTES + 8);
    }

    private static String expected(MemorySegment expectation) {
        int flags = LittleEndian.u8(expectation, 0);
        int size = flags >> 1 & 0x1f;
        boolean isEnabled = (flags & 1) != 0;
        return isEnabled ? HexFormat.of().formatHex(expectation.asSlice(1, size).toArray(ValueLayout.JAVA_BYTE)) : "";
    }

    private Ledger.Function function(
            Payload.Function function, long oldAddress, long newAddress, String expected, FindParts.Found old) {
        if (newAddress == 0) {
            if (function.newSize() > function.oldSize()) {
                refuse(function.name(), "more is to be taken out than there is", "Set new_size to at most old_size.");
            }
            byte[] nothing = ISA.nops((int) Math.min(function.newSize(), function.oldSize()));
            old.branches().stream()
                    .filter(branch -> branch.to() > oldAddress && branch.to() < oldAddress + nothing.length)
                    .findFirst()
                    .ifPresent(branch -> refuseInside(function, branch));
            return entry(function, oldAddress, 0, oldAddress, nothing, expected, false, "");
        }
        boolean isEnteredByOthers = old.branches().stream().anyMatch(branch -> !branch.isOwn());
        if (mayMove && !isEnteredByOthers && function.newSize() > 0 && function.newSize() <= function.oldSize()) {
            byte[] moved = moved(function, oldAddress, newAddress);
            if (moved.length > 0) {
                return entry(function, oldAddress, newAddress, oldAddress, moved, expected, true, "");
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
        long site = oldAddress + mark;
        byte[] jump = ISA.jump(site, newAddress);
        old.branches().stream()
                .filter(branch -> !branch.isOwn() && branch.to() > site && branch.to() < site + jump.length)
                .findFirst()
                .ifPresent(branch -> refuseInside(function, branch));
        return entry(
                function,
                oldAddress,
                newAddress,
                site,
                jump,
                expected,
                false,
                returnsToSite(old, oldAddress, site + jump.length));
    }

    private void refuseInside(Payload.Function function, FindParts.Branch branch) {
        refuse(
                function.name(),
                "the branch at 0x%x leads to 0x%x, among the bytes of it that would be overwritten"
                        .formatted(branch.from(), branch.to()),
                "Replace the functions that call it.");
    }

    private static String returnsToSite(FindParts.Found old, long start, long end) {
        Optional<FindParts.Branch> back = old.branches().stream()
                .filter(branch -> branch.isOwn() && branch.to() >= start && branch.to() < end)
                .findFirst();
        if (back.isPresent()) {
            return "its branch at 0x%x leads back to 0x%x"
                    .formatted(back.get().from(), back.get().to());
        }
        return old.openJumps().stream()
                .findFirst()
                .map("its jump at 0x%x goes where a register or a table says"::formatted)
                .orElse("");
    }

    private static Ledger.Function entry(
            Payload.Function function,
            long oldAddress,
            long newAddress,
            long site,
            byte[] replacement,
            String expected,
            boolean isInPlace,
            String returnsToSite) {
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
                isInPlace,
                List.of(),
                List.of(),
                returnsToSite);
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
