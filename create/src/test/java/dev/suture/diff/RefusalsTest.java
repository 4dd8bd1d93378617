package dev.suture.diff;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What cannot go live, in the words that the author of the patch gets to read. */
class RefusalsTest {
    private static final String USE_A_HOOK =
            "\n        Leave its contents as they were in the source, and change them at run time from a load hook (LIVEPATCH_LOAD_HOOK) that an unload hook takes back.";

    private static String refused(String original, String patched, String... options) {
        return Change.of(original, patched, options).refusals();
    }

    @Test
    void changedWritableData() {
        assertThat(refused("struct { int a, b; } v = {1, 2};", "struct { int a, b; } v = {1, 3};"))
                .isEqualTo(
                        "unit.o: refused: data `v` changed (.data.v+0x4): its contents differ first at +0x4; the running system already uses the old contents"
                                + USE_A_HOOK);
    }

    @Test
    void resizedData() {
        assertThat(refused("int v[4];", "int v[6];")).isEqualTo("""
                        unit.o: refused: data `v` was resized (.bss.v): its size changes from 16 to 24 bytes; the running system holds it in its old size
                                Keep its size, and put what is new into a new variable which the changed functions use.""");
    }

    private static final String OTHER_SECTION =
            "\n        Leave its section, const and init attributes as they were, or introduce a new variable under another name.";

    @Test
    void dataThatBecomesConst() {
        assertThat(refused("int v = 3;", "const int v = 3;"))
                .isEqualTo(
                        "unit.o: refused: `v` moved from .data.v (writable data) to .rodata.v (read-only data); the running system keeps it where it was"
                                + OTHER_SECTION);
    }

    @Test
    void constantsThatBecomeWritable() {
        assertThat(refused("const int v = 3;", "int v = 3;"))
                .isEqualTo(
                        "unit.o: refused: `v` moved from .rodata.v (read-only data) to .data.v (writable data); the running system keeps it where it was"
                                + OTHER_SECTION);
    }

    @Test
    void dataOfTheBootThatIsToStay() {
        assertThat(refused("__attribute__((section(\".init.data\"))) int v = 3;", "int v = 3;"))
                .isEqualTo(
                        "unit.o: refused: `v` moved from .init.data (given back after boot) to .data.v (writable data); the running system has it no more"
                                + OTHER_SECTION);
    }

    @Test
    void dataThatIsToBeGivenBackAfterBoot() {
        assertThat(refused("int v = 3;", "__attribute__((section(\".init.data\"))) int v = 3;"))
                .isEqualTo(
                        "unit.o: refused: `v` moved from .data.v (writable data) to .init.data (given back after boot); the running system keeps it where it was"
                                + OTHER_SECTION);
    }

    @Test
    void aNewPerCpuVariable() {
        assertThat(refused("int f(int x) { return x * 77 + 1000; }", """
                __attribute__((section(".bss.percpu"))) int per_cpu__n;
                int f(int x) { return per_cpu__n += x * 77 + 1000; }
                """)).isEqualTo("""
                        unit.o: refused: per-CPU variable `per_cpu__n` is new; the per-CPU area of the running system has no room for it
                                Use an array indexed by the CPU number (of NR_CPUS entries), or keep the value in an existing per-CPU structure.""");
    }

    private static final String CHANGE_THE_CALLERS =
            "\n        Change its callers instead, for example by giving the new version another name and calling that.";

    @Test
    void aFunctionTooSmallForTheJump() {
        assertThat(refused("int f(int x) { return x; }", "int f(int x) { return x + 1; }"))
                .isEqualTo(
                        "unit.o: refused: function `f` is 3 bytes long, too small for the jump to its replacement, which needs 5"
                                + CHANGE_THE_CALLERS);
    }

    @Test
    void aFunctionTooSmallForTheJumpBehindItsEntryMark() {
        assertThat(refused("int f(int x) { return x; }", "int f(int x) { return x + 1; }", "-fcf-protection=branch"))
                .isEqualTo(
                        "unit.o: refused: function `f` is 7 bytes long, too small for the jump to its replacement, which needs 9"
                                + CHANGE_THE_CALLERS);
    }

