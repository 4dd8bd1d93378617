package dev.suture.process;

import dev.suture.process.Ledger.Site;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Code as it will be after some changes of it, byte by byte, because what one payload wrote may lie within what another
 * one writes. For example: one put a jump of 5 bytes into a function, and the next writes over all of it.
 */
final class CodeBytes {
    private final Session session;
    private final TreeMap<Long, Byte> before = new TreeMap<>();
    private final TreeMap<Long, Byte> after = new TreeMap<>();

    CodeBytes(Session session) {
        this.session = session;
    }

    /** {@return what will be at an address, all changes so far counted in} */
    byte[] at(long address, int sizeBytes) {
        byte[] bytes = session.code(address, sizeBytes);
        for (Map.Entry<Long, Byte> changed :
                after.subMap(address, address + bytes.length).entrySet()) {
            bytes[(int) (changed.getKey() - address)] = changed.getValue();
        }
        return bytes;
    }

    /**
     * Changes bytes.
     *
     * @param now what is there, or has to be, before this change
     */
    void change(long address, byte[] now, byte[] next) {
        if (now.length != next.length) {
            throw new IllegalStateException("%d bytes for %d at 0x%x".formatted(next.length, now.length, address));
        }
        for (int i = 0; i < next.length; i++) {
            before.putIfAbsent(address + i, now[i]);
            after.put(address + i, next[i]);
        }
    }

    /** {@return what changes, a site for each stretch without a gap} */
    List<Site> sites() {
        List<Site> sites = new ArrayList<>();
        byte[] was = new byte[before.size()];
        byte[] becomes = new byte[before.size()];
        int size = 0;
        long start = 0;
        for (Map.Entry<Long, Byte> entry : before.entrySet()) {
            long address = entry.getKey();
            if (size > 0 && address != start + size) {
                sites.add(site(start, was, becomes, size));
                size = 0;
            }
            if (size == 0) {
                start = address;
            }
            was[size] = entry.getValue();
            becomes[size++] = after.get(address);
        }
        if (size > 0) {
            sites.add(site(start, was, becomes, size));
        }
        return sites;
    }

    private static Site site(long start, byte[] was, byte[] becomes, int size) {
        HexFormat hex = HexFormat.of();
        return new Site(start, hex.formatHex(Arrays.copyOf(was, size)), hex.formatHex(Arrays.copyOf(becomes, size)));
    }
}
