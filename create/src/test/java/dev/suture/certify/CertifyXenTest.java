package dev.suture.certify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.LivePatchException;
import dev.suture.Progress;
import dev.suture.build.SourcePatch;
import dev.suture.build.xen.WholeXenBuild;
import dev.suture.build.xen.XenBuildRequest;
import dev.suture.build.xen.XenTree;
import dev.suture.create.CreateRequest;
import dev.suture.create.CreateXenPayload;
import dev.suture.diff.Change;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.SplitObject;
import dev.suture.diff.Tools;
import dev.suture.elf.ElfFile;
import dev.suture.link.LinkedPatch;
import dev.suture.payload.XenRelease;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Certificates for the hypervisor of a real tree. */
@Tag("xen")
class CertifyXenTest {
    @TempDir
    private static Path folder;

    private static XenTree tree;

    @BeforeAll
    static void findTree() {
        String given = System.getenv("SUTURE_XEN_TREE");
        assumeTrue(given != null, "SUTURE_XEN_TREE is not set: make test builds a Xen tree and sets it");
        tree = XenTree.open(Path.of(given));
    }

    private static Baseline baseline(String object, Path instead) {
        return baseline(object, instead, tree.xenDirectory().resolve(".config"));
    }

    private static Baseline baseline(String object, Path instead, Path config) {
        SpecialSections tables =
                SpecialSections.xenX86(XenRelease.of(tree.version()).minor());
        ElfFile image = ElfFile.read(tree.xenSyms());
        List<ObjectPieces> objects = WholeXenBuild.objectsOf(tree).parallelStream()
                .map(name -> {
                    Path file =
                            name.equals(object) ? instead : tree.xenDirectory().resolve(name);
                    return SplitObject.split(name, ElfFile.read(file), tables);
                })
                .toList();
        return ProveBaseline.prove(
                new Program(objects),
                new RunningSystem(image, List.of(), tables),
                new CauseOfDifference(image, CompareConfig.differences(image, config)));
    }

    @Test
    void theObjectsOfTheTreeAreWhatXenSymsWasLinkedFrom() {
        Baseline baseline = baseline("", Path.of(""));

        assertThat(baseline.first()).isEmpty();
        assertThat(baseline.proven()).isTrue();
        assertThat(baseline.functions()).isGreaterThan(3000);
        assertThat(baseline.variables()).isGreaterThan(1500);
    }

    @Test
    void anObjectOfOtherFlagsIsNamedWithTheCause() throws IOException {
        Baseline baseline = baseline("common/kernel.o", compile("common/kernel.o", "-O2", "-O1"));

        assertThat(baseline.proven()).isFalse();
        assertThat(baseline.first()).hasValueSatisfying(first -> {
            assertThat(first.object()).isEqualTo("common/kernel.o");
            assertThat(first.cause()).isEqualTo(tree.hasDebugInfo() ? "other flags" : "other source");
        });
    }

    @Test
    void anObjectOfAnotherConfigurationIsNamedWithTheCause() throws IOException {
        Path own = tree.xenDirectory().resolve(".config");
        String config = Files.readString(own);
        String cpus = config.lines()
                .filter(line -> line.startsWith("CONFIG_NR_CPUS="))
                .findFirst()
                .orElseThrow();
        assumeTrue(config.contains("CONFIG_HYPFS_CONFIG=y"), "the hypervisor does not hold its configuration");
        Path other = Files.writeString(folder.resolve("config"), config.replace(cpus, "CONFIG_NR_CPUS=33"));
        Path header = Files.writeString(
                folder.resolve("config.h"),
                "#include <xen/config.h>\n#undef CONFIG_NR_CPUS\n#define CONFIG_NR_CPUS 33\n");
        Path object = compile("common/core_parking.o", " -c ", " -include " + header + " -c ");

        assertThat(baseline("common/core_parking.o", object, other).first()).hasValueSatisfying(first -> {
            assertThat(first.object()).isEqualTo("common/core_parking.o");
            assertThat(first.cause()).isEqualTo("other config");
            assertThat(first.evidence()).endsWith(": %s (program), CONFIG_NR_CPUS=33 (tree)".formatted(cpus));
        });
    }

    @Test
    void anObjectOfAnotherSourceIsNamedWithTheCause() throws IOException {
        Path header = Files.writeString(
                folder.resolve("other.h"), "#include <xen/version.h>\n#define xen_minor_version() 99\n");
        Path object = compile("common/kernel.o", " -c ", " -include " + header + " -c ");

        assertThat(baseline("common/kernel.o", object).first()).hasValueSatisfying(first -> {
            assertThat(first.object()).isEqualTo("common/kernel.o");
            assertThat(first.cause()).isEqualTo("other source");
        });
    }

    /** Compiles an object of the tree by the command that make recorded, but for a change of it, into a folder. */
    private static Path compile(String object, String flag, String instead) throws IOException {
        int name = object.lastIndexOf('/') + 1;
        Path commands = tree.xenDirectory().resolve(object.substring(0, name) + "." + object.substring(name) + ".cmd");
        String command = Files.readString(commands, StandardCharsets.ISO_8859_1)
                .lines()
                .findFirst()
                .orElseThrow();
        Path output = Files.createTempDirectory(folder, "object").resolve("output.o");
        String changed = command.substring(command.indexOf(":=") + 2)
                .replace(flag, instead)
                .replaceAll("-MF \\S+", "-MF " + output + ".d")
                .replaceAll("-Wp,-M\\S+", "")
                .replaceAll(" -o \\S+", " -o " + output);
        assertThat(changed).contains(instead).contains(output.toString());
        Tools.run(tree.xenDirectory(), List.of("sh", "-c", changed.replaceAll(";.*", "")));
        return output;
    }