    @Test
    void aFunctionThatTheJumpJustFitsInto() {
        String source = """
                .section .text.f,"ax"
                .globl f
                .type f,@function
                f: mov $%d, %%al
                nop
                nop
                ret
                .size f, .-f
                """;

        assertThat(Change.ofAssembly(source.formatted(1), source.formatted(2)).refusals())
                .isEmpty();
    }

    @Test
    void assemblyWithoutSizes() {
        String source = """
                .text
                .globl entry
                entry: mov $%d, %%eax
                ret
                """;

        assertThat(Change.ofAssembly(source.formatted(1), source.formatted(2)).refusals())
                .isEqualTo("""
                        unit.o: refused: assembly in .text changed near `entry`, and no symbol says where its functions begin and end
                                Hand-written code without symbol sizes cannot be cut out. Move the change into a C function, or give the code a type and size in the running build first.""");
    }

    private static final String TWO_FUNCTIONS = """
            .text
            .globl f
            .type f,@function
            f: mov $%d, %%eax
            %s
            .size f, .-f
            .globl g
            .type g,@function
            g:
            1: mov $5, %%eax
            ret
            .size g, .-g
            """;

    private static String assembly(String end) {
        return Change.ofAssembly(TWO_FUNCTIONS.formatted(1, end), TWO_FUNCTIONS.formatted(2, end))
                .refusals();
    }

    private static final String MOVE_IT =
            "\n        Move the change into a C function, or end the function with a jump to a global symbol.";

    @Test
    void anAssemblyFunctionThatRunsOnIntoItsNeighbour() {
        assertThat(assembly("inc %eax"))
                .isEqualTo(
                        "unit.o: refused: assembly function `f` changed, and it runs on into what follows it, so it cannot be moved on its own"
                                + MOVE_IT);
    }

    @Test
    void anAssemblyFunctionThatJumpsToItsNeighbour() {
        assertThat(assembly("jmp 1f"))
                .isEqualTo(
                        "unit.o: refused: assembly function `f` changed, and it jumps to its neighbour at +0x5 without a relocation, so it cannot be moved on its own"
                                + MOVE_IT);
    }

    @Test
    void anAssemblyFunctionWithAnEnd() {
        assertThat(assembly("ret")).isEmpty();
    }

    @Test
    void aNewFunctionThatJumpsToItsNeighbour() {
        String source = """
                .section .text.f,"ax"
                .globl f
                .type f,@function
                f: mov $1, %%eax
                call %s
                ret
                .size f, .-f
                .text
                .type helper,@function
                helper: mov $1, %%eax
                jmp 1f
                .size helper, .-helper
                .type other,@function
                other: nop
                1: ret
                .size other, .-other
                """;

        assertThat(Change.ofAssembly(
                                source.formatted("g"),
                                source.formatted("helper").replace("$1", "$9"))
                        .refusals())
                .contains("jumps to its neighbour at +0x5 without a relocation");
    }

    @Test
    void dataWithoutAName() {
        String source = """
                .section .data.x,"aw"
                .quad %d
                """;

        assertThat(Change.ofAssembly(source.formatted(1), source.formatted(2)).refusals())
                .isEqualTo("""
                        unit.o: refused: data without a name in .data.x changed, and nothing tells which code uses it
                                Give the data a symbol with a type and size, or change it from a load hook.""");
    }

    private static final String ANOTHER_NAME =
            "\n        Give the new contents another name and use that in the functions that need it, or change the running system's copy from a load hook.";

    @Test
    void aChangedConstantThatOtherObjectsMayUse() {
        assertThat(refused("const int v = 3;", "const int v = 4;"))
                .isEqualTo(
                        "unit.o: refused: constant `v` changed, and it is global, so other objects may use it: the old contents would stay in use there"
                                + ANOTHER_NAME);
    }

