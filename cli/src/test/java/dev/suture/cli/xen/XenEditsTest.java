package dev.suture.cli.xen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.Progress;
import dev.suture.Refusal;
import dev.suture.build.SourcePatch;
import dev.suture.build.xen.XenBuildRequest;
import dev.suture.build.xen.XenTree;
import dev.suture.create.CreateReport;
import dev.suture.create.CreateRequest;
import dev.suture.create.CreateXenPayload;
import dev.suture.create.PayloadRequest;
import dev.suture.link.LinkResult;
import dev.suture.payload.Explanation;
import dev.suture.payload.Payload;
import dev.suture.rehearse.HypervisorImage;
import dev.suture.rehearse.RehearsalReport;
import dev.suture.rehearse.RehearsalReport.PayloadReport;
import dev.suture.rehearse.RehearsalRequest;
import dev.suture.rehearse.Verdict;
import dev.suture.rehearse.XenRehearsal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Edits of the real Xen source through the whole of Suture, and the payloads on a real Xen, all in one boot. */
@Tag("xen")
class XenEditsTest {
    private static final String EXTRA_VERSION = "cat /sys/hypervisor/version/extra";
    private static final Path QEMU = Path.of("/usr/bin/qemu-system-x86_64");
    private static final String NO_QEMU = "qemu-system-x86_64 is missing: apt-get install qemu-system-x86";
    private static final Map<XenEdits, CreateReport> REPORTS = new EnumMap<>(XenEdits.class);

    @TempDir
    private static Path folder;

    private static Path tree;

    @BeforeAll
    static void buildAll() throws IOException, InterruptedException {
        String given = System.getenv("SUTURE_XEN_TREE");
        assumeTrue(given != null, "SUTURE_XEN_TREE is not set: make test builds a Xen tree and sets it");
        tree = Path.of(given);
        for (XenEdits edit : XenEdits.values()) {
            REPORTS.put(edit, create(edit.fileName(), Optional.empty(), edit));
        }
    }

    private static CreateReport create(String name, Optional<String> depends, XenEdits... edits)
            throws IOException, InterruptedException {
        List<SourcePatch> patches = new ArrayList<>();
        for (XenEdits edit : edits) {
            patches.add(SourcePatch.read(edit.patch(tree, folder)));
        }
        // That it counts from the payload on is what others, who look at it, have to be told.
        Set<String> accepted = List.of(edits).contains(XenEdits.NEW_GLOBAL) ? Set.of("suture_calls") : Set.of();
        PayloadRequest payload = new PayloadRequest(
                folder.resolve(name + ".livepatch"), name, depends, List.of(), List.of(), Set.of(), accepted, Set.of());
        CreateRequest request =
                new CreateRequest(XenBuildRequest.of(XenTree.open(tree), patches), payload, Optional.empty());
        return CreateXenPayload.create(request, Progress.NONE);
    }

    @Test
    void aChangedStringReplacesTheOneFunctionThatReturnsIt() {
        assertThat(functions(XenEdits.STRING)).containsExactly("xen_extra_version");
    }

    @Test
    void changedLogicReplacesTheOneFunction() {
        assertThat(functions(XenEdits.LOGIC)).containsExactly("xen_extra_version");
        assertThat(added(XenEdits.LOGIC)).isEmpty();
    }

    @Test
    void aNewFunctionComesAlong() {
        assertThat(functions(XenEdits.NEW_FUNCTION)).containsExactly("xen_extra_version");
        assertThat(added(XenEdits.NEW_FUNCTION)).containsExactly("suture_pick");
    }

    @Test
    void aNewGlobalIsSharedByTwoObjects() {
        assertThat(functions(XenEdits.NEW_GLOBAL))
                .containsExactlyInAnyOrder("xen_extra_version", "do_xen_version", "compat_xen_version");
        assertThat(added(XenEdits.NEW_GLOBAL)).contains("suture_calls", "suture_word");
    }

    @Test
    void newStaticLocalsComeAlong() {
        assertThat(functions(XenEdits.NEW_STATIC_LOCAL)).containsExactly("xen_extra_version");
        assertThat(added(XenEdits.NEW_STATIC_LOCAL))
                .anyMatch(name -> name.startsWith("text."))
                .anyMatch(name -> name.startsWith("calls."));
    }

    @Test
    void aSwitchTableComesAlong() {
        assertThat(functions(XenEdits.SWITCH_TABLE)).containsExactly("xen_extra_version");
        assertThat(added(XenEdits.SWITCH_TABLE)).anyMatch(name -> name.startsWith("CSWTCH."));
    }

    @Test
    void exceptionTableAndAlternativesOfTheFunctionComeAlong() {
        CreateReport report = made(XenEdits.EXCEPTION_TABLE_AND_ALTERNATIVES);
        assertThat(functions(XenEdits.EXCEPTION_TABLE_AND_ALTERNATIVES)).containsExactly("update_runstate_area");
        assertThat(report.added())
                .extracting(Explanation.Added::section)
                .contains(".ex_table", ".altinstructions", ".altinstr_replacement");
    }

