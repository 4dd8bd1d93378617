package dev.suture.cli.xen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.Progress;
import dev.suture.build.SourcePatch;
import dev.suture.build.xen.XenBuildRequest;
import dev.suture.build.xen.XenTree;
import dev.suture.create.CreateReport;
import dev.suture.create.CreateRequest;
import dev.suture.create.CreateXenPayload;
import dev.suture.create.HookTemplate;
import dev.suture.create.HookTemplate.Change;
import dev.suture.create.HookTemplate.Nothing;
import dev.suture.create.HookTemplate.Shadow;
import dev.suture.create.HookTemplate.Target;
import dev.suture.create.HookTemplate.Variable;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Shadow variables and the hooks that {@code suture new hook} writes, in a real Xen. */
@Tag("xen")
class XenShadowTest {
    private static final String EXTRA_VERSION = "cat /sys/hypervisor/version/extra";
    private static final Path QEMU = Path.of("/usr/bin/qemu-system-x86_64");
    private static final Shadow DOMAINS = new Shadow("struct domain");

    /** Counts in each domain how often it asked, and shows the caller its own count. */
    private static final String COUNT = """
            static char text[16];
            %s
                snprintf(text, sizeof(text), "-asked%%lu", asked ? ++*asked : 0);

                return text;""";

    private static final String FIND = "    unsigned long *asked = suture_shadow_find(current->domain, %s);\n";
    private static final String ATTACH =
            "    unsigned long *asked = suture_shadow_attach(current->domain, 7, sizeof(*asked), 0);\n";

    private static final String TAKES_BACK = """
            #include <xen/lib.h>
            #include <xen/livepatch_payload.h>
            #include <suture/shadow.h>

            static void cf_check forget(livepatch_payload_t *payload)
            {
                unsigned long freed = suture_shadow_free_all(7, NULL);

                printk("suture-test: %lu freed, %lu left, released %d\\n", freed, suture_shadow_count(7),
                       suture_shadow_release());
            }
            LIVEPATCH_POSTREVERT_HOOK(forget);
            """;

    @TempDir
    private static Path folder;

    private static Path tree;

    @BeforeAll
    static void findTheTree() {
        String given = System.getenv("SUTURE_XEN_TREE");
        assumeTrue(given != null, "SUTURE_XEN_TREE is not set: make test builds a Xen tree and sets it");
        tree = Path.of(given);
    }

    private static SourcePatch patch(String name, String body) throws IOException, InterruptedException {
        XenEdits.Edit edit = new XenEdits.Edit()
                .and("common/version.c")
                .with("#include <xen/version.h>", """
                        #include <xen/version.h>
                        #include <xen/lib.h>
                        #include <xen/sched.h>
                        #include <suture/shadow.h>""")
                .with("    return XEN_EXTRAVERSION;", COUNT.formatted(body));
        return SourcePatch.read(edit.patch(tree, folder.resolve(name + ".patch")));
    }

    private static Path hooks(String name, String kind, Change change) {
        Path file = folder.resolve(name + ".c");
        new HookTemplate(kind, Target.XEN, change).write(file);
        return file;
    }

    private static Path payload(String name, SourcePatch... patches) {
        CreateRequest request = new CreateRequest(
                XenBuildRequest.of(XenTree.open(tree), List.of(patches)),
                folder.resolve(name + ".livepatch"),
                name,
                Optional.empty(),
                List.of(),
                Set.of());
        CreateReport report = CreateXenPayload.create(request, Progress.NONE);
        assertThat(report.refusals()).as(name).isEmpty();
        return report.output().orElseThrow();
    }

    /** {@return a payload in which hooks of a kind give the domains their counters} */
    private static Path countedBy(String kind) throws IOException, InterruptedException {
        Path hooks = hooks("counted-" + kind, kind, DOMAINS);
        Matcher id = Pattern.compile("#define DOMAIN_EXTRA_ID (\\w+)").matcher(Files.readString(hooks));
        assertThat(id.find()).isTrue();
        String name = "by-" + kind;
        return payload(name, patch(name, FIND.formatted(id.group(1))), SourcePatch.read(hooks));
    }

    @Test
    void everyKindOfHookCompilesAsItIsInXen() {
        Map<String, List<String>> hooks = new LinkedHashMap<>();
        for (String kind : List.of("load", "apply", "preapply", "postapply")) {
            Path file = hooks(kind, kind, new Nothing());
            Payload payload = Payload.read(payload("empty-" + kind, SourcePatch.read(file)));
            hooks.put(kind, payload.hooks().stream().map(Payload.Hook::kind).toList());
        }
        assertThat(hooks.get("load")).containsExactlyInAnyOrder("load", "unload");
        assertThat(hooks.get("apply")).containsExactlyInAnyOrder("apply", "revert");
        assertThat(hooks.get("preapply")).containsExactlyInAnyOrder("preapply", "postrevert");
        assertThat(hooks.get("postapply")).containsExactlyInAnyOrder("postapply", "prerevert");
    }

    @Test
    void everyDomainOfARealXenCanHaveMoreData() throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(QEMU), "qemu-system-x86_64 is missing: apt-get install qemu-system-x86");
        Path takesBack = Files.writeString(folder.resolve("takes-back.c"), TAKES_BACK);
        Path variable = hooks("variable", "load", new Variable("sched_ratelimit_us", "int", Optional.of("4321")));
        List<Path> payloads = new ArrayList<>(List.of(
                payload("when-asked", patch("when-asked", ATTACH), SourcePatch.read(takesBack)),
                countedBy("load"),
                countedBy("preapply"),
                countedBy("apply"),
                payload("variable", SourcePatch.read(variable))));

        RehearsalReport rehearsal = XenRehearsal.run(
                RehearsalRequest.of(HypervisorImage.inTree(tree), payloads)
                        .observing(List.of(EXTRA_VERSION, EXTRA_VERSION)),
                Progress.NONE);

        for (PayloadReport payload : rehearsal.payloads()) {
            assertThat(payload.verdict())
                    .as("%s: %s (log: %s)", payload.name(), payload.reason(), rehearsal.consoleLog())
                    .isEqualTo(Verdict.PASSED);
            assertThat(outputs(payload.observed().reverted()))
                    .isEqualTo(outputs(payload.observed().before()));
            if (!payload.name().equals("variable")) {
                assertThat(outputs(payload.observed().applied()))
                        .as(payload.name())
                        .containsExactly("-asked1", "-asked2");
            }
        }
        assertThat(Path.of(rehearsal.consoleLog())).content().contains("suture-test: 1 freed, 0 left, released 1");
    }

    private static List<String> outputs(List<RehearsalReport.Observation> observations) {
        return observations.stream().map(seen -> seen.output().strip()).toList();
    }
}
