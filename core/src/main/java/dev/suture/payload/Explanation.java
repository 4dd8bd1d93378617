package dev.suture.payload;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * Why each thing is in a payload. It travels in a section of its own that no target loads, as texts with a final NUL
 * each: {@code function NAME OBJECT REASON}, {@code added NAME OBJECT KIND SIZE SECTION REASON} or {@code left-out NAME
 * OBJECT REASON}, over and over.
 *
 * @param functions what is replaced
 * @param added what else is in it
 * @param leftOut what the patch changes and is not in it
 */
public record Explanation(List<Function> functions, List<Added> added, List<LeftOut> leftOut) {
    private static final String FUNCTION = "function";
    private static final String ADDED = "added";
    private static final String LEFT_OUT = "left-out";

    /**
     * A function that is replaced.
     *
     * @param name the name by which the target knows it
     * @param object the object file that the replacement is from
     * @param reason why it is replaced
     */
    public record Function(String name, String object, String reason) {}

    /**
     * Something that comes along.
     *
     * @param name its own, or its section and offset
     * @param object the object file it is from
     * @param kind such as {@code FUNCTION} or {@code STRING}
     * @param sizeBytes in bytes
     * @param section where it is in the payload
     * @param reason why it comes along
     */
    public record Added(String name, String object, String kind, long sizeBytes, String section, String reason) {}

    /**
     * Something that differs in the patched build and is not in the payload.
     *
     * @param name the name that the patched object has for it
     * @param object the object file
     * @param reason why that is safe
     */
    public record LeftOut(String name, String object, String reason) {}

    public Explanation {
        functions = List.copyOf(functions);
        added = List.copyOf(added);
        leftOut = List.copyOf(leftOut);
    }

    /** {@return the contents of the section} */
    public byte[] toBytes() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (Function function : functions) {
            put(bytes, FUNCTION, function.name(), function.object(), function.reason());
        }
        for (Added piece : added) {
            put(
                    bytes,
                    ADDED,
                    piece.name(),
                    piece.object(),
                    piece.kind(),
                    Long.toString(piece.sizeBytes()),
                    piece.section(),
                    piece.reason());
        }
        for (LeftOut left : leftOut) {
            put(bytes, LEFT_OUT, left.name(), left.object(), left.reason());
        }
        return bytes.toByteArray();
    }

    private static void put(ByteArrayOutputStream bytes, String... texts) {
        for (String text : texts) {
            bytes.writeBytes((text.replace('\0', ' ') + "\0").getBytes(StandardCharsets.UTF_8));
        }
    }

    /**
     * {@return what the contents of the section say; from where they make no sense on, nothing}
     *
     * @param contents of the section, unchecked
     */
    public static Explanation of(byte[] contents) {
        List<Function> functions = new ArrayList<>();
        List<Added> added = new ArrayList<>();
        List<LeftOut> leftOut = new ArrayList<>();
        // A limit of -1 keeps empty texts, and leaves one empty text behind the last NUL.
        List<String> texts = List.of(new String(contents, StandardCharsets.UTF_8).split("\0", -1));
        Iterator<String> next = texts.iterator();
        int left = texts.size() - 1;
        while (left > 0) {
            String row = next.next();
            if (row.equals(FUNCTION) && left >= 4) {
                functions.add(new Function(next.next(), next.next(), next.next()));
                left -= 4;
            } else if (row.equals(LEFT_OUT) && left >= 4) {
                leftOut.add(new LeftOut(next.next(), next.next(), next.next()));
                left -= 4;
            } else if (row.equals(ADDED) && left >= 7) {
                String name = next.next();
                String object = next.next();
                String kind = next.next();
                String size = next.next();
                if (!size.matches("[0-9]{1,18}")) {
                    break;
                }
                added.add(new Added(name, object, kind, Long.parseLong(size), next.next(), next.next()));
                left -= 7;
            } else {
                break;
            }
        }
        return new Explanation(functions, added, leftOut);
    }
}
