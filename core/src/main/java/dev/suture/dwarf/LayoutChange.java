package dev.suture.dwarf;

import java.util.ArrayList;
import java.util.List;

/**
 * One type that the patch changes.
 *
 * @param typeName as source has it, such as {@code struct vcpu}
 * @param kind how serious it is
 * @param originalSizeBytes of one value
 * @param patchedSizeBytes of one value
 * @param members what is different, in the order of the original and then of the patched type
 * @param rootCauses if nothing but the size of types it contains is different: those of them that were edited; empty if
 *     this type was edited itself
 * @param declared where the patched type is
 */
public record LayoutChange(
        String typeName,
        Kind kind,
        long originalSizeBytes,
        long patchedSizeBytes,
        List<MemberChange> members,
        List<String> rootCauses,
        SourceLine declared) {

    /** How serious a change is. */
    public enum Kind {
        /** Values that exist in the running program do not have the shape that patched code expects. */
        LAYOUT,
        /** All bytes are where they were, but may mean something else. */
        MEANING
    }

    /** After so many members of one kind of change the text only counts. */
    private static final int MEMBERS_IN_TEXT = 3;

    public LayoutChange {
        members = List.copyOf(members);
        rootCauses = List.copyOf(rootCauses);
    }

    /** {@return whether the type was edited itself, and does not just contain one that was} */
    public boolean isRootCause() {
        return rootCauses.isEmpty();
    }

    /**
     * {@return one line for a person: {@code struct viridian_domain: 64 -> 72 bytes; added lock at 0x38 (8 bytes)}}
     * Offsets are hexadecimal, sizes decimal.
     */
    public String text() {
        StringBuilder text = new StringBuilder(typeName).append(": ");
        if (originalSizeBytes == patchedSizeBytes) {
            text.append(originalSizeBytes).append(" bytes");
        } else {
            text.append(originalSizeBytes)
                    .append(" -> ")
                    .append(patchedSizeBytes)
                    .append(" bytes");
        }
        if (!isRootCause()) {
            return text.append("; follows from ")
                    .append(String.join(", ", rootCauses))
                    .toString();
        }
        List<MemberChange.Moved> moved = new ArrayList<>();
        int others = 0;
        for (MemberChange member : members) {
            if (member instanceof MemberChange.Moved move) {
                moved.add(move);
            } else if (++others <= 2 * MEMBERS_IN_TEXT) {
                text.append("; ").append(text(member));
            }
        }
        if (others > 2 * MEMBERS_IN_TEXT) {
            text.append("; and ").append(others - 2 * MEMBERS_IN_TEXT).append(" more");
        }
        for (MemberChange.Moved move : moved.subList(0, Math.min(moved.size(), MEMBERS_IN_TEXT))) {
            text.append("; ").append(text(move));
        }
        if (moved.size() > MEMBERS_IN_TEXT) {
            text.append("; moved ").append(moved.size() - MEMBERS_IN_TEXT).append(" more");
        }
        return text.toString();
    }

    private String text(MemberChange change) {
        return switch (change) {
            case MemberChange.Added added ->
                "added %s at 0x%x (%s)".formatted(added.name(), added.patchedOffset(), bytes(added.sizeBytes()));
            case MemberChange.Removed removed ->
                "removed %s at 0x%x (%s)"
                        .formatted(removed.name(), removed.originalOffset(), bytes(removed.sizeBytes()));
            case MemberChange.Moved moved -> text(moved);
            case MemberChange.Resized resized ->
                "%s %d -> %d %s"
                        .formatted(
                                resized.name(),
                                resized.originalSize(),
                                resized.patchedSize(),
                                resized.isBitField() ? "bits" : "bytes");
            case MemberChange.Retyped retyped ->
                "%s was `%s`, is `%s`".formatted(retyped.name(), retyped.originalType(), retyped.patchedType());
            case MemberChange.Renamed renamed -> "%s is called %s".formatted(renamed.name(), renamed.patchedName());
            case MemberChange.ValueChanged changed ->
                "%s = %d -> %d".formatted(changed.name(), changed.originalValue(), changed.patchedValue());
            case MemberChange.EnumeratorRemoved removed ->
                "removed %s (was %d)".formatted(removed.name(), removed.originalValue());
        };
    }

    private String text(MemberChange.Moved moved) {
        boolean hasBits = moved.originalBit() != 0 || moved.patchedBit() != 0;
        return hasBits
                ? "%s at 0x%x bit %d -> 0x%x bit %d"
                        .formatted(
                                moved.name(),
                                moved.originalOffset(),
                                moved.originalBit(),
                                moved.patchedOffset(),
                                moved.patchedBit())
                : "offsetof(%s, %s) 0x%x -> 0x%x"
                        .formatted(typeName, moved.name(), moved.originalOffset(), moved.patchedOffset());
    }

    private static String bytes(long count) {
        return count == 1 ? "1 byte" : count + " bytes";
    }
}
