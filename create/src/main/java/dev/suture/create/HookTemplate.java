package dev.suture.create;

import dev.suture.LivePatchException;
import dev.suture.payload.PayloadSections;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.CRC32;

/**
 * A C file to start from that has a hook and the one that takes back what it did, and compiles as it is.
 *
 * <p>It is put together from the parts in {@code payload-code/templates}: one for each pair of hooks and kind of target,
 * into which goes one that defines what the hooks call.
 *
 * @param kind one of {@link PayloadSections#HOOK_KINDS}
 * @param target what it is for
 * @param change what it does
 */
public record HookTemplate(String kind, Target target, Change change) {
    /** What a hook is for. */
    public enum Target {
        XEN,
        PROCESS
    }

    /** What a hook does. */
    public sealed interface Change {}

    /** Nothing yet. */
    public record Nothing() implements Change {}

    /**
     * Changes a global variable of the target.
     *
     * @param name its name
     * @param type its C type
     * @param value a C expression for its new value; empty for one to be filled in
     */
    public record Variable(String name, String type, Optional<String> value) implements Change {}

    /**
     * Gives objects a shadow variable each.
     *
     * @param type the objects' C type
     */
    public record Shadow(String type) implements Change {}

    private static final List<List<String>> PAIRS = List.of(
            List.of("load", "unload"),
            List.of("apply", "revert"),
            List.of("preapply", "postrevert"),
            List.of("postapply", "prerevert"));

    public HookTemplate {
        if (!PayloadSections.HOOK_KINDS.contains(kind)) {
            throw new IllegalArgumentException(kind);
        }
    }

    /** {@return the hook that does something and the one that takes it back} */
    public List<String> hooks() {
        return PAIRS.stream().filter(pair -> pair.contains(kind)).findFirst().orElseThrow();
    }

    /**
     * Writes the file.
     *
     * @throws LivePatchException if there is one already, or it cannot be written
     */
    public void write(Path output) {
        WriteOutput.check(output);
        if (Files.exists(output)) {
            throw new LivePatchException("%s: exists already; choose another name with --output".formatted(output));
        }
        WriteOutput.write(output, text().getBytes(StandardCharsets.UTF_8));
    }

    /** {@return the file} */
    String text() {
        String frame = part("%s-%s".formatted(target.name().toLowerCase(Locale.ROOT), hooks().getFirst()));
        String changes = switch (change) {
            case Nothing nothing -> part("nothing");
            case Variable variable -> text(variable);
            case Shadow shadow -> text(shadow);
        };
        return frame.replace("@CHANGE@\n", changes);
    }

    private static String text(Variable variable) {
        String value =
                variable.value().map(given -> given + ";").orElse("suture_saved; /* Write here what it is to be. */");
        return part("variable")
                .replace("@NAME@", variable.name())
                .replace("@TYPE@", variable.type())
                .replace("@VALUE@;", value);
    }

    private String text(Shadow shadow) {
        CRC32 hash = new CRC32();
        hash.update(shadow.type().getBytes(StandardCharsets.UTF_8));
        String name = shadow.type().replaceAll(".*?(\\w+)\\W*", "$1");
        boolean domains = target == Target.XEN && shadow.type().matches("struct\\s+domain");
        boolean canBeDeclared = shadow.type().matches("(struct|union)\\s+\\w+");
        return part(domains ? "shadow-domains" : "shadow-objects")
                .replace("@FORWARD@\n", canBeDeclared ? shadow.type() + ";\n" : "")
                .replace("@TYPE@", shadow.type())
                .replace("@NAME@", name)
                .replace("@UPPER@", name.toUpperCase(Locale.ROOT))
                .replace("@ID@", "0x%08xUL".formatted(hash.getValue()));
    }

    private static String part(String name) {
        try (InputStream in = HookTemplate.class.getResourceAsStream("/payload-code/templates/" + name + ".c")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