    @Test
    void movedLinesDragNothingIn() {
        assertThat(functions(XenEdits.HYPERCALL_WITH_GUEST_COPIES))
                .containsExactlyInAnyOrder("do_xen_version", "compat_xen_version");
    }

    @Test
    void aHeaderThatManyObjectsIncludeChangesOneFunction() {
        assertThat(made(XenEdits.INLINE_IN_A_HEADER).objectsBuilt()).isGreaterThan(5);
        assertThat(functions(XenEdits.INLINE_IN_A_HEADER)).containsExactly("xen_extra_version");
    }

    @Test
    void aFunctionThatOnlyInliningChangedStaysOut() {
        assertThat(functions(XenEdits.INLINING)).containsExactly("rangeset_limit");
        assertThat(added(XenEdits.INLINING)).containsExactly("rangeset_printk");
        assertThat(made(XenEdits.INLINING).leftOut()).singleElement().satisfies(left -> {
            assertThat(left.symbol()).isEqualTo("rangeset_domain_printk");
            assertThat(left.why()).contains("its size changes").contains("only decided otherwise what to inline");
        });
    }

    @Test
    void aFunctionThatOnlyATableOfTheBootNamesIsReplaced() {
        assertThat(functions(XenEdits.BOOT_TABLE)).containsExactly("arch/x86/hvm/svm/svm.c#svm_set_guest_pat");
    }

    @Test
    void hooksComeAlong() {
        assertThat(functions(XenEdits.HOOKS)).containsExactly("xen_extra_version");
        assertThat(added(XenEdits.HOOKS)).contains("suture_load", "suture_unload");
    }

    @Test
    void aChangeOfBootCodeIsRefused() {
        assertThat(refusal(XenEdits.BOOT_ONLY).what())
                .contains("only what runs or is used while the system boots")
                .contains("`__start_xen`");
    }

    @Test
    void changedDataIsRefused() {
        Refusal refusal = refusal(XenEdits.DATA);
        assertThat(refusal.object()).isEqualTo("common/domain.o");
        assertThat(refusal.symbol()).isEqualTo("extra_domU_irqs");
        assertThat(refusal.what()).contains("data `extra_domU_irqs` changed");
        assertThat(refusal.remedy()).contains("LIVEPATCH_LOAD_HOOK");
    }

    @Test
    void resizedDataIsRefused() {
        assertThat(REPORTS.get(XenEdits.RESIZED_DATA).refusals())
                .anySatisfy(
                        refusal -> assertThat(refusal.what()).contains("data `opt_max_grant_frames_val` was resized"));
    }

    @Test
    void aChangedLayoutIsRefusedWithTypeAndMember() {
        assertThat(REPORTS.get(XenEdits.TYPE_LAYOUT).refusals()).anySatisfy(refusal -> {
            assertThat(refusal.symbol()).isEqualTo("struct viridian_domain");
            assertThat(refusal.what()).contains("suture_first");
        });
    }

    @Test
    void aNewPerCpuVariableIsRefused() {
        assertThat(refusal(XenEdits.PER_CPU).what()).contains("per-CPU variable `per_cpu__suture_count` is new");
    }

    @Test
    void aCommentIsRefusedAsNothing() {
        assertThat(refusal(XenEdits.COMMENT).what()).contains("the compiled code is the same");
    }

    @Test
    void codeThatIsNotBuiltIsRefusedAsSuch() {
        assertThat(refusal(XenEdits.NOT_BUILT).what()).contains("nothing that the patch changes is built");
    }

    @Test
    void assemblyWithoutSizesIsRefusedAndSoIsEntryCode() {
        assertThat(REPORTS.get(XenEdits.ASSEMBLY).refusals())
                .anySatisfy(refusal -> assertThat(refusal.what()).contains("assembly in .text changed"));
    }

    @Test
    void aRefusedPatchWritesNothing() {
        assertThat(folder.resolve(XenEdits.DATA.fileName() + ".livepatch")).doesNotExist();
        assertThat(folder).isDirectoryNotContaining("glob:**.part");
    }

    @Test
    void realXenAppliesRevertsAndUnloadsEveryPayload() throws InterruptedException {
        assumeTrue(Files.isExecutable(QEMU), NO_QEMU);
        List<Path> payloads = new ArrayList<>();
        REPORTS.values().forEach(report -> report.output().ifPresent(payloads::add));
        assertThat(payloads).hasSizeGreaterThanOrEqualTo(8);

        RehearsalReport rehearsal = XenRehearsal.run(
                RehearsalRequest.of(HypervisorImage.inTree(tree), payloads).observing(List.of(EXTRA_VERSION)),
                Progress.NONE);

        for (PayloadReport payload : rehearsal.payloads()) {
            assertThat(payload.verdict())
                    .as("%s: %s (log: %s)", payload.name(), payload.reason(), rehearsal.consoleLog())
                    .isEqualTo(Verdict.PASSED);
            assertThat(extra(payload.observed().reverted()))
                    .isEqualTo(extra(payload.observed().before()));
        }
        assertThat(extraWhileApplied(rehearsal, XenEdits.STRING)).isEqualTo("-string");
        assertThat(extraWhileApplied(rehearsal, XenEdits.LOGIC)).isEqualTo("-logic");
        assertThat(extraWhileApplied(rehearsal, XenEdits.NEW_FUNCTION)).isEqualTo("-function");
        assertThat(extraWhileApplied(rehearsal, XenEdits.NEW_GLOBAL)).isEqualTo("-global");
        assertThat(extraWhileApplied(rehearsal, XenEdits.NEW_STATIC_LOCAL)).startsWith("-local");
        assertThat(extraWhileApplied(rehearsal, XenEdits.SWITCH_TABLE)).isEqualTo("-table");
        assertThat(extraWhileApplied(rehearsal, XenEdits.INLINE_IN_A_HEADER)).isEqualTo("-inline");
        assertThat(extraWhileApplied(rehearsal, XenEdits.HOOKS)).isEqualTo("-hooked");
    }

