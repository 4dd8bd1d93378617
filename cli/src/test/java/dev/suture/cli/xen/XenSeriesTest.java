package dev.suture.cli.xen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.LivePatchException;
import dev.suture.Progress;
import dev.suture.build.SourcePatch;
import dev.suture.build.xen.XenBuildRequest;
import dev.suture.build.xen.XenTree;
import dev.suture.create.CreateReport;
import dev.suture.create.CreateRequest;
import dev.suture.create.CreateStack;
import dev.suture.create.CreateXenPayload;
import dev.suture.create.PayloadRequest;
import dev.suture.link.LinkResult;
import dev.suture.payload.Explanation;
import dev.suture.payload.Payload;
import dev.suture.rehearse.HypervisorImage;
import dev.suture.rehearse.LabParts;
import dev.suture.rehearse.RehearsalReport;
import dev.suture.rehearse.RehearsalReport.PayloadReport;
import dev.suture.rehearse.RehearsalRequest;
import dev.suture.rehearse.Verdict;
import dev.suture.rehearse.XenRehearsal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three edits of the real Xen source as a stack of payloads, and one payload in place of the stack, on a real Xen. */
@Tag("xen")
class XenSeriesTest {
    private static final Path QEMU = Path.of("/usr/bin/qemu-system-x86_64");
    private static final String EXTRA = "cat /sys/hypervisor/version/extra";
    private static final String CHANGESET = "cat /sys/hypervisor/properties/changeset";

    @TempDir
    private static Path folder;

    private static Path tree;
    private static List<SourcePatch> patches;
    private static CreateStack.Report stack;

    @BeforeAll
    static void buildStack() throws IOException, InterruptedException {
        String given = System.getenv("SUTURE_XEN_TREE");
        assumeTrue(given != null, "SUTURE_XEN_TREE is not set: make test builds a Xen tree and sets it");
        tree = Path.of(given);
        patches = XenSeries.patches(tree, folder);
        stack = CreateStack.create(
                List.of(),
                patches,
                wanted(folder.resolve("stack"), Optional.empty(), List.of()),
                false,
                (applied, together, payload) -> create(applied, together, payload));
    }

    private static CreateReport create(List<SourcePatch> applied, List<SourcePatch> more, PayloadRequest payload) {
        XenBuildRequest build = XenBuildRequest.of(XenTree.open(tree), more).onTopOf(applied);
        return CreateXenPayload.create(new CreateRequest(build, payload, Optional.empty()), Progress.NONE);
    }

    private static PayloadRequest wanted(Path output, Optional<String> depends, List<Path> replaces) {
        String name = output.getFileName().toString();
        return new PayloadRequest(
                output,
                name.endsWith(".livepatch") ? name.substring(0, name.indexOf('.')) : "",
                depends,
                replaces,
                List.of(),
                Set.of());
    }

    @Test
    void eachPayloadHasOnlyWhatItsPatchChangesAndDependsOnTheOneBefore() {
        assertThat(functions(0)).containsExactly("xen_extra_version");
        assertThat(added(0)).contains("suture_pick", "suture_word");
        assertThat(functions(1)).containsExactlyInAnyOrder("xen_extra_version", "first#common/version.c#suture_pick");
        assertThat(functions(2)).containsExactly("xen_changeset");
        assertThat(added(2)).isEmpty();
        for (int i = 1; i < 3; i++) {
            assertThat(report(i).depends()).isEqualTo(report(i - 1).buildId());
        }
    }

    @Test
    void aStaticLocalThatTheCompilerNumbersAnewIsStillThatOfTheFirstPayload() {
        String first = added(0).stream()
                .filter(name -> name.startsWith("calls."))
                .findFirst()
                .orElseThrow();
        String second = added(1).stream()
                .filter(name -> name.startsWith("calls."))
                .findFirst()
                .orElseThrow();
        Payload payload = Payload.read(file(1));

        assertThat(payload.elf().symbols())
                .as("the second patch declares one of the same name before it")
                .anyMatch(symbol -> symbol.isUndefined() && symbol.name().equals("first#common/version.c#" + first));
        assertThat(payload.stack().orElseThrow().names())
                .containsEntry("common/version.c#" + second, "second#common/version.c#" + second)
                .containsValue("first#common/version.c#" + first);
    }

