package dev.suture.create;

import dev.suture.LivePatchException;
import dev.suture.elf.Symbol;
import dev.suture.payload.Payload;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a payload is stacked on.
 *
 * @param buildId in hexadecimal digits
 * @param symbols the names that it brings
 */
record Depends(String buildId, Set<String> symbols) {
    /**
     * {@return what a user's word for it means: a build id, or the file of a payload}
     *
     * @throws LivePatchException if it is neither, or a payload without a build id
     */
    static Depends of(String word) {
        if (word.matches("(?:[0-9a-fA-F]{2}){8,32}") && !Files.exists(Path.of(word))) {
            return new Depends(word.toLowerCase(java.util.Locale.ROOT), Set.of());
        }
        if (!Files.exists(Path.of(word))) {
            throw new LivePatchException(
                    "--depends %s: neither a file nor a build id (16 to 64 hexadecimal digits)".formatted(word));
        }
        Payload payload = Payload.read(Path.of(word));
        String buildId = payload.buildId()
                .orElseThrow(
                        () -> new LivePatchException("%s: the payload has no build id to depend on".formatted(word)));
        Set<String> symbols = payload.elf().symbols().stream()
                .filter(symbol -> symbol.isInSection() && !symbol.name().isEmpty())
                .map(Symbol::name)
                .collect(Collectors.toSet());
        return new Depends(buildId, symbols);
    }
}
