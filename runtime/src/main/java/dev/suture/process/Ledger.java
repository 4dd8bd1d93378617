package dev.suture.process;

import dev.suture.target.State;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
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

    /** Metadata of a payload that is added when it is uploaded: whose functions and variables it refers to. */
    static final String REFERS_TO = "refers-to=";

    /** Before the address, in hexadecimal digits, of code that signal handlers return to ({@link SignalReturns}). */
    static final String SIGNAL_RETURN = "signal-return=";

    private static final int FORMAT = 3;

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
     * @param metadata {@code key=value}, with what {@link #REFERS_TO} and {@link #SIGNAL_RETURN} say
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
            List<String> metadata) {
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
                    metadata);
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

    /** {@return where signal handlers return to, if they may have stacks of their own} */
    List<Long> signalReturns() {
        return entries.stream()
                .flatMap(entry -> entry.metadata().stream())
                .filter(line -> line.startsWith(SIGNAL_RETURN))
                .map(line -> Long.parseUnsignedLong(line.substring(SIGNAL_RETURN.length()), 16))
                .distinct()
                .toList();
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
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeInt(FORMAT);
            writeEntries(out, entries, applied);
            out.writeBoolean(pending.isPresent());
            if (pending.isPresent()) {
                out.writeInt(pending.get().sites().size());
                for (Site site : pending.get().sites()) {
                    out.writeLong(site.address());
                    writeBytes(out, site.before());
                    writeBytes(out, site.after());
                }
                writeEntries(out, pending.get().entries(), pending.get().applied());
                out.writeLong(pending.get().spare());
                out.writeLong(pending.get().spareBytes());
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return bytes.toByteArray();
    }

    private static void writeEntries(DataOutputStream out, List<Entry> entries, List<String> applied)
            throws IOException {
        out.writeInt(entries.size());
        for (Entry entry : entries) {
            out.writeUTF(entry.name());
            out.writeUTF(entry.buildId());
            out.writeUTF(entry.depends());
            out.writeUTF(entry.targetBuildId());
            out.writeLong(entry.region());
            out.writeLong(entry.regionBytes());
            out.writeLong(entry.codeBytes());
            out.writeLong(entry.frames());
            out.writeBoolean(entry.isUnwinderTold());
            out.writeInt(entry.functions().size());
            for (Function function : entry.functions()) {
                out.writeUTF(function.name());
                out.writeLong(function.oldAddress());
                out.writeLong(function.oldBytes());
                out.writeLong(function.newAddress());
                out.writeLong(function.newBytes());
                out.writeLong(function.site());
                writeBytes(out, function.replacement());
                writeBytes(out, function.original());
                writeBytes(out, function.expected());
                out.writeBoolean(function.isInPlace());
                writeSpans(out, function.oldParts());
                writeSpans(out, function.newParts());
                out.writeUTF(function.returnsToSite());
            }
            out.writeInt(entry.symbols().size());
            for (Named symbol : entry.symbols()) {
                out.writeUTF(symbol.name());
                out.writeLong(symbol.address());
                out.writeLong(symbol.sizeBytes());
                out.writeBoolean(symbol.isGlobal());
                out.writeBoolean(symbol.isVariable());
            }
            out.writeInt(entry.hooks().size());
            for (Hook hook : entry.hooks()) {
                out.writeUTF(hook.kind());
                out.writeLong(hook.address());
            }
            writeTexts(out, entry.metadata());
        }
        writeTexts(out, applied);
    }

    private static void writeSpans(DataOutputStream out, List<Span> spans) throws IOException {
        out.writeInt(spans.size());
        for (Span span : spans) {
            out.writeLong(span.start());
            out.writeLong(span.end());
        }
    }

    private static List<Span> readSpans(DataInputStream in) throws IOException {
        List<Span> spans = new ArrayList<>();
        for (int left = in.readInt(); left > 0; left--) {
            spans.add(new Span(in.readLong(), in.readLong()));
        }
        return spans;
    }

    // Hexadecimal digits of a whole function may be more than writeUTF takes.
    private static void writeBytes(DataOutputStream out, String hex) throws IOException {
        byte[] bytes = HexFormat.of().parseHex(hex);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static String readBytes(DataInputStream in) throws IOException {
        int size = in.readInt();
        byte[] bytes = in.readNBytes(Math.max(0, size));
        if (size < 0 || bytes.length < size) {
            throw new IOException("a field of %d bytes, with %d there".formatted(size, bytes.length));
        }
        return HexFormat.of().formatHex(bytes);
    }

    private static void writeTexts(DataOutputStream out, List<String> texts) throws IOException {
        out.writeInt(texts.size());
        for (String text : texts) {
            out.writeUTF(text);
        }
    }

    /** @throws IOException if these are not the bytes of a ledger of this format */
    static Ledger of(byte[] bytes) throws IOException {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int format = in.readInt();
            if (format != FORMAT) {
                throw new IOException("format %d, expected %d".formatted(format, FORMAT));
            }
            List<Entry> entries = readEntries(in);
            List<String> applied = readTexts(in);
            if (!in.readBoolean()) {
                return new Ledger(entries, applied, Optional.empty());
            }
            List<Site> sites = new ArrayList<>();
            for (int left = in.readInt(); left > 0; left--) {
                sites.add(new Site(in.readLong(), readBytes(in), readBytes(in)));
            }
            Pending pending = new Pending(sites, readEntries(in), readTexts(in), in.readLong(), in.readLong());
            return new Ledger(entries, applied, Optional.of(pending));
        }
    }

    private static List<Entry> readEntries(DataInputStream in) throws IOException {
        List<Entry> entries = new ArrayList<>();
        for (int left = in.readInt(); left > 0; left--) {
            entries.add(new Entry(
                    in.readUTF(),
                    in.readUTF(),
                    in.readUTF(),
                    in.readUTF(),
                    in.readLong(),
                    in.readLong(),
                    in.readLong(),
                    in.readLong(),
                    in.readBoolean(),
                    readFunctions(in),
                    readSymbols(in),
                    readHooks(in),
                    readTexts(in)));
        }
        return entries;
    }

    private static List<Function> readFunctions(DataInputStream in) throws IOException {
        List<Function> functions = new ArrayList<>();
        for (int left = in.readInt(); left > 0; left--) {
            functions.add(new Function(
                    in.readUTF(),
                    in.readLong(),
                    in.readLong(),
                    in.readLong(),
                    in.readLong(),
                    in.readLong(),
                    readBytes(in),
                    readBytes(in),
                    readBytes(in),
                    in.readBoolean(),
                    readSpans(in),
                    readSpans(in),
                    in.readUTF()));
        }
        return functions;
    }

    private static List<Named> readSymbols(DataInputStream in) throws IOException {
        List<Named> symbols = new ArrayList<>();
        for (int left = in.readInt(); left > 0; left--) {
            symbols.add(new Named(in.readUTF(), in.readLong(), in.readLong(), in.readBoolean(), in.readBoolean()));
        }
        return symbols;
    }

    private static List<Hook> readHooks(DataInputStream in) throws IOException {
        List<Hook> hooks = new ArrayList<>();
        for (int left = in.readInt(); left > 0; left--) {
            hooks.add(new Hook(in.readUTF(), in.readLong()));
        }
        return hooks;
    }

    private static List<String> readTexts(DataInputStream in) throws IOException {
        List<String> texts = new ArrayList<>();
        for (int left = in.readInt(); left > 0; left--) {
            texts.add(in.readUTF());
        }
        return texts;
    }
}
