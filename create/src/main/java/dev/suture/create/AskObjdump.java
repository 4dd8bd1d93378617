package dev.suture.create;

import dev.suture.build.Objdump;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.explain.Disassembly;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** Disassembly by the machine's {@code objdump}, each object once. Without one, bytes have to do. */
public final class AskObjdump implements Disassembly {
    private final Map<String, Map<String, Map<Long, String>>> byFile = new HashMap<>();
    private final boolean isInstalled;

    /** Looks whether there is an {@code objdump}. */
    public AskObjdump() {
        isInstalled = Objdump.isInstalled();
    }

    @Override
    public Map<Long, String> of(ObjectPieces object, Piece code) {
        String section = code.section().name();
        long ofThatName = object.elf().sections().stream()
                .filter(other -> other.name().equals(section))
                .count();
        Path file = Path.of(object.elf().name());
        if (!isInstalled || ofThatName != 1 || !Files.isRegularFile(file)) {
            return Map.of();
        }
        return byFile.computeIfAbsent(
                        object.elf().name(), name -> Objdump.disassemble(file).orElse(Map.of()))
                .getOrDefault(section, Map.of());
    }
}