    @Test
    void aPayloadOnTopOfFilesIsTheSameAsThatOfTheStack() throws IOException {
        CreateReport third = create(
                patches.subList(0, 2),
                patches.subList(2, 3),
                wanted(folder.resolve("third.livepatch"), Optional.of(file(1).toString()), List.of()));

        assertThat(third.refusals()).isEmpty();
        assertThat(folder.resolve("third.livepatch")).hasBinaryContent(Files.readAllBytes(file(2)));
    }

    @Test
    void otherPatchesThanThoseOfTheStackAreTurnedDown() {
        assertThatThrownBy(() -> create(
                        patches.subList(0, 1),
                        patches.subList(2, 3),
                        wanted(folder.resolve("wrong.livepatch"), Optional.of(file(1).toString()), List.of())))
                .isInstanceOf(LivePatchException.class)
                .hasMessageContaining("made from other patches")
                .hasMessageContaining("there: first; second")
                .hasMessageContaining("given: first");
    }

    @Test
    void aPayloadThatLacksAPatchDoesNotReplaceTheStack() {
        CreateReport lacking = create(
                List.of(),
                patches.subList(0, 2),
                wanted(folder.resolve("lacking.livepatch"), Optional.empty(), files()));

        assertThat(lacking.output()).isEmpty();
        assertThat(lacking.refusals())
                .singleElement()
                .satisfies(refusal -> assertThat(refusal.what())
                        .isEqualTo(
                                "the payloads to be replaced were made from \"third\" too, and without it that fix would"
                                        + " be undone"));
    }

    @Test
    void aStackWithARefusedPatchIsNotWritten() throws IOException, InterruptedException {
        List<SourcePatch> withData = new ArrayList<>(patches.subList(0, 1));
        withData.add(SourcePatch.read(XenEdits.DATA.patch(tree, folder)));
        withData.addAll(patches.subList(1, 3));

        CreateStack.Report report = CreateStack.create(
                List.of(),
                withData,
                wanted(folder.resolve("refused"), Optional.empty(), List.of()),
                false,
                (applied, together, payload) -> create(applied, together, payload));

        assertThat(report.isMade()).isFalse();
        assertThat(report.payloads()).hasSize(2);
        assertThat(report.made()).hasSize(1);
        assertThat(report.payloads().getLast().output()).isEmpty();
        assertThat(report.notTried()).containsExactly(folder.resolve("second.patch"), folder.resolve("third.patch"));
        assertThat(folder.resolve("refused/series")).exists();
        assertThat(folder).isDirectoryNotContaining("glob:**/.refused*");
    }

