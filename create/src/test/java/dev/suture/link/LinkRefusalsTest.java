package dev.suture.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.diff.Change;
import dev.suture.diff.Tools;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What cannot be linked, in the words that the author of the patch gets to read. */
class LinkRefusalsTest {
    private static final String REST = "int outer(int x) { return x + 1; }";

    @Test
    void aRelocationThatXenDoesNotApply() {
        String source = "static int v[9]; int f(int x) { v[x]++; return v[x] * 77 + %d; }";
        LinkedPatch patch = LinkedPatch.atTheTop(
                Change.of(source.formatted(1000), source.formatted(2000), "-fno-pic", "-mcmodel=kernel"));

        assertThat(patch.refusals()).isEqualTo("""
                        unit.o: refused: `f` needs a relocation R_X86_64_32S, which Xen does not apply to payloads
                                Compile the object as the rest of Xen is: position independent, with hidden visibility.""");
    }

    @Test
    void aSymbolThatTheProgramDoesNotHave() {
        LinkedPatch patch = LinkedPatch.of(
                Change.of(
                        "int missing(int), outer(int); int f(int x) { return outer(x) * 77; }",
                        "int missing(int), outer(int); int f(int x) { return missing(x) * 77; }"),
                REST);

        assertThat(patch.refusals()).isEqualTo("""
                        unit.o: refused: `f` refers to `missing`, which %s does not have
                                Check that the tree's objects are those the running hypervisor was linked from; if a payload below this one brings the symbol, name that payload with --depends.""".formatted(patch.image().name()));
    }

    @Test
    void aSymbolThatTheProgramHasTwice() {
        String source = "static int v = 4; int %s(int x) { return v += x * 77 + %d; }";
        Change change = Change.of(source.formatted("f", 1000), source.formatted("f", 2000));
        List<Path> objects = new ArrayList<>(change.originals());
        objects.add(Tools.gcc("unit.c", source.formatted("g", 1000)));
        LinkedPatch patch = LinkedPatch.of(change, REST).against(objects);

        assertThat(patch.refusals()).isEqualTo("""
                        unit.o: refused: `f` refers to `unit.c#v`, and the running hypervisor has several of that name
                                Build the hypervisor with CONFIG_ENFORCE_UNIQUE_SYMBOLS, or let the patch avoid the reference.""");
    }

    @Test
    void aVariableWithoutASize() {
        String source =
                "int outer(int); void take(void *); static struct {} v; int f(int x) { take(&v); return x * 77 + %d; }";
        LinkedPatch patch = LinkedPatch.of(
                Change.of(source.formatted(1000), source.formatted(2000)), REST + "void take(void *p) { (void)p; }");

        assertThat(patch.refusals()).isEqualTo("""
                        unit.o: refused: `f` refers to a variable without a size, or to the section .bss.v, of which nothing is in the program
                                Give the variable a size, or let the patch avoid the reference.""");
    }

    @Test
    void anObjectThatIsNotTheOneThatWasLinked() {
        Change change = Change.of("int f(int x) { return x * 77 + 1000; }", "int f(int x) { return x * 77 + 2000; }");
        Path linked = Tools.gcc("unit.c", "int f(int x) { return x * 77 * x + 1000; }");
        LinkedPatch patch = LinkedPatch.of(change, REST).against(List.of(linked));

        assertThat(patch.refusals())
                .matches(
                        "unit\\.o: refused: `f` has \\d+ bytes in the tree's object but \\d+ in .*program: the object is not the "
                                + "one that was linked\n        Use the tree exactly as it was when the running hypervisor was built\\.");
    }

    @Test
    void aReplacedFunctionThatTheProgramDoesNotHave() {
        Change change = Change.of("int f(int x) { return x * 77 + 1000; }", "int f(int x) { return x * 77 + 2000; }");
        LinkedPatch patch = LinkedPatch.of(change, REST).against(List.of(Tools.gcc("rest.c", REST)));

        assertThat(patch.refusals())
                .startsWith("unit.o: refused: `f` is to be replaced, and ")
                .contains("program does not have it\n");
    }

    @Test
    void aPayloadThatIsTooLarge() {
        Change change = Change.of("int f(int i) { return i * 77 + 1000; }", """
                static int large[600000] = {1};
                int f(int i) { return large[i]++; }
                """);

        assertThat(LinkedPatch.of(change, REST).refusals())
                .matches("refused: the payload has 2,4\\d\\d,\\d\\d\\d bytes, and Xen takes at most 2,097,152\n"
                        + "        Split the patch into several payloads, stacked with --depends\\.")
                .doesNotContain("unit.o");
    }

    @Test
    void aVariableThatIsTooLarge() {
        Change change = Change.of("int f(int i) { return i * 77 + 1000; }", """
                static int large[600000];
                int f(int i) { return large[i]++; }
                """);

        assertThat(LinkedPatch.of(change, REST).refusals()).isEqualTo("""
                        refused: the payload's variables without initial values take 2,400,000 bytes, and Xen takes at most 2,097,152
                                Allocate what is large at run time, from a load hook.""");
    }

    @Test
    void twoHooksWhereXenCallsOne() {
        String hook = "static int %1$s(void *p) { return 0; } static int (*hook_%1$s)(void *) "
                + "__attribute__((section(\".livepatch.hooks.preapply\"), used)) = %1$s;";
        Change change = Change.of(
                "int f(int i) { return i * 77 + 1000; }",
                "int f(int i) { return i * 77 + 1000; }" + hook.formatted("one") + hook.formatted("two"));

        assertThat(LinkedPatch.of(change, REST).refusals()).isEqualTo("""
                        refused: the patch has 2 hooks in .livepatch.hooks.preapply, and Xen takes one
                                Call what has to be done from a single hook.""");
    }
}
