package dev.suture.process;

import dev.suture.process.Ledger.Pending;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * Tells whether memory that the ledger has a note of is ours. A note is written before the memory is taken, and stays
 * until after it was given back; whoever is killed in between leaves a note of memory that is not there, and the program
 * may have put something of its own in that place since.
 *
 * <p>So the memory itself has to say it: that of a payload starts with a mark that has its address in it, and copied pages
 * of code hold that very code. What does not is left alone; at worst memory stays that nobody uses.
 */
final class OwnMemory {
    static final int MARK_BYTES = 16;
    private static final byte[] WORD = "suture-1".getBytes(StandardCharsets.US_ASCII);

    private OwnMemory() {}

    /** {@return what a payload's memory starts with} */
    static byte[] mark(long address) {
        return ByteBuffer.allocate(MARK_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(WORD)
                .putLong(address)
                .array();
    }

    /** {@return whether what a note speaks of was taken by us, and is still there} */
    static boolean isThere(Session session, Pending pending) {
        long end = pending.spare() + pending.spareBytes();
        if (pending.spare() <= 0 || pending.spareBytes() <= 0 || end <= 0) {
            return false;
        }
        List<Mapping> parts = Mappings.read(session.pid()).all().stream()
                .filter(mapping -> mapping.start() < end && mapping.end() > pending.spare())
                .toList();
        return isWhole(parts, pending.spare(), end)
                && (pending.sites().isEmpty()
                        ? isPayload(session, parts, pending.spare())
                        : parts.size() == 1
                                && parts.getFirst().end() == end
                                && new Splice(session, pending.sites()).isCopiedTo(pending.spare()));
    }

    // From the first address without a gap; the kernel may have joined the last part with a neighbour.
    private static boolean isWhole(List<Mapping> parts, long start, long end) {
        long at = start;
        for (Mapping part : parts) {
            if (part.start() != at || part.permissions().charAt(3) != 'p') {
                return false;
            }
            at = part.end();
        }
        return at >= end && parts.getFirst().isCode();
    }

    private static boolean isPayload(Session session, List<Mapping> parts, long start) {
        return parts.stream().noneMatch(part -> part.isFile() || !part.name().isEmpty())
                && parts.stream().skip(1).noneMatch(Mapping::isCode)
                && Arrays.equals(session.memory().read(start, MARK_BYTES), mark(start));
    }
}
