package dev.suture.link;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.SectionRole;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.PieceId;
import dev.suture.elf.Elf;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Gives each chosen piece its place in an output section.
 *
 * <p>Few sections: Xen takes at most 1,023, and one of each kind is all that its checks need. Code goes to {@code .text},
 * except replacements of alternatives, which Xen wants in a section of their own; tables keep their names; read-only
 * data goes to {@code .rodata}, variables to {@code .data} or {@code .bss}. Equal strings are kept once.
 */
final class PlacePieces {
    /** Where a piece is: its section's name and its offset there, in bytes. */
    record Place(String section, long offset) {}

    /** A section that is being filled. */
    static final class Output {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        final int type;
        final long flags;
        final long entryBytes;
        long alignment = 1;
        long sizeBytes;

        private Output(int type, long flags, long entryBytes) {
            this.type = type;
            this.flags = flags;
            this.entryBytes = entryBytes;
        }
    }

    /** In bytes; compilers align functions so that their beginning is fetched at once. */
    private static final long LEAST_OF_FUNCTION = 16;

    static final String REPLACEMENTS = ".altinstr_replacement";
    /** Between functions: int3. */
    private static final int TRAP = 0xcc;

    private static final String EXCEPTION_TABLES = ".gcc_except_table";

    private final Map<String, Output> outputs = new LinkedHashMap<>();
    private final Map<PieceId, Place> places = new LinkedHashMap<>();
    private final Map<String, Place> knownStrings = new HashMap<>();

    private PlacePieces() {}

    /** Places all pieces of a selection in the order of objects and pieces. */
    static PlacePieces place(Selection selection) {
        PlacePieces place = new PlacePieces();
        for (Chosen chosen : selection.chosen()) {
            place.add(chosen, selection.objects().get(chosen.id().object()).patched());
        }
        place.addReplacementsIfMissing();
        return place;
    }

    /** Xen refuses alternatives without a section of replacements, even if all replacements have no bytes. */
    private void addReplacementsIfMissing() {
        if (outputs.containsKey(".altinstructions") && !outputs.containsKey(REPLACEMENTS)) {
            Output output = new Output(Elf.SHT_PROGBITS, Elf.SHF_ALLOC | Elf.SHF_EXECINSTR, 0);
            output.bytes.write(TRAP);
            output.sizeBytes = 1;
            outputs.put(REPLACEMENTS, output);
        }
    }

    Map<String, Output> outputs() {
        return outputs;
    }

    Place of(PieceId id) {
        Place place = places.get(id);
        if (place == null) {
            throw new IllegalStateException("piece %s is referred to but was not chosen".formatted(id));
        }
        return place;
    }

    private void add(Chosen chosen, ObjectPieces object) {
        Piece piece = chosen.piece();
        byte[] contents = object.contents(piece).toArray(ValueLayout.JAVA_BYTE);
        if (piece.kind() == Piece.Kind.STRING && object.references(piece).isEmpty()) {
            String key = piece.section().entrySizeBytes() + Arrays.toString(contents);
            Place known = knownStrings.get(key);
            if (known != null) {
                places.put(chosen.id(), known);
                return;
            }
            Place added = append(piece, contents);
            knownStrings.put(key, added);
            places.put(chosen.id(), added);
            return;
        }
        places.put(chosen.id(), append(piece, contents));
    }

    private Place append(Piece piece, byte[] contents) {
        String name = sectionName(piece);
        Output output = outputs.computeIfAbsent(name, key -> outputFor(piece, key));
        long alignment = alignment(piece);
        output.alignment = Math.max(output.alignment, Math.max(alignment, alignmentOfTable(piece)));
        long beyond = Math.floorMod(place(piece) - output.sizeBytes, alignment);
        long offset = output.sizeBytes + beyond;
        if (output.type != Elf.SHT_NOBITS) {
            int fill = piece.isCode() ? TRAP : 0;
            for (long at = output.sizeBytes; at < offset; at++) {
                output.bytes.write(fill);
            }
            output.bytes.writeBytes(piece.section().isNobits() ? new byte[(int) piece.sizeBytes()] : contents);
        }
        output.sizeBytes = offset + piece.sizeBytes();
        return new Place(name, offset);
    }

