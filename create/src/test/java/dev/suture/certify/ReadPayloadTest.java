package dev.suture.certify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.LivePatchException;
import dev.suture.Progress;
import dev.suture.build.SourcePatch;
import dev.suture.create.CreateProcessPayload;
import dev.suture.create.CreateReport;
import dev.suture.create.ProcessRequest;
import dev.suture.diff.Change;
import dev.suture.diff.Tools;
import dev.suture.elf.ElfFile;
import dev.suture.link.LinkedPatch;
import dev.suture.payload.Payload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
        Payload payload = ReadPayload.read(file(patch().payload()), List.of()).getFirst();

        assertThat(payload.depends()).isPresent().isEqualTo(payload.xenDepends());
    }

    @Test
    void aPayloadThatIsStackedOnOneThatIsNotNamedIsTurnedAway() throws IOException {
        Path file = file(patch().on(OTHER_BUILD_ID).payload());
        String buildId = Payload.read(file).xenDepends().orElseThrow();

        assertThatThrownBy(() -> ReadPayload.read(file, List.of()))
                .isInstanceOf(LivePatchException.class)
                .hasMessage(file + ": is stacked on what has the build id " + OTHER_BUILD_ID
                        + ", and not on the hypervisor (build id " + buildId
                        + "). Name all payloads below it with --depends, the lowest first, and the patches that they were"
                        + " made from with --applied.");
    }

    @Test
    void theStackIsReadIfEachPayloadGoesOntoTheOneBefore() throws IOException {
        Path lower = Files.write(folder.resolve("lower.livepatch"), patch().payload());
        String buildId = Payload.read(lower).buildId().orElseThrow();
        Path upper = file(patch().on(buildId).payload());

        assertThat(ReadPayload.read(upper, List.of(lower)))
                .extracting(payload -> payload.elf().name())
                .containsExactly(lower.toString(), upper.toString());
        assertThatThrownBy(() -> ReadPayload.read(upper, List.of(lower, lower)))
                .isInstanceOf(LivePatchException.class)
                .hasMessageContaining("and not on " + lower + " (build id " + buildId + ")");
    }

    @Test
    void aPayloadForAnotherHypervisorThanThoseBelowIsTurnedAway() throws IOException {
        String other = ORIGINAL.replace("333", "555");
        Path lower = Files.write(
                folder.resolve("lower.livepatch"),
                LinkedPatch.of(Change.of(other, ORIGINAL), SmallPatch.REST).payload());
        Path upper =
                file(patch().on(Payload.read(lower).buildId().orElseThrow()).payload());

        assertThatThrownBy(() -> ReadPayload.read(upper, List.of(lower)))
                .isInstanceOf(LivePatchException.class)
                .hasMessageMatching(".*fix.livepatch: is for the hypervisor with the build id [0-9a-f]+, and"
                        + " .*lower.livepatch for that with [0-9a-f]+");
    }

    @Test
    void aPayloadForAProcessNeedsItsProgram() throws IOException {
        Path source = Files.createDirectories(folder.resolve("source"));
        Files.writeString(
                source.resolve("program.c"),
                "int __attribute__((noinline)) word(int x) { return x * 77777 + 1; }\nint main(int n, char **v) { return word(n); }\n");
        String command = "gcc -O2 -g -o program program.c";
        Tools.run(source, List.of("sh", "-c", command));
        Path binary = Files.move(source.resolve("program"), folder.resolve("program"));
        Path patch = Files.writeString(folder.resolve("two.patch"), """
                --- a/program.c
                +++ b/program.c
                @@ -1,1 +1,1 @@
                -int __attribute__((noinline)) word(int x) { return x * 77777 + 1; }
                +int __attribute__((noinline)) word(int x) { return x * 77777 + 2; }
                """);
        Path payload = folder.resolve("two.livepatch");
        CreateReport report = CreateProcessPayload.create(
                new ProcessRequest(
                        source,
                        command,
                        binary,
                        Optional.empty(),
                        List.of(SourcePatch.read(patch)),
                        folder.resolve("cache"),
                        false,
                        2,
                        payload,
                        "two",
                        Optional.empty(),
                        List.of(),
                        Set.of()),
                Progress.NONE);
        assertThat(report.refusals()).isEmpty();
        String buildId = ElfFile.read(binary).buildId().orElseThrow();

        assertThatThrownBy(() -> ReadPayload.read(payload, List.of()))
                .isInstanceOf(LivePatchException.class)
                .hasMessage(payload + ": is for a process (build id " + buildId
                        + "): give the --source, --build and --binary that it is for, and no --tree");
    }

    @Test
    void aPayloadOfAnotherBaselineIsNotExact() throws IOException {
        Payload payload = ReadPayload.read(file(patch().payload()), List.of()).getFirst();
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
