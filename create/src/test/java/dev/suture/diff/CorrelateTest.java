package dev.suture.diff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.diff.Comparison.Status;
import org.junit.jupiter.api.Test;

class CorrelateTest {
    @Test
    void whatAProgrammerNamedIsMatchedByName() {
        Change change = Change.of("int f(int x) { return x + 1; }", "int f(int x) { return x + 2; }");

        assertThat(change.twin("f")).isEqualTo("f NAME");
    }

    @Test
    void whatIsNewHasNoTwin() {
        Change change = Change.of("int f(void) { return 1; }", "int f(void) { return 1; } int g(void) { return 2; }");

        assertThat(change.twin("g")).isEqualTo("none");
        assertThat(change.status("g")).isEqualTo(Status.NEW);
    }

    @Test
    void whatIsGoneIsListedAsRemoved() {
        Change change = Change.of("int f(void) { return 1; } int g(void) { return 2; }", "int f(void) { return 1; }");

        assertThat(change.comparison().removed()).extracting(Piece::name).containsExactly("g");
    }

    @Test
    void theOrderOfFunctionsDoesNotMatter() {
        Change change = Change.of(
                "int f(int x) { return x * 3; } int g(int x) { return x * 5; } int v = 1; int w = 2;",
                "int w = 2; int v = 1; int g(int x) { return x * 5; } int f(int x) { return x * 3; }");

        assertThat(change.verdicts().lines()).containsExactlyInAnyOrder("f SAME", "g SAME", "v SAME", "w SAME");
    }

    private static final String TWO_COUNTERS = """
            int f(void) { static int count; return ++count; }
            int g(void) { static int count; return count += 2; }
            """;

    @Test
    void aStaticLocalIsMatchedByTheFunctionThatUsesIt() {
        Change change = Change.of(TWO_COUNTERS, TWO_COUNTERS);

        assertThat(change.twin("count.0")).isEqualTo("count.0 USERS");
        assertThat(change.twin("count.1")).isEqualTo("count.1 USERS");
    }

    @Test
    void staticLocalsThatSwapNumbersKeepTheirFunctions() {
        Change change = Change.of(TWO_COUNTERS, """
                int g(void) { static int count; return count += 2; }
                int f(void) { static int count; return ++count; }
                """);

        assertThat(change.twin("count.0")).isEqualTo("count.1 USERS");
        assertThat(change.twin("count.1")).isEqualTo("count.0 USERS");
        assertThat(change.status("f")).isEqualTo(Status.SAME);
        assertThat(change.status("g")).isEqualTo(Status.SAME);
    }

    @Test
    void aNewStaticLocalOfAKnownNameIsNew() {
        Change change = Change.of(
                "int f(void) { static int count; return ++count; } int g(void) { return 7; }",
                "int g(void) { static int count; return count += 2; } int f(void) { static int count; return ++count; }");

        assertThat(change.comparison().correlation().twinOfPatched(staticLocalOf(change, "g")))
                .isEmpty();
        assertThat(change.status("f")).isEqualTo(Status.SAME);
    }

