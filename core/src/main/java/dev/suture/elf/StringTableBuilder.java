package dev.suture.elf;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * The contents of a string table in which equal strings are stored once and a string that another one ends with is not
 * stored at all: {@code .text} is the tail of {@code .rela.text}. The same set of strings gives the same bytes, in
 * whatever order they were added.
 */
final class StringTableBuilder {
    /** Keyed by the string read backwards, so that the strings that share a tail are neighbours. */
    private final TreeMap<String, String> byTail = new TreeMap<>();

    private final Map<String, Integer> offsets = new HashMap<>();

    /** Adds a string. The empty one is always there, at offset 0. */
    void add(String string) {
        if (string.isEmpty()) {
            return;
        }
        checkCharacters(string);
        byTail.put(new StringBuilder(string).reverse().toString(), string);
    }

    /** {@return the contents of the table} From here on {@link #offset} may be asked. */
    byte[] toBytes() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write(0);
        offsets.put("", 0);
        String stored = "";
        int storedAt = 0;
        // Longest first among those that share a tail, so that what can share follows at once what it shares with.
        for (String string : byTail.descendingMap().values()) {
            if (!stored.endsWith(string)) {
                stored = string;
                storedAt = bytes.size();
                bytes.writeBytes(string.getBytes(StandardCharsets.ISO_8859_1));
                bytes.write(0);
            }
            offsets.put(string, storedAt + stored.length() - string.length());
        }
        return bytes.toByteArray();
    }

    /** {@return where an added string begins, in bytes} */
    int offset(String string) {
        Integer offset = offsets.get(string);
        if (offset == null) {
            throw new IllegalStateException("'%s' was not added to the string table".formatted(string));
        }
        return offset;
    }

    private static void checkCharacters(String string) {
        for (int index = 0; index < string.length(); index++) {
            if (string.charAt(index) == 0 || string.charAt(index) > 0xff) {
                throw new IllegalStateException(
                        "the name '%s' has the character U+%04X, which is not one byte of a name"
                                .formatted(string, (int) string.charAt(index)));
            }
        }
    }
}
