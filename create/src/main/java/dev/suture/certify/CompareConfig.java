package dev.suture.certify;

import dev.suture.LivePatchException;
import dev.suture.PlainFile;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.GZIPInputStream;

/**
 * Compares the configuration that a hypervisor holds with that of a tree.
 *
 * @see "Xen xen/common/Makefile, config.gz; CONFIG_HYPFS_CONFIG"
 */
final class CompareConfig {
    private static final int SHOWN = 5;
    private static final int MOST_BYTES = 1024 * 1024;

    private CompareConfig() {}

    /** {@return settings that differ, the first few; empty if none do or the hypervisor does not hold its configuration} */
    static List<String> differences(ElfFile image, Path config) {
        Optional<String> held = held(image);
        if (held.isEmpty() || !Files.isReadable(config)) {
            return List.of();
        }
        Set<String> program = settings(held.get());
        Set<String> tree = settings(read(config));
        List<String> differences = new ArrayList<>();
        program.stream()
                .filter(setting -> !tree.contains(setting))
                .map(setting -> setting + " (program)")
                .forEach(differences::add);
        tree.stream()
                .filter(setting -> !program.contains(setting))
                .map(setting -> setting + " (tree)")
                .forEach(differences::add);
        return differences.subList(0, Math.min(SHOWN, differences.size()));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new LivePatchException(file + ": cannot be read: " + PlainFile.why(e), e);
        }
    }

    private static Optional<String> held(ElfFile image) {
        RunningBytes bytes = new RunningBytes(image);
        ImageSymbols symbols = new ImageSymbols(image);
        if (symbols.global("xen_config_data").isEmpty()
                || symbols.global("xen_config_data_size").isEmpty()) {
            return Optional.empty();
        }
        return bytes.at(symbols.global("xen_config_data_size").getAsLong(), 4)
                .map(size -> LittleEndian.u32(size, 0))
                .filter(size -> size <= MOST_BYTES)
                .flatMap(size -> bytes.at(symbols.global("xen_config_data").getAsLong(), size))
                .map(data -> inflate(data.toArray(ValueLayout.JAVA_BYTE)));
    }

    private static String inflate(byte[] bytes) {
        try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
            return new String(in.readNBytes(MOST_BYTES), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            // Not the compressed text that every release has had there: it tells nothing.
            return "";
        }
    }

    private static Set<String> settings(String text) {
        Set<String> settings = new TreeSet<>();
        text.lines().filter(line -> line.startsWith("CONFIG_")).forEach(settings::add);
        return settings;
    }
}
