package dev.suture.create;

import dev.suture.build.PatchedFile;
import dev.suture.build.SourceText;
import dev.suture.dwarf.SourceLine;
import dev.suture.types.Declarations;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * Tells from the texts of the patched files which types are new in them. The line that debug information has for a struct
 * may be one that the patch leaves alone, as the first line of {@code typedef struct { ... } client_t}: then a name that
 * the file did not have at all is a new one.
 */
final class PatchedDeclarations implements Declarations {
    private final List<PatchedFile> files;
    private final PatchedLines lines;

    PatchedDeclarations(List<PatchedFile> files) {
        this.files = List.copyOf(files);
        this.lines = new PatchedLines(files);
    }

    @Override
    public boolean isAdded(String type, SourceLine declared) {
        return !lines.added(declared.file(), declared.line()).isEmpty()
                || lines.isPatched(declared.file()) && !isMentioned(type, PatchedFile::original);
    }

    @Override
    public boolean isRemoved(String type, SourceLine declared) {
        return lines.removed(declared.file(), declared.line()).isPresent()
                || lines.isPatched(declared.file()) && !isMentioned(type, PatchedFile::patched);
    }

    /** {@return whether the name stands anywhere in the patched files, in one of their states} */
    private boolean isMentioned(String type, Function<PatchedFile, Optional<SourceText>> state) {
        String name = type.substring(Math.max(type.lastIndexOf(' '), type.lastIndexOf(':')) + 1);
        Pattern word = Pattern.compile("\\b" + Pattern.quote(name) + "\\b");
        return files.stream()
                .flatMap(file -> state.apply(file).stream())
                .flatMap(text -> text.lines().stream())
                .anyMatch(line -> word.matcher(line).find());
    }
}
