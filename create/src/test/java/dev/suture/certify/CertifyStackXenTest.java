package dev.suture.certify;

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
import dev.suture.create.PayloadRequest;
import dev.suture.diff.Tools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Certificates for a real Xen of payloads with shadow variables and hooks, on top of each other and in one. */
@Tag("xen")
@Tag("long")
class CertifyStackXenTest {
    private static final String FILE = "xen/common/version.c";
    private static final String COUNT = """
                static char text[16];
                unsigned long *count = suture_shadow_attach(current->domain, 7, sizeof(*count), NULL);

                snprintf(text, sizeof(text), "-%%lu%s", count ? ++*count : 0);
                return text;""";

    @TempDir
    private static Path folder;

    private static XenTree tree;
    private static List<Path> lower;
    private static List<Path> upper;

    @BeforeAll
    static void makePatches() throws IOException {
        String given = System.getenv("SUTURE_XEN_TREE");
        assumeTrue(given != null, "SUTURE_XEN_TREE is not set: make test builds a Xen tree and sets it");
        tree = XenTree.open(Path.of(given));
        String original = Files.readString(tree.root().resolve(FILE));
        String first = edit(
                edit(original, "#include <xen/version.h>", """
                        #include <xen/version.h>
                        #include <xen/lib.h>
                        #include <xen/sched.h>
                        #include <suture/shadow.h>"""), "    return XEN_EXTRAVERSION;", COUNT.formatted(""));
        String second = edit(first, "    return XEN_CHANGESET;", COUNT.formatted("-changeset"));
        Path hooks = folder.resolve("limit.c");
        new HookTemplate(
                        "load",
                        HookTemplate.Target.XEN,
                        new HookTemplate.Variable("opt_max_grant_frames", "unsigned int", Optional.of("100")))
                .write(hooks);
        lower = List.of(patch("first", original, first), hooks);
        upper = List.of(patch("second", first, second));
    }

    private static String edit(String text, String before, String after) {
        assertThat(text).contains(before);
        return text.replace(before, after);
    }

    private static Path patch(String name, String before, String after) throws IOException {
        Path a = Files.writeString(folder.resolve(name + ".a"), before);
        Path b = Files.writeString(folder.resolve(name + ".b"), after);
        Path patch = folder.resolve(name + ".patch");
        String diff = "diff -u --label=a/%s --label=b/%s %s %s > %s || test $? = 1".formatted(FILE, FILE, a, b, patch);
        Tools.run(folder, List.of("sh", "-c", diff));
        return patch;
    }

    private static XenBuildRequest build(List<Path> applied, List<Path> patches) {
        return XenBuildRequest.of(tree, read(patches)).onTopOf(read(applied));
    }

    private static List<SourcePatch> read(List<Path> files) {
        return files.stream().map(SourcePatch::read).toList();
    }

    private static Path payload(String name, Optional<Path> depends, XenBuildRequest build, List<Path> replaces) {
        Path output = folder.resolve(name + ".livepatch");
        PayloadRequest request =
                new PayloadRequest(output, name, depends.map(Path::toString), replaces, List.of(), Set.of());
        CreateReport report =
                CreateXenPayload.create(new CreateRequest(build, request, Optional.empty()), Progress.NONE);
        assertThat(report.refusals()).isEmpty();
        return output;
    }

    private static Certificate certify(Path payload, List<Path> below, XenBuildRequest build) {
        return Certify.certify(new CertifyRequest(payload, below, build, Optional.empty(), false), Progress.NONE)
                .certificate();
    }

    private static List<String> names(List<Finding> findings) {
        return findings.stream().map(Finding::name).toList();
    }

    @Test
    void shadowVariablesAndHooksAreThePatchAloneOnAStackAndInOnePayload() {
        Path first = payload("first", Optional.empty(), build(List.of(), lower), List.of());
        Path second = payload("second", Optional.of(first), build(lower, upper), List.of());
        List<Path> allPatches = Stream.of(lower, upper).flatMap(List::stream).toList();
        Path all = payload("all", Optional.empty(), build(List.of(), allPatches), List.of(first, second));

        Certificate ofFirst = certify(first, List.of(), build(List.of(), lower));
        assertThat(ofFirst.reasons()).isEmpty();
        assertThat(names(ofFirst.replaced())).containsExactly("xen_extra_version");
        assertThat(names(ofFirst.brought()))
                .contains("suture_load", "suture_unload", "suture_saved", "suture_shadow_attach");
        assertThat(names(ofFirst.hooks())).containsExactlyInAnyOrder("suture_load", "suture_unload");

        Certificate ofSecond = certify(second, List.of(first), build(lower, upper));
        assertThat(ofSecond.reasons()).isEmpty();
        assertThat(names(ofSecond.replaced())).containsExactly("xen_changeset");
        assertThat(names(ofSecond.brought())).hasSize(1).first().asString().startsWith("text.");
        assertThat(ofSecond.hooks()).as("those of the payload below have run").isEmpty();
        assertThat(ofSecond.below()).extracting(Certificate.PayloadFile::name).containsExactly("first.livepatch");
        assertThat(ofSecond.applied())
                .extracting(Certificate.NamedFile::name)
                .containsExactly("first.patch", "limit.c");

        Certificate ofAll = certify(all, List.of(), build(List.of(), allPatches));
        assertThat(ofAll.reasons()).isEmpty();
        assertThat(names(ofAll.replaced())).containsExactly("xen_changeset", "xen_extra_version");

        Certificate withoutLowerPatches = certify(second, List.of(first), build(lower.subList(0, 1), upper));
        assertThat(withoutLowerPatches.verdict())
                .as("what only the payload below has is not this one's affair")
                .isEqualTo(Certificate.EXACT);
        Certificate tooMuch = certify(all, List.of(), build(List.of(), lower));
        assertThat(names(tooMuch.extra())).contains("xen_changeset");
        assertThat(tooMuch.verdict()).isEqualTo(Certificate.NOT_EXACT);
    }
}