    private static String sectionName(Piece piece) {
        return switch (piece.kind()) {
            case SPECIAL_ENTRY ->
                isExceptionTable(piece) ? EXCEPTION_TABLES : piece.section().name();
            case FRAGMENT -> piece.section().name().equals(REPLACEMENTS) ? REPLACEMENTS : ".text";
            case FUNCTION, ASSEMBLY -> ".text";
            case STRING -> piece.section().entrySizeBytes() > 1 ? ".rodata" : ".rodata.str";
            case CONSTANT -> ".rodata";
            case DATA, NAMELESS_DATA -> dataSection(piece);
        };
    }

    private static String dataSection(Piece piece) {
        if (piece.role() == SectionRole.HOOKS) {
            return piece.section().name();
        }
        boolean writable =
                piece.role() != SectionRole.READ_ONLY && piece.section().has(Elf.SHF_WRITE);
        if (!writable) {
            return ".rodata";
        }
        return piece.section().isNobits() ? ".bss" : ".data";
    }

    private static Output outputFor(Piece piece, String name) {
        return switch (name) {
            case ".text", REPLACEMENTS -> new Output(Elf.SHT_PROGBITS, Elf.SHF_ALLOC | Elf.SHF_EXECINSTR, 0);
            case ".bss" -> new Output(Elf.SHT_NOBITS, Elf.SHF_ALLOC | Elf.SHF_WRITE, 0);
            case ".data" -> new Output(Elf.SHT_PROGBITS, Elf.SHF_ALLOC | Elf.SHF_WRITE, 0);
            default ->
                new Output(
                        Elf.SHT_PROGBITS,
                        Elf.SHF_ALLOC,
                        piece.kind() == Piece.Kind.SPECIAL_ENTRY && !isExceptionTable(piece) ? piece.sizeBytes() : 0);
        };
    }

    /** With a section for each function, each has a section of exception tables as well. */
    private static boolean isExceptionTable(Piece piece) {
        return SectionRole.isExceptionTable(piece.section());
    }

    /** Entries of a table follow each other without a gap, wherever they were in their own. */
    private static long alignmentOfTable(Piece piece) {
        return piece.kind() == Piece.Kind.SPECIAL_ENTRY
                ? Math.max(1, piece.section().alignment())
                : 1;
    }

    /**
     * {@return a power of two, in bytes: the piece has to be as far from a multiple of it as {@link #place} says}
     *
     * <p>A variable needs no more than its offset promised. Code in a section of its own alignment may also rely on not
     * being at a multiple: thunks are put into the upper half of a cache line on purpose.
     */
    private static long alignment(Piece piece) {
        if (piece.kind() == Piece.Kind.SPECIAL_ENTRY) {
            return isExceptionTable(piece) ? Math.max(4, piece.section().alignment()) : 1;
        }
        if (piece.kind() == Piece.Kind.STRING) {
            return Math.max(1, piece.section().entrySizeBytes());
        }
        long ofSection = Math.max(1, piece.section().alignment());
        long least = piece.kind() == Piece.Kind.FUNCTION ? LEAST_OF_FUNCTION : 1;
        if (piece.isCode()) {
            return Math.max(least, ofSection);
        }
        long ofOffset = piece.sectionOffset() == 0 ? ofSection : Long.lowestOneBit(piece.sectionOffset());
        return Math.min(ofSection, ofOffset);
    }

    /** {@return how far behind a multiple of its alignment a piece is, in bytes} */
    private static long place(Piece piece) {
        long alignment = alignment(piece);
        return piece.isCode() && piece.section().alignment() == alignment ? piece.sectionOffset() % alignment : 0;
    }
}
