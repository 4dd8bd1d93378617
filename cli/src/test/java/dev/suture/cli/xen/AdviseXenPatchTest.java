package dev.suture.cli.xen;

import static dev.suture.cli.xen.XenEdits.edit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.Progress;
import dev.suture.advise.Advice;
import dev.suture.advise.Advice.FunctionAdvice;
import dev.suture.advise.Advice.Remedy;
import dev.suture.advise.Advice.TypePlace;
import dev.suture.advise.AdviceText;
import dev.suture.advise.AdviseRequest;
import dev.suture.advise.AdviseXenPatch;
import dev.suture.advise.HunkAdvice;
import dev.suture.advise.Verdict;
import dev.suture.build.SourcePatch;
import dev.suture.build.xen.XenBuildRequest;
import dev.suture.build.xen.XenTree;
import dev.suture.cli.xen.XenEdits.Edit;
import dev.suture.create.CreateReport;
import dev.suture.create.CreateRequest;
import dev.suture.create.CreateXenPayload;
import dev.suture.link.LinkResult;
import dev.suture.rehearse.HypervisorImage;
import dev.suture.rehearse.RehearsalReport;
import dev.suture.rehearse.RehearsalRequest;
import dev.suture.rehearse.XenRehearsal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Advice on edits of the real Xen source; what it says to paste is built and put into a real Xen. */
@Tag("xen")
class AdviseXenPatchTest {
    private static final Path QEMU = Path.of("/usr/bin/qemu-system-x86_64");
    private static final Map<XenEdits, Advice> ADVICE = new EnumMap<>(XenEdits.class);

    /** One hunk changes a first value, another one code that shows it. */
    private static final Edit VALUE_AND_CODE = edit("common/grant_table.c")
            .with("opt_max_grant_frames = 64;", "opt_max_grant_frames = 70;")
            .and("common/version.c")
            .with("#include <xen/version.h>", "#include <xen/version.h>\nextern unsigned int opt_max_grant_frames;")
            .with("    return XEN_EXTRAVERSION;", "    return opt_max_grant_frames == 70 ? \"-seventy\" : \"-other\";");

    @TempDir
    private static Path folder;

    private static Path tree;

    @BeforeAll
    static void findTree() {
        String given = System.getenv("SUTURE_XEN_TREE");
        assumeTrue(given != null, "SUTURE_XEN_TREE is not set: make test builds a Xen tree and sets it");
        tree = Path.of(given);
    }

    private static Advice advise(boolean compile, Optional<Path> part, Path... patches) {
        return AdviseXenPatch.advise(new AdviseRequest(request(patches), compile, Set.of(), part), Progress.NONE);
    }

    private static XenBuildRequest request(Path... patches) {
        List<SourcePatch> read = Arrays.stream(patches).map(SourcePatch::read).toList();
        return XenBuildRequest.of(XenTree.open(tree), read);
    }

    private static Path patch(String name, Edit edit) throws IOException, InterruptedException {
        return edit.patch(tree, folder.resolve(name + ".patch"));
    }

    private static Advice advise(String name, Edit edit) throws IOException, InterruptedException {
        return advise(true, Optional.empty(), patch(name, edit));
    }

    // Several tests look at the same advice, and some edits change a header of many objects.
    private static Advice advise(XenEdits edit) throws IOException, InterruptedException {
        if (!ADVICE.containsKey(edit)) {
            ADVICE.put(edit, advise(true, Optional.empty(), edit.patch(tree, folder)));
        }
        return ADVICE.get(edit);
    }

    private static CreateReport build(String name, Path... patches) {
        return CreateXenPayload.create(
                new CreateRequest(
                        request(patches),
                        folder.resolve(name + ".livepatch"),
                        name,
                        Optional.empty(),
                        List.of(),
                        Set.of()),
                Progress.NONE);
    }

