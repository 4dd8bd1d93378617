package dev.suture.linked;

import dev.suture.elf.Elf;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.linked.PayloadFile.Replacement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Judges functions that the linker gave one place: what replaces one of them replaces all. */
final class SharedCode {
    private final Image image;
    private final Side patched;
    private final PayloadFile payload;
    private final ProvePayload prove;
    private final List<Finding> missing = new ArrayList<>();

    SharedCode(Image image, Side patched, PayloadFile payload, ProvePayload prove) {
        this.image = image;
        this.patched = patched;
        this.payload = payload;
        this.prove = prove;
    }

    /** {@return those for which the payload has something else} */
    List<Finding> judge() {
        Map<Long, Set<String>> names = new HashMap<>();
        String file = "";
        for (Symbol symbol : image.symbolsFrom().symbols()) {
            if (symbol.type() == Elf.STT_FILE) {
                file = symbol.name();
            } else if (symbol.isInSection() && (symbol.isFunction() || symbol.type() == Elf.STT_GNU_IFUNC)) {
                String plain = LinkedFile.plain(symbol.name());
                names.computeIfAbsent(symbol.value(), _ -> new LinkedHashSet<>())
                        .add(symbol.isLocal() ? Image.targetNameOfLocal(file, plain) : plain);
            }
        }
        for (Replacement replacement : payload.replacements()) {
            image.find(replacement.name())
                    .ifPresent(symbol -> names.getOrDefault(symbol.address(), Set.of()).stream()
                            .filter(name -> !name.equals(replacement.name()))
                            .forEach(name -> judgeSharing(name, replacement)));
        }
        return missing;
    }

    private void judgeSharing(String name, Replacement replacement) {
        List<Part> parts = patched.linked(name);
        boolean gone = patched.file().global(name).isEmpty() && name.indexOf('#') < 0;
        if (parts.isEmpty() && !gone && !shareWithPatch(name, replacement)) {
            missing.add(new Finding(
                    "",
                    name,
                    "it shares its code with `%s`, which the payload replaces".formatted(replacement.name())));
        }
        for (Part part : parts) {
            replacement
                    .at()
                    .flatMap(at -> prove.difference(part, at))
                    .ifPresent(why -> missing.add(new Finding(
                            part.object().name(),
                            part.name(),
                            "it shares its code with `%s`, and what the payload puts there is something else: %s"
                                    .formatted(replacement.name(), why))));
        }
    }

    /** What the linker itself defines, as by {@code --defsym}, leads to the same function with the patch. */
    private boolean shareWithPatch(String name, Replacement replacement) {
        return patched.file()
                .global(name)
                .filter(symbol -> patched.linked(replacement.name()).stream()
                        .anyMatch(part -> patched.addresses(part).contains(symbol.value())))
                .isPresent();
    }
}
