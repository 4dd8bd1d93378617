package dev.suture.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

    /**
     * {@return memory that can be read and has no gap, from an address up to another, around an address; empty if that
     * cannot be read} The kernel splits and joins what it lists for many reasons that change nothing for who reads.
     */
    Optional<Ledger.Span> around(long address) {
        return runs().stream().filter(run -> run.holds(address)).findFirst();
    }

    /** {@return all memory that can be read, neighbours joined, in the order of addresses} */
    List<Ledger.Span> runs() {
        List<Ledger.Span> runs = new ArrayList<>();
        for (Mapping mapping : all) {
            // What the kernel lists last is its own, above all addresses of programs.
            if (!mapping.isReadable() || mapping.start() < 0) {
                continue;
            }
            if (!runs.isEmpty() && runs.getLast().end() == mapping.start()) {
                runs.add(new Ledger.Span(runs.removeLast().start(), mapping.end()));
            } else {
                runs.add(new Ledger.Span(mapping.start(), mapping.end()));
            }
        }
        return runs;
    }

    /** {@return the stack that the kernel gave the first thread; empty if that is gone} */
    Optional<Mapping> firstStack() {
        return all.stream().filter(mapping -> mapping.name().equals("[stack]")).findFirst();
    }

    /** {@return the end of the stack that the kernel gave the first thread; 0 if that is gone} */
    long firstStackEnd() {
        return firstStack().map(Mapping::end).orElse(0L);
    }

    /** {@return whether the same code is at the same places in both} */
    boolean hasSameCode(Mappings other) {
        return code().equals(other.code());
    }

    private List<Mapping> code() {
        return all.stream().filter(Mapping::isCode).toList();
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