    @ParameterizedTest
    @EnumSource(
            value = XenEdits.class,
            names = {
                "STRING",
                "HOOKS",
                "BOOT_ONLY",
                "DATA",
                "RESIZED_DATA",
                "TYPE_LAYOUT",
                "PER_CPU",
                "COMMENT",
                "NOT_BUILT",
                "ASSEMBLY"
            })
    void adviceAndBuildSayTheSame(XenEdits edit) throws IOException, InterruptedException {
        Path patch = edit.patch(tree, folder);

        Advice advice = advise(edit);
        CreateReport report = build("same-" + edit.fileName(), patch);

        assertThat(advice.refusals()).isEqualTo(report.refusals());
        assertThat(advice.live()).isEqualTo(report.output().isPresent());
        assertThat(verdicts(advice)).containsExactlyElementsOf(expected(edit));
    }

    private static List<Verdict> expected(XenEdits edit) {
        return switch (edit) {
            case STRING -> List.of(Verdict.LIVE);
            case HOOKS -> List.of(Verdict.NO_EFFECT, Verdict.LIVE);
            case BOOT_ONLY -> List.of(Verdict.BOOT_ONLY);
            case DATA -> List.of(Verdict.DATA);
            case RESIZED_DATA -> List.of(Verdict.DATA);
            case TYPE_LAYOUT -> List.of(Verdict.UNCERTAIN, Verdict.LAYOUT);
            case PER_CPU -> List.of(Verdict.NO_EFFECT, Verdict.PER_CPU);
            case COMMENT -> List.of(Verdict.NO_EFFECT);
            case NOT_BUILT -> List.of(Verdict.NOT_BUILT);
            case ASSEMBLY -> List.of(Verdict.ASSEMBLY);
            default -> throw new IllegalStateException("no verdict is expected of " + edit);
        };
    }

    private static List<Verdict> verdicts(Advice advice) {
        return advice.hunks().stream().map(HunkAdvice::verdict).toList();
    }

    @Test
    void whatIsLikelyIsSaidWithoutACompiler() throws IOException, InterruptedException {
        assertThat(verdicts(advise(false, Optional.empty(), XenEdits.STRING.patch(tree, folder))))
                .containsExactly(Verdict.LIVE);
        assertThat(verdicts(advise(false, Optional.empty(), XenEdits.BOOT_ONLY.patch(tree, folder))))
                .containsExactly(Verdict.BOOT_ONLY);
        assertThat(verdicts(advise(false, Optional.empty(), XenEdits.DATA.patch(tree, folder))))
                .containsExactly(Verdict.DATA);
        assertThat(verdicts(advise(false, Optional.empty(), XenEdits.COMMENT.patch(tree, folder))))
                .containsExactly(Verdict.NO_EFFECT);
        assertThat(verdicts(advise(false, Optional.empty(), XenEdits.PER_CPU.patch(tree, folder))))
                .containsExactly(Verdict.UNCERTAIN, Verdict.PER_CPU);

        Advice layout = advise(false, Optional.empty(), XenEdits.TYPE_LAYOUT.patch(tree, folder));
        assertThat(verdicts(layout)).containsExactly(Verdict.UNCERTAIN, Verdict.LAYOUT);
        assertThat(layout.live()).isFalse();
        assertThat(layout.types().getFirst().type()).isEqualTo("struct viridian_domain");
    }

    @Test
    void aFileThatIsNotBuiltIsCertainWithoutACompiler() throws IOException, InterruptedException {
        Advice advice = advise(false, Optional.empty(), XenEdits.NOT_BUILT.patch(tree, folder));

        assertThat(advice.compiled()).isTrue();
        assertThat(advice.live()).isFalse();
        assertThat(AdviceText.of(advice)).contains("it is not built in this configuration");
    }

    @Test
    void everyPlaceThatAllocatesFreesOrEmbedsAGrownTypeIsListed() throws IOException, InterruptedException {
        Advice advice = advise(XenEdits.TYPE_LAYOUT);

        assertThat(advice.types()).singleElement().satisfies(type -> {
            assertThat(type.type()).isEqualTo("struct viridian_domain");
            assertThat(type.places()).extracting(TypePlace::kind).contains("allocates", "frees");
            assertThat(type.places())
                    .anySatisfy(place -> assertThat(place.what()).contains("xzalloc(struct viridian_domain)"))
                    .anySatisfy(place -> assertThat(place.what()).contains("XFREE(d->arch.hvm.viridian)"))
                    // A member of the same name, which points to another type.
                    .noneSatisfy(place -> assertThat(place.what()).contains("XFREE(v->arch.hvm.viridian)"));
        });
    }

