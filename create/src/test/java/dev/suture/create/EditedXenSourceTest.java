package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.Progress;
import dev.suture.Refusal;
import dev.suture.build.ScratchTree;
import dev.suture.build.SourcePatch;
import dev.suture.build.xen.XenBuildRequest;
import dev.suture.build.xen.XenTree;
import dev.suture.link.LinkResult;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file of a real Xen tree is edited after the build and gets its old time back: same size, so make sees nothing. */
@Tag("xen")
class EditedXenSourceTest {
    private static final String SOURCE = "xen/common/rangeset.c";
    private static final Set<String> NOT_NEEDED = Set.of("tools", "docs", "debian", ".pc", "stubdom");
    private static final String LIMIT = "    r->nr_ranges = limit;\n";

    @TempDir
    private static Path folder;

    private static XenTree tree;

    @BeforeAll
    static void copyTree() throws IOException {
        String named = System.getProperty("SUTURE_XEN_TREE", System.getenv("SUTURE_XEN_TREE"));
        assumeTrue(named != null && !named.isEmpty(), "SUTURE_XEN_TREE names no built Xen tree");
        XenTree original = XenTree.open(Path.of(named));
        try (ScratchTree copy = ScratchTree.open(
                folder.resolve("user"),
                original.root(),
                path -> !NOT_NEEDED.contains(path.getName(0).toString()),
                Progress.NONE)) {
            tree = XenTree.open(copy.root());
        }
    }

    /** Builds a payload for one changed line in a tree with an edit that make does not see. */
    private static CreateReport build(String line, String before, String after) throws IOException {
        Path file = tree.root().resolve(SOURCE);
        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        FileTime time = Files.getLastModifiedTime(file);
        assertThat(text).contains(before);
        assertThat(after).hasSameSizeAs(before);
        int number = (int) text.substring(0, text.indexOf(line)).lines().count() + 1;
        Path patch = Files.writeString(
                folder.resolve("fix.patch"),
                "--- a/%1$s\n+++ b/%1$s\n@@ -%2$d,1 +%2$d,1 @@\n-%3$s+%4$s"
                        .formatted(
                                SOURCE,
                                number,
                                line,
                                line.replace("limit;", "limit + 1;").replace("== 0", "== 7")));
        Files.writeString(file, text.replace(before, after), StandardCharsets.ISO_8859_1);
        Files.setLastModifiedTime(file, time);
        try {
            return create(List.of(SourcePatch.read(patch)));
        } finally {
            Files.writeString(file, text, StandardCharsets.ISO_8859_1);
            Files.setLastModifiedTime(file, time);
        }
    }

    private static CreateReport create(List<SourcePatch> patches) {
        XenBuildRequest build = new XenBuildRequest(
                tree, List.of(), patches, folder.resolve("cache"), Optional.empty(), false, false, 2);
        return CreateXenPayload.create(
                new CreateRequest(build, folder.resolve("fix.livepatch"), "fix", Optional.empty(), List.of(), Set.of()),
                Progress.NONE);
    }

    @Test
    void theSourceThatTheHypervisorWasBuiltFromGivesAPayload() throws IOException {
        CreateReport report = build(LIMIT, "nr_ranges", "nr_ranges");

        assertThat(report.refusals()).isEmpty();
        assertThat(report.functions()).extracting(LinkResult.Function::name).containsExactly("rangeset_limit");
    }

    @Test
    void anEditOfTheReplacedFunctionOutsideOfTheHunkIsRefused() throws IOException {
        String beforeIt = "x = xmalloc(struct range);\n    if ( ";
        CreateReport report = build("    if ( r->nr_ranges == 0 )\n", beforeIt + "x )", beforeIt + "r )");

        assertThat(report.refusals())
                .extracting(Refusal::text)
                .anyMatch(text -> text.contains("`rangeset_add_range` is not in"));
    }

    @Test
    void anEditOfAnotherFunctionDoesNotComeAlong() throws IOException {
        CreateReport report = build(LIMIT, "(r == NULL) || list_empty", "(r != NULL) || list_empty");

        assertThat(report.refusals())
                .extracting(Refusal::text)
                .anyMatch(text -> text.contains("`rangeset_is_empty` is not in"));
    }

    @Test
    void anEditThatNoCodeShowsIsNoReasonToRefuse() throws IOException {
        CreateReport report = build(LIMIT, "/* Allocate a new range */", "/* Allocate one   range */");

        assertThat(report.refusals()).isEmpty();
    }
}