    @Test
    void theShippedImageIsWhatXenSymsLoads() throws IOException {
        ElfFile xenSyms = ElfFile.read(tree.xenSyms());
        Path shipped = tree.xenDirectory().resolve("xen.gz");
        assertThat(CompareShipped.compare(shipped, "", xenSyms).same()).isTrue();

        byte[] changed = new GZIPInputStream(new ByteArrayInputStream(Files.readAllBytes(shipped))).readAllBytes();
        changed[changed.length / 2] ^= 1;
        Path other = Files.write(folder.resolve("xen"), changed);
        Certificate.Shipped compared = CompareShipped.compare(other, "", xenSyms);
        assertThat(compared.same()).isFalse();
        assertThat(compared.difference()).startsWith("at 0xffff82d0");
    }

    private static Path patch(String name, String... fromTo) throws IOException {
        Path a = Files.createDirectories(folder.resolve(name + "/a/xen/common"));
        Path b = Files.createDirectories(folder.resolve(name + "/b/xen/common"));
        String text = Files.readString(tree.xenDirectory().resolve("common/version.c"));
        Files.writeString(a.resolve("version.c"), text);
        for (int i = 0; i < fromTo.length; i += 2) {
            assertThat(text).contains(fromTo[i]);
            text = text.replace(fromTo[i], fromTo[i + 1]);
        }
        Files.writeString(b.resolve("version.c"), text);
        Path patch = folder.resolve(name + ".patch");
        Tools.run(folder.resolve(name), List.of("sh", "-c", "diff -u -r a b > " + patch + " || test $? = 1"));
        return patch;
    }

    private static Path payload(Path patch) {
        Path output = folder.resolve(patch.getFileName() + ".livepatch");
        List<SourcePatch> patches = List.of(SourcePatch.read(patch));
        CreateXenPayload.create(
                new CreateRequest(
                        XenBuildRequest.of(tree, patches), output, "certified", Optional.empty(), List.of(), Set.of()),
                Progress.NONE);
        return output;
    }

    @Test
    void aPayloadThatIsStackedOnAnotherIsTurnedAwayBeforeAnythingIsBuilt() throws IOException {
        String source = "int keep(int x) { return x * 333 + 7; }\n";
        byte[] stacked = LinkedPatch.of(Change.of(source, source.replace("333", "444")), SmallPatch.REST)
                .on("00112233445566778899aabbccddeeff00112233")
                .payload();
        Path payload = Files.write(folder.resolve("stacked.livepatch"), stacked);
        Path patch = patch("stacked", ONE);

        assertThatThrownBy(() -> certify(payload, patch, true))
                .isInstanceOf(LivePatchException.class)
                .hasMessageContaining("is stacked on what has the build id 00112233");
    }

    private static Certificate certify(Path payload, Path patch, boolean fromNothing) {
        XenBuildRequest build = XenBuildRequest.of(tree, List.of(SourcePatch.read(patch)));
        return Certify.certify(
                        new CertifyRequest(payload, List.of(), build, Optional.empty(), fromNothing), Progress.NONE)
                .certificate();
    }

    private static List<String> names(List<Finding> findings) {
        List<String> names = new ArrayList<>();
        findings.forEach(finding -> names.add(finding.name()));
        return names;
    }

    static final String[] ONE = {"return XEN_EXTRAVERSION;", "return \"-one\";"};
    static final String[] BOTH = {
        "return XEN_EXTRAVERSION;", "return \"-one\";", "return XEN_CHANGESET;", "return \"two\";"
    };

    @Test
    @Tag("long")
    void aPayloadIsExactForItsPatchAndForNoOther() throws IOException {
        Path one = patch("one", ONE);
        Path both = patch("both", BOTH);
        Path payloadOfOne = payload(one);
        Path payloadOfBoth = payload(both);

        Certificate exact = certify(payloadOfOne, one, true);
        assertThat(exact.reasons()).isEmpty();
        assertThat(exact.verdict()).isEqualTo(Certificate.EXACT);
        assertThat(names(exact.replaced())).containsExactly("xen_extra_version");
        assertThat(exact.patchedBuild()).isEqualTo(Certificate.FROM_NOTHING);

        Certificate tooLittle = certify(payloadOfOne, both, false);
        assertThat(tooLittle.verdict()).isEqualTo(Certificate.NOT_EXACT);
        assertThat(names(tooLittle.missing())).containsExactly("xen_changeset");

        Certificate tooMuch = certify(payloadOfBoth, one, false);
        assertThat(tooMuch.verdict()).isEqualTo(Certificate.NOT_EXACT);
        assertThat(names(tooMuch.extra())).contains("xen_changeset");
        assertThat(tooMuch.missing()).isEmpty();

        assertThat(certify(payloadOfOne, both, false)).isEqualTo(tooLittle);
    }
}
