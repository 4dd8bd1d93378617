package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Progress;
import dev.suture.build.SourcePatch;
import dev.suture.diff.Compare;
import dev.suture.diff.Comparison;
import dev.suture.diff.Correlate;
import dev.suture.diff.LineNumbers;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Selection;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.SplitObject;
import dev.suture.diff.TargetTraits;
import dev.suture.diff.Tools;
import dev.suture.elf.ElfFile;
import dev.suture.link.LinkResult;
import dev.suture.payload.Payload;
import dev.suture.payload.Stack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The first of two patches makes the compiler inline otherwise, and its payload leaves {@code f} as it runs. */
class SelectOnStackTest {
    private static final String MAIN = """
            #include <stdio.h>
            int f(int x), g(int x), k(int x);
            int main(void) { for (int i = 0; i < 9; i++) printf("%d %d %d\\n", f(i), g(i), k(i)); return 0; }
            """;
    private static final String ORIGINAL = """
            static int h(int x)
            {
                int sum = 1;
                for (int i = 0; i < x; i++)
                    sum = sum * 31 + (i ^ x) % 7 - (sum >> 3);
                for (int i = x; i > 0; i -= 2)
                    sum = sum * 17 - (i | x) % 5 + (sum >> 5);
                return sum;
            }
            __attribute__((noinline)) int f(int x)
            {
                return h(x) + 1;
            }
            __attribute__((noinline)) int g(int x)
            {
                return x * 12345 + 77;
            }
            """;
    private static final String FIRST = ORIGINAL.replace("return x * 12345 + 77;", "return h(x) - 1;");
    private static final String OTHER = "__attribute__((noinline)) int k(int x)\n{\n    return x * 12345 + 66;\n}\n";
    private static final String COMMAND =
            "gcc -O2 -c main.c && gcc -O2 -c work.c && gcc -O2 -c other.c && gcc -Wl,--build-id *.o -o program";

    @TempDir
    private Path directory;

    private void source() throws IOException {
        Path source = Files.createDirectories(directory.resolve("source"));
        Files.writeString(source.resolve("main.c"), MAIN);
        Files.writeString(source.resolve("work.c"), ORIGINAL);
        Files.writeString(source.resolve("other.c"), OTHER);
        Path running = directory.resolve("running");
        Tools.run(directory, List.of("cp", "-a", "source", "running"));
        Tools.run(running, List.of("sh", "-c", COMMAND));
    }

    private SourcePatch patch(String file, String before, String after) throws IOException {
        Path a = Files.writeString(directory.resolve("before"), before);
        Path b = Files.writeString(directory.resolve("after"), after);
        Path patch = Files.createTempFile(directory, "change", ".patch");
        String diff = "diff -u --label=a/%s --label=b/%s %s %s > %s || test $? = 1".formatted(file, file, a, b, patch);
        Tools.run(directory, List.of("sh", "-c", diff));
        return SourcePatch.read(patch);
    }

    private CreateReport create(String name, List<SourcePatch> applied, SourcePatch patch, Optional<String> depends) {
        PayloadRequest payload =
                new PayloadRequest(directory.resolve(name + ".livepatch"), name, depends, List.of(), Set.of());
        ProcessRequest request = new ProcessRequest(
                directory.resolve("source"),
                COMMAND,
                directory.resolve("running/program"),
                Optional.empty(),
                applied,
                List.of(patch),
                directory.resolve("cache"),
                false,
                2,
                payload);
        CreateReport report = CreateProcessPayload.create(request, Progress.NONE);
        assertThat(report.refusals()).isEmpty();
        return report;
    }

    private static List<String> replaced(CreateReport report) {
        return report.functions().stream().map(LinkResult.Function::name).toList();
    }

    private static Map<String, String> left(CreateReport report) {
        return Payload.read(report.output().orElseThrow()).stack().orElseThrow().left();
    }

    @Test
    void whatAPayloadBelowLeftAsItRanIsReplacedOnceItsNeighboursChange() throws IOException {
        source();
        SourcePatch first = patch("work.c", ORIGINAL, FIRST);
        SourcePatch second = patch("work.c", FIRST, FIRST.replace("- 1;", "- 2;"));

        CreateReport lower = create("first", List.of(), first, Optional.empty());
        assertThat(replaced(lower)).containsExactly("g");
        assertThat(lower.leftOut()).extracting(Selection.LeftOut::symbol).containsExactly("f");
        assertThat(left(lower)).containsOnlyKeys("f");

        CreateReport upper =
                create("second", List.of(first), second, lower.output().map(Path::toString));
        assertThat(replaced(upper)).containsExactlyInAnyOrder("f", "g");
        assertThat(upper.functions())
                .filteredOn(function -> function.name().equals("f"))
                .extracting(LinkResult.Function::reason)
                .containsExactly("a payload below left it as it ran, though its source compiled to other code");
        assertThat(left(upper)).isEmpty();
    }

    /** As in Xen, where every function has a section of its own. */
    @Test
    void whatAPayloadBelowLeftAsItRanStaysIfItsSourceCompilesToThatAgain() {
        SpecialSections tables = SpecialSections.xenX86(17);
        Path linked = Tools.gcc("work.c", ORIGINAL);
        ObjectPieces first = SplitObject.split("work.o", ElfFile.read(Tools.gcc("work.c", FIRST)), tables);
        String third = ORIGINAL.replace("12345", "54321");
        ObjectPieces patched = SplitObject.split("work.o", ElfFile.read(Tools.gcc("work.c", third)), tables);
        List<Comparison> comparisons =
                List.of(Compare.compare(Correlate.correlate(first, patched), LineNumbers.UNMOVED));
        Stack below = new Stack(List.of(), Map.of(), Map.of("f", "it stays right"));

        Selection selection =
                SelectOnStack.select(comparisons, TargetTraits.HYPERVISOR, below, Map.of("work.o", linked), tables);
        assertThat(selection.replaced())
                .extracting(chosen -> chosen.piece().name())
                .containsExactly("g");
        assertThat(selection.leftOut()).singleElement().satisfies(left -> {
            assertThat(left.symbol()).isEqualTo("f");
            assertThat(left.why())
                    .endsWith("; a payload below left it as it ran, and that is what its source compiles to again");
        });

        Selection unknown = SelectOnStack.select(comparisons, TargetTraits.HYPERVISOR, below, Map.of(), tables);
        assertThat(unknown.replaced())
                .extracting(chosen -> chosen.piece().name())
                .containsExactlyInAnyOrder("f", "g");
    }

    @Test
    void whatAPayloadBelowLeftAsItRanStaysWhileOnlyOtherObjectsChange() throws IOException {
        source();
        SourcePatch first = patch("work.c", ORIGINAL, FIRST);
        SourcePatch second = patch("other.c", OTHER, OTHER.replace("66", "67"));

        CreateReport lower = create("first", List.of(), first, Optional.empty());
        CreateReport upper =
                create("second", List.of(first), second, lower.output().map(Path::toString));

        assertThat(replaced(upper)).containsExactly("k");
        assertThat(left(upper)).as("the next payload has to know").containsOnlyKeys("f");
    }
}