    @Test
    void aChangedConstantThatWritableDataPointsTo() {
        String source = """
                static const int table[] = {1, 2, %d};
                static const int *current = table;
                int f(int i) { return current ? current[i] : 0; }
                void g(int x) { current = x ? table : 0; }
                """;

        assertThat(refused(source.formatted(3), source.formatted(4)))
                .isEqualTo(
                        "unit.o: refused: constant `table` changed, and `g` stores its address in `current` (+0x12): the old contents would stay in use there"
                                + ANOTHER_NAME
                                + "\nunit.o: refused: constant `table` changed, and `current` holds its address: the old contents would stay in use there"
                                + ANOTHER_NAME);
    }

    @Test
    void aChangedConstantThatBootCodeHandedOut() {
        String source = """
                static const int table[] = {1, 2, %d};
                void publish(const int *);
                __attribute__((section(".init.text"))) void start(void) { publish(table); }
                """;

        assertThat(refused(source.formatted(3), source.formatted(4)))
                .isEqualTo(
                        "unit.o: refused: constant `table` changed, and `start` goes on with its address in `publish` (+0x7) at boot: the old contents would stay in use there"
                                + ANOTHER_NAME);
    }

    @Test
    void aChangedConstantThatAssemblyUses() {
        String source = """
                .section .text.f,"ax"
                entry: lea table(%%rip), %%rax
                ret
                .section .rodata.table,"a"
                .type table,@object
                table: .long %d
                .size table, 4
                """;

        assertThat(Change.ofAssembly(source.formatted(3), source.formatted(4)).refusals())
                .isEqualTo(
                        "unit.o: refused: constant `table` changed, and assembly in .text.f uses it: the old contents would stay in use there"
                                + ANOTHER_NAME);
    }

    @Test
    void anEntryOfATableThatTheLinkerGathers() {
        String entry = "__attribute__((section(\".data.drivers\"), used)) static int (*%s)(void) = f;";
        String source = "int f(void) { return 1; }";

        assertThat(refused(source, source + entry.formatted("added")))
                .contains("data `added` is new, and no code of its object uses it");
    }

    @Test
    void aStaticLocalThatCannotBeToldFromAnother() {
        assertThat(refused(
                        "int f(int x) { static int n; return x * 77 + ++n; } int g(int x) { return x * 3 + 1000; }",
                        "int f(int x) { return x * 77 + 1000; } int g(int x) { static int n; return x * 77 + ++n; }"))
                .isEqualTo("""
                        unit.o: refused: `g` uses the static variable `n.0`, and nothing tells for certain which one of the running system that is
                                Leave the line that declares it as it was, give a variable that is new another name, and build with debug information (-g, CONFIG_DEBUG_INFO=y), which does not change the code.""");
    }

    @Test
    void debugInformationTellsAStaticLocalFromAnother() {
        Change change = Change.of(
                "int f(int x) { static int n; return x * 77 + ++n; } int g(int x) { return x * 3 + 1000; }",
                "int f(int x) { return x * 77 + 1000; } int g(int x) { static int n; return x * 77 + ++n; }",
                "-g");

        assertThat(change.chosen()).contains("f", "g").anyMatch(name -> name.startsWith("n."));
        assertThat(change.refusals()).isEmpty();
    }

    @Test
    void aStaticLocalAmongMoreOfItsNameThanBefore() {
        String once = "if (x == %d) { static int n; x += ++n; } ";
        String source = "int f(int x) { %s return x * 77; }";

        assertThat(refused(
                        source.formatted(once.formatted(3)), source.formatted(once.formatted(1) + once.formatted(3))))
                .contains("and nothing tells for certain which one of the running system that is");
    }

    @Test
    void entryCode() {
        String source = "__attribute__((section(\".text.entry\"))) int f(int x) { return x * 77 + %d; }";

        assertThat(refused(source.formatted(1000), source.formatted(1001)))
                .startsWith("unit.o: refused: `f` changed, and it is entry code (.text.entry)");
    }
}