    /** The static local that a function refers to. */
    private static Piece staticLocalOf(Change change, String function) {
        ObjectPieces patched = change.comparison().patched();
        return patched.references(change.patched(function)).stream()
                .map(Reference::target)
                .filter(Reference.InPiece.class::isInstance)
                .map(target -> patched.pieces().get(((Reference.InPiece) target).pieceIndex()))
                .filter(piece -> piece.kind() == Piece.Kind.DATA)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void compilerTablesAreMatchedByTheirContentsWhenTheirUsersChange() {
        String table = """
                int %s(unsigned x) { switch (x) { case 0: return %d; case 1: return 17; case 2: return 4;
                  case 3: return 99; case 4: return 1000; case 5: return -3; default: return 0; } }
                """;
        Change change = Change.of(table.formatted("f", 1), table.formatted("renamed", 1));

        assertThat(change.twin("CSWTCH.1")).isEqualTo("CSWTCH.1 CONTENTS");
    }

    @Test
    void aTableThatIsRenumberedIsTheSame() {
        String g = """
                int g(unsigned x) { switch (x) { case 0: return 7; case 1: return 17; case 2: return 4;
                  case 3: return 99; case 4: return 1000; case 5: return -3; default: return 0; } }
                """;
        Change change = Change.of(g, """
                int f(unsigned x) { switch (x) { case 0: return 1; case 1: return 5; case 2: return 4;
                  case 3: return 2; case 4: return 77; case 5: return -9; default: return 0; } }
                """ + g);

        assertThat(change.status("g")).isEqualTo(Status.SAME);
        assertThat(change.status("f")).isEqualTo(Status.NEW);
    }

    private static final String TWO_TABLES_OF_ONE_NAME = """
            int f(int x, int i) {
              if (x) { static const int t[] = {1, 2, 3, %d}; return t[i]; }
              else { static const int t[] = {9, 8, 7, %d}; return t[i]; } }
            """;

    @Test
    void staticsOfOneFunctionAreMatchedInTheirOrderWhenNothingElseTellsThemApart() {
        Change change = Change.of(TWO_TABLES_OF_ONE_NAME.formatted(4, 6), TWO_TABLES_OF_ONE_NAME.formatted(5, 7));

        assertThat(change.twin("t.0")).isEqualTo("t.0 ORDER");
        assertThat(change.twin("t.1")).isEqualTo("t.1 ORDER");
    }

    @Test
    void staticsOfOneFunctionWithKnownContentsAreMatchedByThem() {
        Change change = Change.of(TWO_TABLES_OF_ONE_NAME.formatted(4, 6), """
                int f(int x, int i) {
                  if (!x) { static const int t[] = {9, 8, 7, 6}; return t[i]; }
                  else { static const int t[] = {1, 2, 3, 4}; return t[i]; } }
                """);

        assertThat(change.twin("t.0")).isEqualTo("t.1 CONTENTS");
        assertThat(change.twin("t.1")).isEqualTo("t.0 CONTENTS");
    }

    @Test
    void aStaticLocalWhoseUsersChangeIsMatchedByTheFunctionItIsDeclaredIn() {
        String inlined = """
                static inline __attribute__((%s)) int next(void) { static int n; return ++n; }
                int f(void) { return next(); }
                int g(void) { static int n; return n += 3; }
                """;
        Change change = Change.of(inlined.formatted("always_inline"), inlined.formatted("noinline"), "-g");

        assertThat(change.twin("n.0")).isEqualTo("n.0 PLACE");
        assertThat(change.twin("n.1")).isEqualTo("n.1 PLACE");
    }

    @Test
    void whenOneOfANameIsAddedTheSameNumberIsAGuess() {
        Change change = Change.of("""
                static const int t[] asm("t.3") = {1, 2, 3, 5};
                int f(int x) { return t[x]; }
                """, """
                static const int t[] asm("t.3") = {1, 2, 3, 4}, u[] asm("t.4") = {1, 2, 3, 6};
                int f(int x) { return t[x] + u[x]; }
                """);

        assertThat(change.twin("t.3")).isEqualTo("t.3 NUMBERED_NAME");
        assertThat(change.twin("t.4")).isEqualTo("none");
    }

    @Test
    void whatIsLeftOfANameIsMatchedByPosition() {
        Change change = Change.of("""
                static const int t[] asm("t.3") = {1, 2, 3, 5};
                int f(int x) { return t[x]; }
                """, """
                static const int t[] asm("t.4") = {1, 2, 3, 4};
                int g(int x) { return t[x]; }
                """);

        assertThat(change.twin("t.4")).isEqualTo("t.3 POSITION");
    }

    @Test
    void functionNamesNumberedByTheCompilerAreMatched() {
        String f = "void say(const char *); void f(void) { say(__func__); }";
        Change change = Change.of(
                f, "void say(const char *); void e(void) { say(__func__); }" + f.substring(f.indexOf(';') + 1));

        assertThat(change.status("f")).isEqualTo(Status.SAME);
        assertThat(change.status("e")).isEqualTo(Status.NEW);
    }

    @Test
    void clonesAreMatchedWhateverTheirNumber() {
        String helper = """
                __attribute__((noinline)) static int helper(int a, int b, const int *p) { return a * b + p[0] + p[1]; }
                int f(const int *p) { return helper(1, 4, p); }
                int g(const int *p) { return helper(2, 4, p); }
                """;
        Change change = Change.of(helper, """
                __attribute__((noinline)) static int other(int a, int b, const int *p) { return a * b - p[0] * p[1]; }
                int e(const int *p) { return other(3, 9, p) + other(5, 9, p + 1); }
                """ + helper);

        assertThat(change.verdicts().lines()).contains("f SAME", "g SAME", "e NEW");
        assertThat(change.verdicts()).containsPattern("helper\\.constprop\\.\\d SAME");
    }

    @Test
    void aFunctionThatBecomesGlobalIsTheSameFunction() {
        Change change = Change.of(
                "__attribute__((used, noinline)) static int f(void) { return 1; }", "int f(void) { return 1; }");

        assertThat(change.status("f")).isEqualTo(Status.SAME);
    }

    @Test
    void aFunctionWithTwoNamesIsOnePiece() {
        String source = "int f(void) { return %d; } extern int g(void) __attribute__((alias(\"f\")));";
        Change change = Change.of(source.formatted(1), source.formatted(2));

        assertThat(change.patched("f")).isEqualTo(change.patched("g"));
        assertThat(change.status("g")).isEqualTo(Status.CHANGED);
    }

    @Test
    void aWeakFunctionIsMatchedLikeAnyOther() {
        String source = "__attribute__((weak)) int f(void) { return %d; }";
        Change change = Change.of(source.formatted(1), source.formatted(2));

        assertThat(change.twin("f")).isEqualTo("f NAME");
        assertThat(change.status("f")).isEqualTo(Status.CHANGED);
    }

    @Test
    void codeThatStaysIsNoTwinOfCodeThatIsGivenBackAfterBoot() {
        Change change = Change.of(
                "__attribute__((section(\".init.text\"))) int f(void) { return 1; }", "int f(void) { return 1; }");

        assertThat(change.twin("f")).isEqualTo("none");
    }
}