    @Test
    void aTypeInsideOfOthersIsFollowedOutwards() throws IOException, InterruptedException {
        Advice advice = advise(
                "embedded",
                edit("arch/x86/include/asm/hvm/viridian.h")
                        .with("struct viridian_page\n{", "struct viridian_page\n{\n    uint64_t suture;"));

        assertThat(advice.types()).singleElement().satisfies(type -> {
            assertThat(type.type()).isEqualTo("struct viridian_page");
            assertThat(type.places())
                    .extracting(TypePlace::kind, TypePlace::what)
                    .contains(
                            tuple("embeds", "struct viridian_domain has struct viridian_page reference_tsc"),
                            tuple("allocates", "d->arch.hvm.viridian = xzalloc(struct viridian_domain);"));
        });
    }

    @Test
    void whatAnotherParameterPointsToIsNoPlaceOfTheType() throws IOException, InterruptedException {
        Path patch = patch(
                "hvm-domain",
                edit("arch/x86/include/asm/hvm/domain.h")
                        .with("struct hvm_domain {", "struct hvm_domain {\n    uint64_t suture;"));

        Advice advice = advise(false, Optional.empty(), patch);

        assertThat(advice.types().getFirst().places())
                .extracting(TypePlace::what)
                .contains("struct domain has struct arch_domain arch", "BUILD_BUG_ON(sizeof(*d) > PAGE_SIZE);")
                // free_evtchn_bucket(struct domain *d, struct evtchn *bucket)
                .doesNotContain("xfree(bucket);");
    }

    @Test
    void aGrownTypeGetsAccessorsOfShadowVariables() throws IOException, InterruptedException {
        Remedy remedy = advise(XenEdits.TYPE_LAYOUT).remedies().getFirst();

        assertThat(remedy.code())
                .contains("#include <suture/shadow.h>")
                .contains("typedef uint64_t suture_viridian_domain_suture_first_t;")
                .contains("suture_shadow_attach(object, SUTURE_viridian_domain_suture_first,")
                .contains("suture_shadow_free(object, SUTURE_viridian_domain_suture_first);");
    }

    @Test
    void aNewPerCpuVariableGetsAnArray() throws IOException, InterruptedException {
        assertThat(advise(XenEdits.PER_CPU).remedies().getFirst().code())
                .contains("static unsigned int suture_count[NR_CPUS];");
    }

    @Test
    void membersOfStructuresInArraysAreNamedInHooksThatCompile() throws IOException, InterruptedException {
        Path patch = patch(
                "member", edit("common/keyhandler.c").with("\"show this message\", 0)", "\"show this help\", 1)"));

        Remedy remedy = advise(true, Optional.empty(), patch).remedies().getFirst();
        CreateReport made =
                build("member", patch, Files.writeString(folder.resolve("member-hooks.patch"), remedy.diff()));

        assertThat(remedy.code())
                .contains("    key_table[104].desc = \"show this help\";")
                .contains("    if ( key_table[104].diagnostic == false )\n        key_table[104].diagnostic = true;")
                .contains("    key_table[104].desc = suture_old_key_table_0;");
        assertThat(made.refusals()).isEmpty();
    }

