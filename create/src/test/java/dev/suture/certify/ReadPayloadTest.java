package dev.suture.certify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.LivePatchException;
import dev.suture.diff.Change;
import dev.suture.link.LinkedPatch;
import dev.suture.payload.Payload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadPayloadTest {
    private static final String ORIGINAL = "int keep(int x) { return x * 333 + 7; }\n";
    private static final String OTHER_BUILD_ID = "00112233445566778899aabbccddeeff00112233";

    @TempDir
    private Path folder;

    private static LinkedPatch patch() {
        return LinkedPatch.of(Change.of(ORIGINAL, ORIGINAL.replace("333", "444")), SmallPatch.REST);
    }

    private Path file(byte[] payload) throws IOException {
        return Files.write(folder.resolve("fix.livepatch"), payload);
    }

    @Test
    void aPayloadForAHypervisorAsItBootedIsRead() throws IOException {
        Payload payload = ReadPayload.read(file(patch().payload()));

        assertThat(payload.depends()).isPresent().isEqualTo(payload.xenDepends());
    }

    @Test
    void aPayloadThatIsStackedOnAnotherCannotBeCertified() throws IOException {
        Path file = file(patch().on(OTHER_BUILD_ID).payload());

        assertThatThrownBy(() -> ReadPayload.read(file))
                .isInstanceOf(LivePatchException.class)
                .hasMessage(file + ": is stacked on the payload with the build id " + OTHER_BUILD_ID
                        + ", and only a payload that goes onto a hypervisor as it booted can be certified yet. Certify one"
                        + " payload of all patches: suture build xen takes several with --patch.");
    }

    @Test
    void aPayloadOfAnotherBaselineIsNotExact() throws IOException {
        Payload payload = ReadPayload.read(file(patch().payload()));
        SmallPatch other = SmallPatch.of(ORIGINAL.replace("333", "555"), ORIGINAL.replace("333", "444"));
        String buildId = other.image().buildId().orElseThrow();

        assertThat(Reasons.of(
                        other.baseline(other.image()),
                        Optional.empty(),
                        new Judgement.Builder().build(),
                        List.of(),
                        payload,
                        buildId,
                        false))
                .containsExactly("The payload is for the hypervisor with the build id "
                        + payload.xenDepends().orElseThrow() + ", and the tree's xen-syms has " + buildId + ".");
    }
}
