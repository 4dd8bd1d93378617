package dev.suture.process;

import dev.suture.target.State;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * What payloads a process has, as the process itself keeps it.
 *
 * @param entries in the order in which they were uploaded
 * @param applied the names of those that are applied, lowest first
 * @param pending a change of code that was about to happen when this was written
 */
record Ledger(List<Entry> entries, List<String> applied, Optional<Pending> pending) {
    static final Ledger EMPTY = new Ledger(List.of(), List.of(), Optional.empty());

    /**
     * One payload.
     *
     * @param name by which it is known
     * @param buildId its own
     * @param depends what it must be stacked on
     * @param targetBuildId of the file it changes
     * @param region first address of its memory
     * @param regionBytes the size of its memory
     * @param codeBytes how much of that, from its start, is code
     * @param frames where its unwinding information is; 0 if it has none
     * @param isUnwinderTold whether the program's own unwinder was told of it, and has to be told when it goes
     * @param functions what it replaces
     * @param symbols what it brings
     * @param hooks functions to call
     * @param metadata {@code key=value}, whatever its author wrote
     * @param refersTo the payloads whose functions and variables it refers to, by name
     */
    record Entry(
            String name,
            String buildId,
            String depends,
            String targetBuildId,
            long region,
            long regionBytes,
            long codeBytes,
            long frames,
            boolean isUnwinderTold,
            List<Function> functions,
            List<Named> symbols,
            List<Hook> hooks,
            List<String> metadata,
            List<String> refersTo) {
        Entry with(List<Function> others) {
            return new Entry(
                    name,
                    buildId,
                    depends,
                    targetBuildId,
                    region,
                    regionBytes,
                    codeBytes,
                    frames,
                    isUnwinderTold,
                    others,
                    symbols,
                    hooks,
                    metadata,
                    refersTo);
        }

        boolean holdsCode(long address) {
            return address >= region && address < region + codeBytes;
        }
    }

    /**
     * A replaced function.
     *
     * @param name by which the target knows it
     * @param oldAddress in the process
     * @param oldBytes its size
     * @param newAddress in the process; 0 if instructions are only taken out
     * @param newBytes its size, or how much is taken out
     * @param site where code is overwritten, in the process
     * @param replacement what is written there, in hexadecimal digits
     * @param original what was there when it was applied, in hexadecimal digits; empty while it is not
     * @param expected with what the old function must start, in hexadecimal digits; empty if the payload does not say
     * @param isInPlace whether the new function itself is written over the old one; what is at the new address is then
     *     a copy that nobody calls
     * @param oldParts code of the old function that is elsewhere ({@link FindParts})
     * @param newParts code of the new function that is elsewhere
     * @param returnsToSite what shows that the old function may jump into the bytes that are overwritten; empty if it
     *     never does
     */
    record Function(
            String name,
            long oldAddress,
            long oldBytes,
            long newAddress,
            long newBytes,
            long site,
            String replacement,
            String original,
            String expected,
            boolean isInPlace,
            List<Span> oldParts,
            List<Span> newParts,
            String returnsToSite) {
        Function withOriginal(String bytes) {
            return new Function(
                    name,
                    oldAddress,
                    oldBytes,
                    newAddress,
                    newBytes,
                    site,
                    replacement,
                    bytes,
                    expected,
                    isInPlace,
                    oldParts,
                    newParts,
                    returnsToSite);
        }

        Function withParts(List<Span> ofOld, List<Span> ofNew) {
            return new Function(
                    name,
                    oldAddress,
                    oldBytes,
                    newAddress,
                    newBytes,
                    site,
                    replacement,
                    original,
                    expected,
                    isInPlace,
                    ofOld,
                    ofNew,
                    returnsToSite);
        }

        /** {@return whether what runs instead of the old function, or what is left of it, is where that was} */
        boolean staysInPlace() {
            return isInPlace || newAddress == 0;
        }

        boolean oldHolds(long address) {
            return address >= oldAddress && address < oldAddress + oldBytes;
        }

        byte[] replacementBytes() {
            return HexFormat.of().parseHex(replacement);
        }
    }

    /** Code from one address up to another. */
    record Span(long start, long end) {
        boolean holds(long address) {
            return address >= start && address < end;
        }
    }

    /** A function or variable of a payload. */
    record Named(String name, long address, long sizeBytes, boolean isGlobal, boolean isVariable) {}

    /** A function to be called around apply or revert. */
    record Hook(String kind, long address) {}

    /** Bytes of code before and after a change, in hexadecimal digits. */
    record Site(long address, String before, String after) {}

    /**
     * A change of code.
     *
     * @param sites what changes
     * @param entries as they are after it
     * @param applied as they are after it
     * @param spare memory to be given back if the change is not finished: its first address
     * @param spareBytes its size
     */
    record Pending(List<Site> sites, List<Entry> entries, List<String> applied, long spare, long spareBytes) {
        /** {@return a note that memory is being taken or given back, while nothing else changes} */
        static Pending memory(Ledger ledger, long spare, long spareBytes) {
            return new Pending(List.of(), ledger.entries(), ledger.applied(), spare, spareBytes);
        }
    }

    Optional<Entry> entry(String name) {
        return entries.stream().filter(entry -> entry.name().equals(name)).findFirst();
    }

    State state(String name) {
        if (entry(name).isEmpty()) {
            return State.ABSENT;
        }
        return applied.contains(name) ? State.APPLIED : State.CHECKED;
    }

    Ledger withEntry(Entry entry) {
        List<Entry> more = new ArrayList<>(entries);
        more.add(entry);
        return new Ledger(more, applied, Optional.empty());
    }

    Ledger without(String name) {
        return new Ledger(
                entries.stream().filter(entry -> !entry.name().equals(name)).toList(), applied, Optional.empty());
    }

    /** {@return the same with payloads that are not applied any more} */
    Ledger withoutApplied(List<String> names) {
        return new Ledger(
                entries, applied.stream().filter(name -> !names.contains(name)).toList(), pending);
    }

    Ledger withPending(Pending next) {
        return new Ledger(entries, applied, Optional.of(next));
    }

    Ledger withoutPending() {
        return new Ledger(entries, applied, Optional.empty());
    }

    byte[] bytes() {
        return LedgerBytes.of(this);
    }

    /** @throws IOException if these are not the bytes of a ledger of this format */
    static Ledger of(byte[] bytes) throws IOException {
        return LedgerBytes.read(bytes);
    }
}
