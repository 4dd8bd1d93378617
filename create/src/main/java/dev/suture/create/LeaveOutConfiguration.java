package dev.suture.create;

import dev.suture.diff.Comparison;
import dev.suture.diff.Comparison.Status;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.SectionRole;
import dev.suture.elf.LittleEndian;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;

/**
 * Sets aside the object in which a hypervisor keeps its own configuration to tell it to whoever asks: one read-only variable
 * that is a compressed {@code .config}, and one that is its size. A patch that adds an option changes both. What runs was
 * built with the old configuration and goes on to tell that; all code that depends on an option is compared like any other.
 *
 * <p>The object is known by what is in it, before and after: nothing but these two, no code, and nothing that refers to
 * anything.
 *
 * @see "xen/common/config_data.S; xen/common/kernel.c and xen/common/hypfs.c, which copy it out"
 */
final class LeaveOutConfiguration {
    /** No configuration is longer; what unpacks to more is something else. */
    private static final int LONGEST = 1 << 22;

    private static final Pattern LINE = Pattern.compile("|#.*|CONFIG_[A-Za-z0-9_]+=.*");

    private final List<Comparison> others = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();

    private LeaveOutConfiguration() {}

    static LeaveOutConfiguration of(List<Comparison> all) {
        LeaveOutConfiguration leave = new LeaveOutConfiguration();
        for (Comparison comparison : all) {
            Optional<String> before = configuration(comparison.original());
            Optional<String> after = configuration(comparison.patched());
            boolean same =
                    comparison.patched().pieces().stream().allMatch(piece -> comparison.status(piece) == Status.SAME);
            if (before.isPresent() && after.isPresent() && !same) {
                leave.warnings.add(
                        "%s: the hypervisor that runs goes on to tell the configuration it was built with (%s differs)"
                                .formatted(comparison.name(), String.join(", ", different(before.get(), after.get()))));
            } else {
                leave.others.add(comparison);
            }
        }
        return leave;
    }

    /** {@return all other objects} */
    List<Comparison> others() {
        return others;
    }

    List<String> warnings() {
        return warnings;
    }

    /** {@return the configuration that an object holds, if it holds nothing else} */
    private static Optional<String> configuration(ObjectPieces object) {
        List<Piece> pieces =
                object.pieces().stream().filter(piece -> piece.sizeBytes() > 0).toList();
        boolean plain = pieces.size() == 2
                && pieces.stream()
                        .allMatch(piece -> piece.kind() == Piece.Kind.DATA
                                && piece.role() == SectionRole.READ_ONLY
                                && !piece.section().isNobits()
                                && object.references(piece).isEmpty());
        if (!plain) {
            return Optional.empty();
        }
        Piece blob = pieces.get(0).sizeBytes() > pieces.get(1).sizeBytes() ? pieces.get(0) : pieces.get(1);
        Piece size = blob == pieces.get(0) ? pieces.get(1) : pieces.get(0);
        boolean isItsSize = size.sizeBytes() == 4 && LittleEndian.u32(object.contents(size), 0) == blob.sizeBytes();
        return isItsSize ? text(object.contents(blob).toArray(ValueLayout.JAVA_BYTE)) : Optional.empty();
    }

    private static Optional<String> text(byte[] compressed) {
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(compressed))) {
            byte[] bytes = in.readNBytes(LONGEST);
            String text = new String(bytes, StandardCharsets.ISO_8859_1);
            boolean is = bytes.length < LONGEST
                    && text.lines().anyMatch(line -> line.startsWith("CONFIG_"))
                    && text.lines().allMatch(line -> LINE.matcher(line).matches());
            return is ? Optional.of(text) : Optional.empty();
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    private static List<String> different(String before, String after) {
        TreeSet<String> lines = new TreeSet<>(after.lines().toList());
        before.lines().forEach(line -> {
            if (!lines.remove(line)) {
                lines.add(line);
            }
        });
        return lines.stream()
                .map(line -> line.replaceAll("^# | is not set$|=.*", ""))
                .filter(line -> line.startsWith("CONFIG_"))
                .distinct()
                .limit(5)
                .toList();
    }
}
