package dev.suture.certify;

import dev.suture.LivePatchException;
import dev.suture.payload.Payload;
import java.nio.file.Path;
import java.util.Optional;

/** Reads a payload that is to be certified, and turns away what nothing can be proved of. */
final class ReadPayload {
    private ReadPayload() {}

    /**
     * {@return a payload that goes onto a hypervisor as it booted}
     *
     * @throws LivePatchException if it is none, is for a process, or is stacked on another payload
     */
    static Payload read(Path file) {
        Payload payload = Payload.read(file);
        if (payload.changedFile().isPresent()) {
            throw new LivePatchException(
                    "%s: is for a process (build id %s), and only payloads for a hypervisor can be certified yet"
                            .formatted(file, payload.changedFile().get()));
        }
        Optional<String> below = payload.depends();
        if (payload.xenDepends().isPresent() && below.isPresent() && !below.equals(payload.xenDepends())) {
            throw new LivePatchException(
                    ("%s: is stacked on the payload with the build id %s, and only a payload that goes onto a hypervisor"
                                    + " as it booted can be certified yet. Certify one payload of all patches: suture build"
                                    + " xen takes several with --patch.")
                            .formatted(file, below.get()));
        }
        return payload;
    }
}