    /** All that an operator does with a stack, in one boot: the first of the rehearsal's payloads waits for it. */
    @Test
    void realXenTakesTheStackInOrderAndThenOnePayloadInItsPlace() throws InterruptedException {
        assumeTrue(Files.isExecutable(QEMU), "qemu-system-x86_64 is missing: apt-get install qemu-system-x86");
        CreateReport all =
                create(List.of(), patches, wanted(folder.resolve("all.livepatch"), Optional.empty(), files()));
        assertThat(all.refusals()).isEmpty();
        assertThat(all.warnings()).anyMatch(warning -> warning.contains("is lost when that is replaced"));

        List<String> steps = List.of(
                upload("second"),
                upload("first") + upload("second") + upload("third"),
                action("apply", "second"),
                action("apply", "first") + EXTRA,
                action("apply", "third"),
                action("apply", "second") + EXTRA,
                action("apply", "third") + CHANGESET,
                action("revert", "second"),
                action("revert", "third") + CHANGESET,
                action("apply", "third") + CHANGESET,
                upload("all") + action("replace", "all") + EXTRA + "; " + CHANGESET,
                "xen-livepatch list",
                action("revert", "all") + action("unload", "all") + EXTRA,
                action("unload", "third") + action("unload", "second") + action("unload", "first"));
        List<String> said =
                rehearse(steps, List.of(file(0), file(1), file(2), all.output().orElseThrow()));

        assertThat(said.get(0)).as("needs what the first brings").contains("failed");
        assertThat(said.get(1)).doesNotContain("failed");
        assertThat(said.get(2)).as("the first is to be below").contains("failed");
        assertThat(said.get(3)).contains("-one8f");
        assertThat(said.get(4)).as("the second is to be below").contains("failed");
        assertThat(said.get(5)).as("counts on from the first").contains("-odd9.f");
        assertThat(said.get(6)).contains("many");
        assertThat(said.get(7)).as("not the topmost").contains("failed");
        assertThat(said.get(8)).doesNotContain("many").doesNotContain("failed");
        assertThat(said.get(9)).contains("many");
        assertThat(said.get(10)).doesNotContain("failed").contains("8.f").contains("many");
        assertThat(said.get(11))
                .containsPattern("all +\\| APPLIED")
                .containsPattern("first +\\| CHECKED")
                .containsPattern("second +\\| CHECKED")
                .containsPattern("third +\\| CHECKED");
        assertThat(said.get(12)).doesNotContain("failed").doesNotContain("8.f");
        assertThat(said.get(13)).doesNotContain("failed");
    }

    private static String upload(String name) {
        return "xen-livepatch upload %1$s /suture/%1$s.livepatch; ".formatted(name);
    }

    /** Xen gives up if it cannot halt all CPUs in time, as on a busy machine, and its client says with 2: try again. */
    private static String action(String action, String name) {
        return ("for attempt in 1 2 3 4 5 6 7 8 9 10 11 12; do xen-livepatch %s %s >/tmp/step 2>&1; [ $? = 2 ] || break; "
                        + "sleep 0.3; done; cat /tmp/step; ")
                .formatted(action, name);
    }

    /** {@return what each step printed; they are taken once, before anything else is done with the payloads} */
    private static List<String> rehearse(List<String> steps, List<Path> payloads) throws InterruptedException {
        List<String> commands = new ArrayList<>();
        for (String step : steps) {
            commands.add("[ -e /tmp/over ] || { %s; }".formatted(step.replaceFirst("; $", "")));
        }
        commands.add(": >/tmp/over");
        RehearsalReport rehearsal = XenRehearsal.run(
                new RehearsalRequest(
                        HypervisorImage.inTree(tree),
                        payloads,
                        false,
                        commands,
                        RehearsalRequest.BOOT_TIMEOUT.multipliedBy(2),
                        Duration.ofMinutes(5),
                        Optional.empty(),
                        LabParts.cacheFolder()),
                Progress.NONE);
        PayloadReport first = rehearsal.payloads().getFirst();
        assertThat(first.verdict())
                .as("%s (log: %s)", first.reason(), rehearsal.consoleLog())
                .isEqualTo(Verdict.PASSED);
        assertThat(rehearsal.payloads().get(1).reason().orElseThrow()).contains("Unknown symbol");
        return first.observed().before().stream()
                .map(RehearsalReport.Observation::output)
                .toList();
    }

    private static CreateReport report(int index) {
        return stack.payloads().get(index);
    }

    private static Path file(int index) {
        assertThat(report(index).refusals()).isEmpty();
        return report(index).output().orElseThrow();
    }

    private static List<Path> files() {
        return List.of(file(0), file(1), file(2));
    }

    private static List<String> functions(int index) {
        return report(index).functions().stream().map(LinkResult.Function::name).toList();
    }

    private static List<String> added(int index) {
        return report(index).added().stream()
                .filter(added -> added.kind().equals("FUNCTION") || added.kind().equals("DATA"))
                .map(Explanation.Added::name)
                .toList();
    }
}
