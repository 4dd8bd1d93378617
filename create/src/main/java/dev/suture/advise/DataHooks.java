package dev.suture.advise;

import com.github.difflib.DiffUtils;
import com.github.difflib.UnifiedDiffUtils;
import dev.suture.advise.DataChanges.Change;
import dev.suture.advise.OutlineC.Item;
import dev.suture.advise.OutlineC.Kind;
import dev.suture.build.SourceText;
import dev.suture.diff.Piece;
import dev.suture.diff.SectionRole;
import dev.suture.dwarf.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Writes hooks that change what a variable of the running hypervisor holds, as a patch to go behind the author's.
 *
 * <p>That patch takes the new first value back, which the running variable cannot get from the source, and adds a load
 * hook that sets it and an unload hook that puts the old value back. Both run in the stop, on one CPU with interrupts off,
 * while Xen has made its code and constants writable, so constants can be set, too.
 *
 * @see "Xen xen/common/livepatch.c, apply_payload() and revert_payload(); xen/include/xen/livepatch_payload.h"
 */
final class DataHooks {
    private static final int CONTEXT_LINES = 3;

    /**
     * What came of it.
     *
     * @param text what to know before using it
     * @param code the hooks
     * @param diff the patch; empty if one cannot be written
     */
    record Hooks(String text, String code, String diff) {}

    private final PatchSources sources;

    DataHooks(PatchSources sources) {
        this.sources = sources;
    }

    /**
     * {@return the hooks, if the variable has a name there and its values can be written}
     *
     * @param path the source that defines it, relative to the root of the tree
     * @param piece the variable in the patched object
     * @param changes what of it changes
     */
    Optional<Hooks> write(String path, Variable variable, Piece piece, List<Change> changes) {
        Optional<SourceText> text = sources.patchedText(path);
        Optional<Item> now = data(sources.patched(path), variable.name());
        Optional<Item> before = data(sources.original(path), variable.name());
        boolean writable = !changes.isEmpty()
                && changes.stream()
                        .noneMatch(change ->
                                change.before().isEmpty() || change.after().isEmpty());
        if (text.isEmpty() || now.isEmpty() || before.isEmpty() || !writable) {
            return Optional.empty();
        }
        String code = code(variable, piece.role() == SectionRole.READ_ONLY, changes);
        List<String> originalLines = sources.originalText(path).orElseThrow().lines();
        List<String> edited =
                new ArrayList<>(text.get().lines().subList(0, now.get().firstLine() - 1));
        edited.addAll(
                originalLines.subList(before.get().firstLine() - 1, before.get().lastLine()));
        edited.addAll(text.get()
                .lines()
                .subList(now.get().lastLine(), text.get().lines().size()));
        edited.add("");
        edited.addAll(code.lines().toList());
        return Optional.of(new Hooks(
                explain(variable, piece, changes), code, diff(path, text.get().lines(), edited)));
    }

    private static Optional<Item> data(OutlineC outline, String name) {
        return outline.find(Kind.DATA, name).or(() -> outline.find(Kind.MACRO_CALL, name));
    }

    private static String explain(Variable variable, Piece piece, List<Change> changes) {
        StringBuilder text = new StringBuilder();
        for (Change change : changes) {
            text.append("`%s` (%s) goes from %s to %s. "
                    .formatted(change.path(), change.type(), change.before(), change.after()));
        }
        text.append(
                "Only what still has its first value is changed: what the command line or a toolstack has set stays."
                        + " The unload hook puts the old value back on revert.");
        if (piece.role() == SectionRole.READ_ONLY) {
            text.append(" `%s` is const: code that was compiled with its value in it keeps that."
                    .formatted(variable.name()));
        }
        return text.toString();
    }

    private static String code(Variable variable, boolean isConst, List<Change> changes) {
        String name = variable.name();
        StringBuilder load = new StringBuilder();
        StringBuilder unload = new StringBuilder();
        boolean pointers = changes.stream().anyMatch(change -> isPointer(change.type()));
        for (Change change : changes) {
            load.append(set(change.path(), change.type(), change.before(), change.after(), isConst));
            unload.append(set(change.path(), change.type(), change.after(), change.before(), isConst));
        }
        String saved = pointers
                ? "/* The values of pointers are compared by address: this file must still have what they point to. */\n"
                : "";
        return """
                #include <xen/livepatch_payload.h>

                %s/* Gives the running %s what the patch would have made its first contents. */
                static void cf_check suture_load_%s(void)
                {
                %s}
                LIVEPATCH_LOAD_HOOK(suture_load_%s);

                static void cf_check suture_unload_%s(void)
                {
                %s}
                LIVEPATCH_UNLOAD_HOOK(suture_unload_%s);
                """.formatted(saved, name, name, load, name, name, unload, name);
    }

    private static boolean isPointer(String type) {
        return type.endsWith("*") || type.contains("(*)");
    }

    private static String set(String path, String type, String from, String to, boolean isConst) {
        String target = isConst ? "*(typeof(%s) *)(unsigned long)&%s".formatted(plain(type, path), path) : path;
        // Two equal strings have two addresses: only numbers and names can be compared.
        boolean comparable = !from.startsWith("\"") && !from.startsWith("(void");
        return comparable
                ? "    if ( %s == %s )\n        %s = %s;\n".formatted(path, from, target, to)
                : "    %s = %s;\n".formatted(target, to);
    }

    /** {@return something that has the type without its const} */
    private static String plain(String type, String path) {
        boolean simple = type.replace("const ", "").matches("[\\w ]+\\**");
        return simple ? type.replace("const ", "") : path;
    }

    private static String diff(String path, List<String> before, List<String> after) {
        return String.join(
                        "\n",
                        UnifiedDiffUtils.generateUnifiedDiff(
                                "a/" + path, "b/" + path, before, DiffUtils.diff(before, after), CONTEXT_LINES))
                + "\n";
    }
}