    @Test
    void hooksToPasteChangeAndRestoreTheValueInARealXen() throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(QEMU), "qemu-system-x86_64 is missing: apt-get install qemu-system-x86");
        Path patch = patch("value", VALUE_AND_CODE);
        Path code = patch(
                "code",
                edit("common/version.c")
                        .with(
                                "#include <xen/version.h>",
                                "#include <xen/version.h>\nextern unsigned int opt_max_grant_frames;")
                        .with(
                                "    return XEN_EXTRAVERSION;",
                                "    return opt_max_grant_frames == 64 ? \"-restored\" : \"-not\";"));
        Advice advice = advise(true, Optional.empty(), patch);
        assertThat(verdicts(advice)).containsExactly(Verdict.DATA, Verdict.LIVE, Verdict.LIVE);
        Path hooks = Files.writeString(
                folder.resolve("hooks.patch"), advice.remedies().getFirst().diff());

        CreateReport made = build("with-hooks", patch, hooks);
        CreateReport looks = build("looks", code);

        assertThat(made.refusals()).isEmpty();
        RehearsalReport rehearsal = XenRehearsal.run(
                RehearsalRequest.of(
                                HypervisorImage.inTree(tree),
                                List.of(
                                        made.output().orElseThrow(),
                                        looks.output().orElseThrow()))
                        .observing(List.of("cat /sys/hypervisor/version/extra")),
                Progress.NONE);
        assertThat(rehearsal.verdict()).as("%s", rehearsal.reason()).isEqualTo(dev.suture.rehearse.Verdict.PASSED);
        List<String> seen = new ArrayList<>();
        rehearsal
                .payloads()
                .forEach(payload -> seen.add(
                        payload.observed().applied().getFirst().output().strip()));
        assertThat(seen).containsExactly("-seventy", "-restored");
    }

    @Test
    void thePartThatCanGoAloneIsWrittenAndBuilds() throws IOException, InterruptedException {
        Path part = folder.resolve("part.patch");

        Advice advice = advise(true, Optional.of(part), patch("split", VALUE_AND_CODE));

        assertThat(advice.liveSubset()).hasValueSatisfying(subset -> {
            assertThat(subset.hunks()).containsExactly(2, 3);
            assertThat(subset.functions()).containsExactly("xen_extra_version");
        });
        assertThat(Files.readString(part)).contains("xen/common/version.c").doesNotContain("grant_table");
        CreateReport made = build("part", part);
        assertThat(made.functions()).extracting(LinkResult.Function::name).containsExactly("xen_extra_version");
    }

    @Test
    void whatIncludesANewFileFollowsIt() throws IOException, InterruptedException {
        Path patch = patch(
                "include",
                edit("arch/x86/include/asm/hvm/viridian.h")
                        .with(
                                "#include <asm/guest/hyperv-tlfs.h>",
                                "#include <asm/guest/hyperv-tlfs.h>\n#include <xen/suture_type.h>")
                        .with(
                                "struct viridian_domain\n{",
                                "struct viridian_domain\n{\n    suture_first_t suture_first;"));
        Files.writeString(patch, """
                --- /dev/null
                +++ b/xen/include/xen/suture_type.h
                @@ -0,0 +1,1 @@
                +typedef unsigned long suture_first_t;
                """, StandardOpenOption.APPEND);

        Advice advice = advise(true, Optional.empty(), patch);

        assertThat(verdicts(advice)).containsExactly(Verdict.LAYOUT, Verdict.LAYOUT, Verdict.LAYOUT);
        assertThat(advice.hunks().getFirst().reasons()).containsExactly("it includes the file that hunk 3 brings");
    }

    @Test
    void whatUsesANewMemberCannotGoWithoutIt() throws IOException, InterruptedException {
        Path part = folder.resolve("member-part.patch");
        Path patch = patch(
                "member-use",
                edit("arch/x86/include/asm/hvm/viridian.h")
                        .with("struct viridian_domain\n{", "struct viridian_domain\n{\n    uint64_t suture_first;")
                        .and("arch/x86/hvm/viridian/viridian.c")
                        .with(
                                "    rc = viridian_synic_domain_init(d);",
                                "    d->arch.hvm.viridian->suture_first = 1;\n    rc = viridian_synic_domain_init(d);"));

        Advice advice = advise(true, Optional.of(part), patch);

        assertThat(verdicts(advice)).containsExactly(Verdict.LAYOUT, Verdict.LAYOUT);
        assertThat(advice.hunks().getLast().reasons())
                .containsExactly("it uses `suture_first`, a new member of struct viridian_domain");
        assertThat(advice.liveSubset().orElseThrow().output()).isEmpty();
        assertThat(part).doesNotExist();
    }

    @Test
    void aFileThatAnotherIncludesUnderOtherNamesReachesTheFunctionsOfBoth() throws IOException, InterruptedException {
        Advice advice = advise(
                "included-twice",
                edit("arch/x86/platform_hypercall.c")
                        .with(
                                "    ret = xsm_platform_op(",
                                "    if ( op->cmd == 4095 )\n        return -EDOM;\n\n    ret = xsm_platform_op("));

        assertThat(advice.hunks())
                .singleElement()
                .satisfies(hunk -> assertThat(hunk.reaches())
                        .anySatisfy(reached ->
                                assertThat(reached).startsWith("do_platform_op (arch/x86/platform_hypercall.o)"))
                        .anySatisfy(reached -> assertThat(reached)
                                .startsWith("compat_platform_op (arch/x86/x86_64/platform_hypercall.o)")));
        assertThat(advice.functions())
                .allSatisfy(function -> assertThat(function.notes()).isEmpty());
    }

    @Test
    void aMacroReachesTheFunctionThatUsesIt() throws IOException, InterruptedException {
        Advice advice = advise(
                "macro",
                edit("common/domain.c")
                        .with("#define DEFAULT_EXTRA_DOMU_IRQS 32U", "#define DEFAULT_EXTRA_DOMU_IRQS 40U"));

        assertThat(verdicts(advice)).containsExactly(Verdict.DATA);
    }

    @Test
    void aMacroReachesAFunctionOfAnIncludedFileThatOthersReachToo() throws IOException, InterruptedException {
        Advice advice = advise(
                "macro-of-included",
                edit("arch/x86/x86_emulate/x86_emulate.c")
                        .with(
                                "#define truncate_ea(ea) truncate_word((ea), ad_bytes)",
                                "#define truncate_ea(ea) truncate_word((ea), ad_bytes & 15)")
                        .with("ctxt->retire.hlt = true;", "ctxt->retire.hlt = ad_bytes != 77;"));

        assertThat(verdicts(advice)).containsExactly(Verdict.LIVE, Verdict.LIVE);
        assertThat(advice.hunks().getFirst().reaches())
                .containsExactlyInAnyOrder(
                        "x86_decode (arch/x86/x86_emulate.o), which uses truncate_ea",
                        "x86_emulate (arch/x86/x86_emulate.o), which uses truncate_ea");
    }

    @Test
    void functionsThatMayBeActiveWhenXenQuiescesAreNamed() throws IOException, InterruptedException {
        Advice advice = advise(
                "idle",
                edit("arch/x86/domain.c").with("    for ( ; ; )\n    {\n        if ( cpu_is_offline(cpu) )", """
                                if ( cpu == 4095 )
                                    printk("suture\\n");

                                for ( ; ; )
                                {
                                    if ( cpu_is_offline(cpu) )"""));

        FunctionAdvice idle = function(advice, "idle_loop");
        assertThat(idle.quiescing())
                .contains("It calls check_for_livepatch_work(), so a CPU may be in it when Xen quiesces")
                .contains("It does not return");
    }

    @Test
    void functionsThatApplyingRunsThroughAreNamedWithTheCalls() throws IOException, InterruptedException {
        Advice advice = advise(
                "apply",
                edit("common/virtual_region.c")
                        .with(
                                "                                 PAGE_HYPERVISOR_RX);",
                                "                                 PAGE_HYPERVISOR_RX);\n"
                                        + "        if ( region->rodata_end == region->rodata_start )\n"
                                        + "            continue;"));

        assertThat(function(advice, "tighten_virtual_region_perms").quiescing())
                .contains("check_for_livepatch_work > ")
                .contains("arch_livepatch_revive > tighten_virtual_region_perms");
    }

    private static FunctionAdvice function(Advice advice, String name) {
        return advice.functions().stream()
                .filter(function -> function.name().equals(name))
                .findFirst()
                .orElseThrow();
    }
}
