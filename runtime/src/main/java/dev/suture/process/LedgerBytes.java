package dev.suture.process;

import dev.suture.payload.PayloadSections;
import dev.suture.process.Ledger.Entry;
import dev.suture.process.Ledger.Function;
import dev.suture.process.Ledger.Hook;
import dev.suture.process.Ledger.Named;
import dev.suture.process.Ledger.Pending;
import dev.suture.process.Ledger.Site;
import dev.suture.process.Ledger.Span;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A ledger as bytes in the memory of a process. What is read there may be anything: a number too many, a name that is none.
 */
final class LedgerBytes {
    private static final int FORMAT = 5;

    private LedgerBytes() {}

    static byte[] of(Ledger ledger) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeInt(FORMAT);
            writeEntries(out, ledger.entries(), ledger.applied());
            out.writeBoolean(ledger.pending().isPresent());
            if (ledger.pending().isPresent()) {
                out.writeInt(ledger.pending().get().sites().size());
                for (Site site : ledger.pending().get().sites()) {
                    out.writeLong(site.address());
                    writeBytes(out, site.before());
                    writeBytes(out, site.after());
                }
                writeEntries(
                        out,
                        ledger.pending().get().entries(),
                        ledger.pending().get().applied());
                out.writeLong(ledger.pending().get().spare());
                out.writeLong(ledger.pending().get().spareBytes());
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
            writeTexts(out, entry.refersTo());
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
    static Ledger read(byte[] bytes) throws IOException {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int format = in.readInt();
            if (format != FORMAT) {
                throw new IOException("format %d, expected %d".formatted(format, FORMAT));
            }
            List<Entry> entries = readEntries(in);
            List<String> applied = readTexts(in);
            requireKnown(entries, applied);
            if (!in.readBoolean()) {
                return new Ledger(entries, applied, Optional.empty());
            }
            List<Site> sites = new ArrayList<>();
            for (int left = in.readInt(); left > 0; left--) {
                sites.add(new Site(in.readLong(), readBytes(in), readBytes(in)));
            }
            Pending pending = new Pending(sites, readEntries(in), readTexts(in), in.readLong(), in.readLong());
            requireKnown(pending.entries(), pending.applied());
            return new Ledger(entries, applied, Optional.of(pending));
        }
    }

    // It is in the memory of a process that may write there what it likes.
    private static void requireKnown(List<Entry> entries, List<String> applied) throws IOException {
        Set<String> names = new HashSet<>();
        for (Entry entry : entries) {
            if (!PayloadSections.isName(entry.name()) || !names.add(entry.name())) {
                throw new IOException("a payload without a name of its own");
            }
        }
        if (!names.containsAll(applied) || new HashSet<>(applied).size() < applied.size()) {
            throw new IOException("what is applied is not in its list");
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
                    readTexts(in),
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
