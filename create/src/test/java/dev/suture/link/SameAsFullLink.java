package dev.suture.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.elf.LittleEndian;
import dev.suture.elf.Symbol;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Compares a payload that is loaded beside the original program with the program that a full link of the patched objects
 * gives: each instruction must do the same, and each address must lead to what has the same name or the same contents.
 */
final class SameAsFullLink {
    private final LinkedProgram original;
    private final LinkedProgram patched;
    private final LoadedPayload payload;
    private final String payloadName;
    private final Set<String> replaced = new HashSet<>();
    private final ArrayDeque<long[]> namelessCode = new ArrayDeque<>();
    private final Set<Long> seenCode = new HashSet<>();

    SameAsFullLink(LinkedProgram original, LinkedProgram patched, LoadedPayload payload, String payloadName) {
        this.original = original;
        this.patched = patched;
        this.payload = payload;
        this.payloadName = payloadName;
        payload.symbols().values().stream()
                .map(Symbol::name)
                .filter(name -> !name.startsWith(payloadName + "#"))
                .forEach(name -> replaced.add(plain(name)));
    }

    /** Compares everything in the payload that has a name, and what it leads to. */
    void check() {
        for (Map.Entry<Long, Symbol> entry : payload.symbols().entrySet()) {
            Symbol symbol = entry.getValue();
            String name = symbol.name().startsWith(payloadName + "#")
                    ? symbol.name().substring(payloadName.length() + 1)
                    : symbol.name();
            long there = patched.address(name);
            if (symbol.isFunction()) {
                compareCode(name, entry.getKey(), there, symbol.sizeBytes());
            } else {
                compareData(name, entry.getKey(), there, symbol.sizeBytes());
            }
        }
        while (!namelessCode.isEmpty()) {
            long[] next = namelessCode.remove();
            if (seenCode.add(next[0])) {
                compareCode("nameless code", next[0], next[1], next[2]);
            }
        }
    }

    private void compareCode(String name, long here, long there, long sizeBytes) {
        List<Long> namelessHere = new ArrayList<>();
        List<Long> namelessThere = new ArrayList<>();
        List<String> inPayload = Disassembly.of(
                bytes(payload.bytes(here, sizeBytes)), here, address -> inPayloadWorld(address, namelessHere));
        List<String> inProgram = Disassembly.of(
                bytes(patched.bytesFrom(there).asSlice(0, sizeBytes)),
                there,
                address -> inPatchedWorld(address, namelessThere));
        assertThat(inPayload).as(name).isEqualTo(inProgram).isNotEmpty();
        for (int i = 0; i < namelessHere.size(); i++) {
            Map.Entry<Long, Symbol> cold = patched.symbols().floorEntry(namelessThere.get(i));
            long rest = cold.getKey() + cold.getValue().sizeBytes() - namelessThere.get(i);
            namelessCode.add(new long[] {namelessHere.get(i), namelessThere.get(i), rest});
        }
    }

    private void compareData(String name, long here, long there, long sizeBytes) {
        MemorySegment before = payload.bytes(here, sizeBytes);
        MemorySegment after = patched.bytesFrom(there).asSlice(0, sizeBytes);
        for (long at = 0; at < sizeBytes; at += 8) {
            if (sizeBytes - at < 8) {
                assertThat(bytes(before.asSlice(at))).as(name).isEqualTo(bytes(after.asSlice(at)));
            } else {
                assertThat(word(LittleEndian.u64(before, at), true))
                        .as("%s+%d", name, at)
                        .isEqualTo(word(LittleEndian.u64(after, at), false));
            }
        }
    }

    private String word(long value, boolean here) {
        boolean isAddress = value >>> 32 == 0xffff82d0L;
        if (!isAddress) {
            return Long.toHexString(value);
        }
        return here ? inPayloadWorld(value, new ArrayList<>()) : inPatchedWorld(value, new ArrayList<>());
    }

    /** {@return what is at an address while the payload is loaded} */
    String inPayloadWorld(long address, List<Long> nameless) {
        if (!payload.contains(address)) {
            Map.Entry<Long, Symbol> symbol = original.symbols().floorEntry(address);
            String name = named(symbol, address, original.bytesFrom(symbol.getKey()));
            assertThat(replaced.contains(plain(symbol.getValue().name())) && address != symbol.getKey())
                    .as("a way into the old code: %s", name)
                    .isFalse();
            return name;
        }
        Map.Entry<Long, Symbol> symbol = payload.symbols().floorEntry(address);
        if (symbol != null
                && address < symbol.getKey() + Math.max(1, symbol.getValue().sizeBytes())) {
            return named(
                    symbol,
                    address,
                    payload.bytes(symbol.getKey(), symbol.getValue().sizeBytes()));
        }
        if (isIn(".text", address)) {
            nameless.add(address);
            return "nameless code";
        }
        long rest = payload.elf().sections().stream()
                .filter(section -> section.isAllocated() && isIn(section.name(), address))
                .mapToLong(section -> payload.section(section.name()) + section.sizeBytes() - address)
                .findFirst()
                .orElseThrow();
        return contents(payload.bytes(address, rest), address, true);
    }

