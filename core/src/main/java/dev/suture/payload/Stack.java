package dev.suture.payload;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a payload and those below it have made of the source, for the payload that goes on top of it.
 *
 * <p>The next patch is written against the source with all patches of the stack, and compilers name things there as
 * they like: what is {@code version.c#calls.1} by then may be {@code version.c#calls.0} in the target, or {@code
 * first#version.c#calls.0}, which the payload {@code first} brought, or nowhere in the target at all. A payload carries
 * this in a section of its own that no target loads, as texts with a final NUL each: {@code patch DIGEST SUBJECT},
 * {@code name NAME SYMBOL} or {@code left NAME REASON}, over and over.
 *
 * @param patches what the source has been changed by since the target was built, in order
 * @param names by which symbol the target knows what that source gives a name, wherever that is not the same; an empty
 *     symbol if the target has no such thing
 * @param left functions of that source, by name, that run as they were before although it compiles to other code for them,
 *     each with the reason
 */
public record Stack(List<Patch> patches, Map<String, String> names, Map<String, String> left) {
    /** Nothing is applied yet. */
    public static final Stack EMPTY = new Stack(List.of(), Map.of(), Map.of());

    private static final String PATCH = "patch";
    private static final String NAME = "name";
    private static final String LEFT = "left";

    /**
     * A source patch.
     *
     * @param digest of what it changes, in hexadecimal digits
     * @param subject what its author calls it
     */
    public record Patch(String digest, String subject) {}

    public Stack {
        patches = List.copyOf(patches);
        names = Map.copyOf(names);
        left = Map.copyOf(left);
    }

    /** {@return the symbol of the target for a name of the source; empty if the target has no such thing} */
    public Optional<String> symbol(String name) {
        return Optional.of(names.getOrDefault(name, name)).filter(symbol -> !symbol.isEmpty());
    }

    /** {@return the contents of the section} */
    public byte[] toBytes() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        patches.forEach(patch -> put(bytes, PATCH, patch.digest(), patch.subject()));
        new TreeMap<>(names).forEach((name, symbol) -> put(bytes, NAME, name, symbol));
        new TreeMap<>(left).forEach((name, reason) -> put(bytes, LEFT, name, reason));
        return bytes.toByteArray();
    }

    private static void put(ByteArrayOutputStream bytes, String... texts) {
        for (String text : texts) {
            bytes.writeBytes((text.replace('\0', ' ') + "\0").getBytes(StandardCharsets.UTF_8));
        }
    }

    /**
     * {@return what the contents of the section say; empty if they make no sense}
     *
     * @param contents of the section, unchecked
     */
    public static Optional<Stack> of(byte[] contents) {
        List<Patch> patches = new ArrayList<>();
        Map<String, String> names = new TreeMap<>();
        Map<String, String> left = new TreeMap<>();
        // A limit of -1 keeps empty texts, and leaves one empty text behind the last NUL.
        List<String> texts = List.of(new String(contents, StandardCharsets.UTF_8).split("\0", -1));
        if (texts.size() % 3 != 1 || !texts.getLast().isEmpty()) {
            return Optional.empty();
        }
        Iterator<String> next = texts.iterator();
        for (int row = 0; row < texts.size() / 3; row++) {
            String kind = next.next();
            if (kind.equals(PATCH)) {
                patches.add(new Patch(next.next(), next.next()));
            } else if (kind.equals(NAME)) {
                names.put(next.next(), next.next());
            } else if (kind.equals(LEFT)) {
                left.put(next.next(), next.next());
            } else {
                return Optional.empty();
            }
        }
        return Optional.of(new Stack(patches, names, left));
    }
}
