package dev.suture.process;

import java.util.ArrayList;
import java.util.List;

/**
 * Picks places for a payload: free, and so near to the file it changes that 32 bits lead from one to the other.
 *
 * <p>Below the file is preferred: above a program its heap wants to grow, below a library there is room that the kernel
 * gives away from the top. A program at a fixed address has no room below, but it has between itself and 2 GiB, where
 * absolute 32-bit addresses work, too.
 */
final class PlaceMemory {
    private static final long REACH = (1L << 31) - (1 << 20);
    private static final long LOWEST = 1 << 20;
    private static final long HEAP_ROOM = 1L << 28;
    private static final long GAP = 1 << 16;
    private static final long PAGE = 4096;
    private static final long HIGHEST = 0x7fff_ffff_f000L;

    private PlaceMemory() {}

    /**
     * {@return addresses to try, best first}
     *
     * @param near what has to be reached
     * @param sizeBytes a multiple of the page size
     */
    static List<Long> candidates(Mappings mappings, LoadedFile near, long sizeBytes) {
        long lowest = Math.max(LOWEST, near.end() - REACH);
        long highest = Math.min(HIGHEST, near.start() + REACH - sizeBytes);
        List<Long> below = new ArrayList<>();
        List<Long> above = new ArrayList<>();
        long freeFrom = 0;
        for (int i = 0; i <= mappings.all().size(); i++) {
            boolean last = i == mappings.all().size();
            Mapping next = last ? null : mappings.all().get(i);
            long freeTo = last ? HIGHEST : Math.min(HIGHEST, next.start());
            if (next != null && next.name().equals("[stack]")) {
                freeTo -= HEAP_ROOM;
            }
            long from = Math.max(freeFrom, lowest);
            long to = Math.min(freeTo, highest + sizeBytes);
            if (to - from >= sizeBytes + 2 * GAP) {
                if (freeTo <= near.start()) {
                    below.addFirst(to - sizeBytes - GAP & -PAGE);
                } else {
                    above.add(from + GAP + PAGE - 1 & -PAGE);
                }
            }
            if (next != null) {
                boolean grows = next.name().equals("[heap]") || near.contains(next.start());
                freeFrom = next.end() < 0 ? HIGHEST : next.end() + (grows ? HEAP_ROOM : 0);
            }
        }
        below.addAll(above);
        return below;
    }
}