    private boolean isIn(String section, long address) {
        return payload.elf().section(section).isPresent()
                && address >= payload.section(section)
                && address
                        < payload.section(section)
                                + payload.elf().section(section).orElseThrow().sizeBytes();
    }

    /** {@return what is at an address in the program of the patched objects} */
    String inPatchedWorld(long address, List<Long> nameless) {
        Map.Entry<Long, Symbol> symbol = patched.symbols().floorEntry(address);
        if (symbol != null
                && address < symbol.getKey() + Math.max(1, symbol.getValue().sizeBytes())) {
            if (symbol.getValue().name().contains(".cold")) {
                nameless.add(address);
                return "nameless code";
            }
            return named(symbol, address, patched.bytesFrom(symbol.getKey()));
        }
        return contents(patched.bytesFrom(address), address, false);
    }

    private static String named(Map.Entry<Long, Symbol> symbol, long address, MemorySegment contents) {
        String value = symbol.getValue().isObject() && symbol.getValue().sizeBytes() == 4
                ? " = " + LittleEndian.u32(contents, 0)
                : "";
        return "%s+0x%x%s".formatted(plain(symbol.getValue().name()), address - symbol.getKey(), value);
    }

    private static String plain(String name) {
        return name.substring(name.lastIndexOf('#') + 1).replaceAll("\\.[0-9]+", "");
    }

    private String contents(MemorySegment bytes, long address, boolean here) {
        StringBuilder text = new StringBuilder();
        for (long at = 0; at < bytes.byteSize(); at++) {
            int character = LittleEndian.u8(bytes, at);
            if (character == 0 && at > 0) {
                return "string " + text;
            }
            if (character < ' ' || character > '~') {
                break;
            }
            text.append((char) character);
        }
        List<String> table = new ArrayList<>();
        for (long at = 0; at < 24 && at + 4 <= bytes.byteSize(); at += 4) {
            long destination = address + LittleEndian.s32(bytes, at);
            Map.Entry<Long, Symbol> symbol = (here ? payload.symbols() : patched.symbols()).floorEntry(destination);
            boolean isCode = symbol != null
                    && symbol.getValue().isFunction()
                    && destination < symbol.getKey() + symbol.getValue().sizeBytes();
            if (!isCode) {
                return "bytes "
                        + new String(
                                bytes(bytes.asSlice(0, Math.min(16, bytes.byteSize()))), StandardCharsets.ISO_8859_1);
            }
            table.add("%s+0x%x".formatted(plain(symbol.getValue().name()), destination - symbol.getKey()));
        }
        return "table " + table;
    }

    /**
     * {@return the entries of a table in words}
     *
     * @param start address of the table
     */
    Set<String> entries(String section, long start, long sizeBytes, boolean here) {
        Set<String> entries = new TreeSet<>();
        int entryBytes = section.equals(".altinstructions") ? 14 : 8;
        for (long at = start; at < start + sizeBytes; at += entryBytes) {
            entries.add(entry(section, at, here));
        }
        return entries;
    }

    private String entry(String section, long at, boolean here) {
        MemorySegment entry = memory(at, 8, here);
        long first = at + LittleEndian.s32(entry, 0);
        long second = at + 4 + LittleEndian.s32(entry, 4);
        if (section.startsWith(".bug_frames")) {
            first = at + (LittleEndian.s32(entry, 0) << 8 >> 8);
            second = at + (LittleEndian.s32(entry, 4) << 8 >> 8);
            long high = (LittleEndian.u32(entry, 0) >>> 24) + (LittleEndian.s32(entry, 0) << 8 >> 8 < 0 ? 1 : 0);
            long low = (LittleEndian.u32(entry, 4) >>> 24) + (LittleEndian.s32(entry, 4) << 8 >> 8 < 0 ? 1 : 0);
            return "%s: %s line %d".formatted(place(first, here), place(second, here), (high & 0x7f) << 7 | low & 0x7f);
        }
        if (section.equals(".altinstructions")) {
            MemorySegment rest = memory(at + 8, 6, here);
            int length = LittleEndian.u8(rest, 3);
            byte[] replacement = length == 0 ? new byte[0] : bytes(memory(second, length, here));
            return "%s: feature %d, %d bytes: %s"
                    .formatted(
                            place(first, here),
                            LittleEndian.u16(rest, 0),
                            LittleEndian.u8(rest, 2),
                            length == 0 ? "" : Disassembly.of(replacement, second, address -> place(address, here)));
        }
        List<String> fixUp = Disassembly.of(bytes(memory(second, 12, here)), second, address -> place(address, here));
        int end = 0;
        while (end < fixUp.size() && !fixUp.get(end).startsWith("jmp")) {
            end++;
        }
        return "%s: %s".formatted(place(first, here), fixUp.subList(0, Math.min(end + 1, fixUp.size())));
    }

    private String place(long address, boolean here) {
        return here ? inPayloadWorld(address, new ArrayList<>()) : inPatchedWorld(address, new ArrayList<>());
    }

    private MemorySegment memory(long address, long sizeBytes, boolean here) {
        return here
                ? payload.bytes(address, sizeBytes)
                : patched.bytesFrom(address).asSlice(0, sizeBytes);
    }

    private static byte[] bytes(MemorySegment segment) {
        return segment.toArray(ValueLayout.JAVA_BYTE);
    }
}
