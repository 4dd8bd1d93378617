package dev.suture.diff;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Which static variable of a block the running system's is: told by where it is declared, never by its number. */
class BlockVariablesTest {
    private static final String COUNT = "#define COUNT(by) ({ static int n; n += by; n; })\nvoid say(int);\n";
    private static final String TWO = COUNT + """
            int f(int x) {
              say(1);
              say(COUNT(1));
              say(2);
              say(COUNT(1000));
              return x;
            }
            """;

    private static void assertUncertain(Change change) {
        assertThat(change.refusals())
                .startsWith("unit.o: refused: `f` uses the static variable `n.")
                .contains("`, and nothing tells for certain which one of the running system that is\n"
                        + "        Leave the line that declares it as it was, give a variable that is new another name, and"
                        + " build with debug information (-g, CONFIG_DEBUG_INFO=y), which does not change the code.");
    }

    @Test
    void variablesOfOneNameInOneFunctionKeepTheirPlaces() {
        Change change = Change.of(TWO, TWO.replace("say(2);", "say(22);"), "-g");

        assertThat(change.twin("n.0")).isEqualTo("n.0 PLACE");
        assertThat(change.twin("n.1")).isEqualTo("n.1 PLACE");
        assertThat(change.explain()).isEqualTo("replaced f\n");
    }

    @Test
    void oneMoreBeforeThemMakesTheNumbersOthers() {
        Change change = Change.of(TWO, TWO.replace("say(1);", "say(COUNT(7));"), "-g");

        assertThat(change.explain()).matches("replaced f\nnew n\\.[0-2]: `f` uses it\n");
    }

    @Test
    void thoseThatSwapTheirPlacesAreNotTakenForEachOther() {
        assertUncertain(Change.of(
                TWO,
                TWO.replace("COUNT(1)", "COUNT(0)")
                        .replace("COUNT(1000)", "COUNT(1)")
                        .replace("COUNT(0)", "COUNT(1000)")
                        .replace("say(2);\n", ""),
                "-g"));
    }

    @Test
    void twoOnALineThatThePatchReplacesAreNotToldApart() {
        String line = COUNT + "int f(void) { int a = COUNT(1); say(a); int b = COUNT(1000); say(b); return b; }\n";
        String swapped = COUNT + "int f(void) { int b = COUNT(1000); say(b); int c = COUNT(1); say(c); return b; }\n";

        assertUncertain(Change.of(line, swapped, "-g"));
        assertUncertain(Change.of(line, swapped));
    }

    @Test
    void twoOnALineThatStaysAreToldApartByTheirColumns() {
        String source = COUNT + "int f(void) {\n  int a = COUNT(1); say(a); int b = COUNT(1000);\n  return a + b;\n}\n";
        Change change = Change.of(source, source.replace("a + b", "a - b"), "-g");

        assertThat(change.twin("n.0")).isEqualTo("n.0 PLACE");
        assertThat(change.explain()).isEqualTo("replaced f\n");
    }

    @Test
    void theOnlyOneOnALineThatIsEditedStays() {
        String source = COUNT + "int f(int x) {\n  say(x);\n  say(COUNT(1));\n  return 0;\n}\n";

        assertThat(Change.of(source, source.replace("COUNT(1)", "COUNT(1) + x"), "-g")
                        .explain())
                .isEqualTo("replaced f\n");
    }

    /** One use of the macro goes, another one comes elsewhere in the function: two variables, and not one. */
    @Test
    void theOnlyOneThatComesBackElsewhereIsAnotherOne() {
        String source = COUNT + "int f(int x) {\n  say(COUNT(1));\n  say(3);\n  say(4);\n  say(x);\n  return 0;\n}\n";

        assertUncertain(
                Change.of(source, source.replace("COUNT(1)", "1").replace("say(x);", "say(COUNT(1000));"), "-g"));
    }

    @Test
    void variablesOfNestedBlocksKeepTheirPlaces() {
        String source = """
                int f(int x) {
                  if (x > 1) { static int n; n += x;
                    if (x > 2) { static int n; n += 2 * x; x += n; }
                    return n; }
                  { static int n; n -= x; return n + 7; }
                }
                """;
        Change change = Change.of(source, source.replace("+ 7", "+ 8"), "-g");

        for (String name : new String[] {"n.0", "n.1", "n.2"}) {
            assertThat(change.twin(name)).isEqualTo(name + " PLACE");
        }
        assertThat(change.explain()).isEqualTo("replaced f\n");
    }

    @Test
    void aVariableOfACloneIsThatOfTheFunction() {
        String source = """
                void say(int);
                static __attribute__((noinline)) int h(int a, int b, int c) { static int n;
                  n += a;
                  say(b); say(b + 1); return n * c; }
                int f(int x) { return h(x, 3, 4); }
                int g(int x) { return h(x, 3, 4) + 1; }
                """;

        assertThat(Change.of(source, source.replace("n * c", "n * c + 9"), "-g").explain())
                .isEqualTo("replaced h.constprop.0\n");
    }

    @Test
    void variablesOfCxxAreNotTakenByTheirNumberEither() {
        String source = """
                void say(int);
                int f(int x) {
                  { static int n; n += x; say(n); }
                  say(0);
                  { static int n; n += 1000 * x; say(n); }
                  return x;
                }
                """;
        String one = source.replace("  { static int n; n += x; say(n); }\n", "");

        Change change = Change.ofCxx(source, one, "-g");
        assertThat(change.twin("_ZZ1fiE1n")).isEqualTo("_ZZ1fiE1n_0 PLACE");
    }
}
