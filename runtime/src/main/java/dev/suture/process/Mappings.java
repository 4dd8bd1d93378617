package dev.suture.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a process has in its memory, as of one moment.
 *
 * @param all in the order of addresses
 */
record Mappings(List<Mapping> all) {
    Mappings {
        all = List.copyOf(all);
    }

    /** @throws ProcessException if the process is gone or may not be looked at */
    static Mappings read(int pid) {
        try {
            String text = Files.readString(Path.of("/proc/" + pid + "/maps"), StandardCharsets.ISO_8859_1);
            List<Mapping> all = text.lines().map(Mapping::parse).toList();
            if (all.isEmpty()) {
                throw new ProcessException(pid, "it has no memory: it is a kernel thread or has ended");
            }
            return new Mappings(all);
        } catch (IOException e) {
            throw Permissions.explain(pid, "reading its mappings");
        }
    }

    Optional<Mapping> at(long address) {
        int low = 0;
        int high = all.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            Mapping mapping = all.get(middle);
            if (mapping.contains(address)) {
                return Optional.of(mapping);
            }
            if (Long.compareUnsigned(address, mapping.start()) < 0) {
                high = middle - 1;
            } else {
                low = middle + 1;
            }
        }
        return Optional.empty();
    }
}
