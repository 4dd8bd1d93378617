package dev.suture.certify;

import dev.suture.LivePatchException;
import dev.suture.payload.Payload;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads a payload that is to be certified and those below it, and turns away what nothing can be proved of. */
final class ReadPayload {
    private ReadPayload() {}

    /**
     * {@return payloads of a stack for a hypervisor, the lowest first; the last one is to be certified}
     *
     * @param file the payload that is to be certified
     * @param below the payloads below it, the lowest first
     * @throws LivePatchException if one is none or is for a process, or if they do not go onto each other in this order
     */
    static List<Payload> read(Path file, List<Path> below) {
        List<Payload> payloads = new ArrayList<>();
        for (Path lower : below) {
            payloads.add(read(lower));
        }
        payloads.add(read(file));
        Payload lowest = payloads.getFirst();
        Optional<String> under = lowest.xenDepends();
        String what = "the hypervisor";
        for (Payload payload : payloads) {
            if (!payload.xenDepends().equals(lowest.xenDepends())) {
                throw new LivePatchException("%s: is for the hypervisor with the build id %s, and %s for that with %s"
                        .formatted(
                                payload.elf().name(),
                                payload.xenDepends().orElse("(none)"),
                                lowest.elf().name(),
                                lowest.xenDepends().orElse("(none)")));
            }
            if (payload.depends().isPresent()
                    && under.isPresent()
                    && !payload.depends().equals(under)) {
                throw notOnTop(payload, what, under.get());
            }
            under = payload.buildId();
            what = payload.elf().name();
        }
        return payloads;
    }

    private static LivePatchException notOnTop(Payload payload, String what, String buildId) {
        return new LivePatchException(
                ("%s: is stacked on what has the build id %s, and not on %s (build id %s). Name all payloads below it with"
                                + " --depends, the lowest first, and the patches that they were made from with --applied.")
                        .formatted(payload.elf().name(), payload.depends().orElseThrow(), what, buildId));
    }

    private static Payload read(Path file) {
        Payload payload = Payload.read(file);
        if (payload.changedFile().isPresent()) {
            throw new LivePatchException(
                    "%s: is for a process (build id %s): give the --source, --build and --binary that it is for, and no --tree"
                            .formatted(file, payload.changedFile().get()));
        }
        return payload;
    }
}