    @Test
    void aPayloadGoesOnTopOfAnother() throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(QEMU), NO_QEMU);
        Path below = made(XenEdits.STRING).output().orElseThrow();
        CreateReport onTop = create("on-top", Optional.of(below.toString()), XenEdits.SECOND_FUNCTION);
        assertThat(onTop.depends()).isEqualTo(made(XenEdits.STRING).buildId());

        RehearsalReport rehearsal = XenRehearsal.run(
                RehearsalRequest.of(
                                HypervisorImage.inTree(tree),
                                List.of(below, onTop.output().orElseThrow()))
                        .onTopOfOneAnother()
                        .observing(List.of(EXTRA_VERSION, "cat /sys/hypervisor/properties/changeset")),
                Progress.NONE);

        assertThat(rehearsal.verdict()).as("%s", rehearsal.reason()).isEqualTo(Verdict.PASSED);
        assertThat(rehearsal.payloads().get(1).observed().applied())
                .extracting(observation -> observation.output().strip())
                .containsExactly("-string", "second");
    }

    @Test
    void aPayloadThatWouldUndoTheOneBelowIsRefused() throws IOException, InterruptedException {
        String below = made(XenEdits.STRING).output().orElseThrow().toString();

        CreateReport undoes = create("undoes", Optional.of(below), XenEdits.LOGIC);

        assertThat(undoes.refusals()).singleElement().satisfies(refusal -> {
            assertThat(refusal.what())
                    .contains("`xen_extra_version` is replaced by")
                    .contains("would be undone");
            assertThat(refusal.remedy()).contains("--patch");
        });
    }

    @Test
    void theSamePatchesGiveTheSameBytes() throws IOException, InterruptedException {
        byte[] first = Files.readAllBytes(made(XenEdits.HOOKS).output().orElseThrow());

        create(XenEdits.HOOKS.fileName(), Optional.empty(), XenEdits.HOOKS);

        assertThat(made(XenEdits.HOOKS).output().orElseThrow()).hasBinaryContent(first);
    }

    @Test
    void thePayloadItselfTellsWhatIsInItAndWhy() {
        Payload payload = Payload.read(made(XenEdits.HOOKS).output().orElseThrow());

        assertThat(payload.buildId()).contains(made(XenEdits.HOOKS).buildId());
        assertThat(payload.xenDepends()).contains(made(XenEdits.HOOKS).xenDepends());
        assertThat(payload.explanation().functions())
                .extracting(Explanation.Function::name, Explanation.Function::object)
                .containsExactly(tuple("xen_extra_version", "common/version.o"));
        assertThat(payload.explanation().added()).isEqualTo(made(XenEdits.HOOKS).added());
        assertThat(payload.hooks()).extracting(Payload.Hook::kind).containsExactly("load", "unload");
        assertThat(payload.metadata()).contains("name=hooks");
        assertThat(payload.relocationCounts().keySet()).isSubsetOf(1, 2, 4);
    }

    private static CreateReport made(XenEdits edit) {
        CreateReport report = REPORTS.get(edit);
        assertThat(report.refusals()).isEmpty();
        return report;
    }

    private static List<String> functions(XenEdits edit) {
        return made(edit).functions().stream().map(LinkResult.Function::name).toList();
    }

    private static List<String> added(XenEdits edit) {
        return made(edit).added().stream()
                .filter(added -> added.kind().equals("FUNCTION") || added.kind().equals("DATA"))
                .map(Explanation.Added::name)
                .toList();
    }

    private static Refusal refusal(XenEdits edit) {
        CreateReport report = REPORTS.get(edit);
        assertThat(report.output()).isEmpty();
        assertThat(report.refusals()).hasSize(1);
        return report.refusals().getFirst();
    }

    private static String extraWhileApplied(RehearsalReport rehearsal, XenEdits edit) {
        return rehearsal.payloads().stream()
                .filter(payload -> payload.name().equals(edit.fileName()))
                .map(payload -> extra(payload.observed().applied()))
                .findFirst()
                .orElseThrow();
    }

    private static String extra(List<RehearsalReport.Observation> observations) {
        return observations.getFirst().output().strip();
    }
}
