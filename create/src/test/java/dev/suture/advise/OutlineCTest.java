package dev.suture.advise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.advise.OutlineC.Item;
import dev.suture.advise.OutlineC.Kind;
import dev.suture.build.SourceText;
import dev.suture.build.xen.PatchReach;
import dev.suture.build.xen.PatchReach.TreeObject;
import dev.suture.build.xen.XenTree;
import dev.suture.dwarf.Function;
import dev.suture.dwarf.Functions;
import dev.suture.elf.ElfFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What stands at the outermost level of C source. */
class OutlineCTest {
    private static List<String> outline(String source) {
        return OutlineC.of(source.lines().toList()).items().stream()
                .filter(item -> item.kind() != Kind.DIRECTIVE)
                .map(item -> "%s %s %d-%d".formatted(item.kind(), item.name(), item.firstLine(), item.lastLine()))
                .toList();
    }

    @Test
    void functionsVariablesTypesAndMacrosAreToldApart() {
        assertThat(outline("""
                #define LIMIT(x) \\
                    ((x) + 1)
                static unsigned int __read_mostly limit = 5; /* a limit; */
                struct pair { int a, b; };
                typedef struct { int x; } point_t;
                static DEFINE_PER_CPU(unsigned int, count);
                extern int g(void);
                int __init cf_check
                f(const char *s, int (*call)(int))
                {
                    return call(*s == '{');
                }
                static const struct ops *table[] = {
                    &one, "}",
                };
                static struct key { char k; void (*fn)(int); } keys[4] __read_mostly = { { 'a' } };
                """))
                .containsExactly(
                        "MACRO LIMIT 1-2",
                        "DATA limit 3-3",
                        "TYPE pair 4-4",
                        "TYPE point_t 5-5",
                        "MACRO_CALL count 6-6",
                        "DECLARATION g 7-7",
                        "FUNCTION f 8-12",
                        "DATA table 13-15",
                        "DATA keys 16-16");
    }

    @Test
    void bothBranchesOfAConditionalMayOpenTheSameBrace() {
        assertThat(outline("""
                #ifdef A
                int f(int a) {
                #else
                int f(void) {
                #endif
                    return 1;
                }
                int g(void) { return 2; }
                """)).contains("FUNCTION g 8-8");
    }

    @Test
    void aMacroCallThatNeedsNoSemicolonEndsWithItsLine() {
        assertThat(outline("""
                DEFINE_HANDLE(thing)
                static int f(void)
                {
                    return 0;
                }
                """)).containsExactly("MACRO_CALL thing 1-1", "FUNCTION f 2-5");
    }

    @Test
    void everyTruncationOfASourceHasAnOutline() {
        String source = """
                #if defined(A) /* c
                */ || B
                static struct s { char *t; } x[] = { { "\\"" }, [1] = { '(' } };
                #elif C
                int f(int (*g)(void)) { return g() ? '\\'' : 0; }
                #endif
                DEFINE(x) }}}) int;
                """;
        for (int length = 0; length <= source.length(); length++) {
            List<String> lines = source.substring(0, length).lines().toList();
            assertThat(OutlineC.of(lines).items())
                    .allSatisfy(item -> assertThat(item.lastLine()).isBetween(item.firstLine(), lines.size()));
        }
    }

    /** The judge is the compiler: where debug information says that a function is declared, the outline has it. */
    @Test
    void everyFunctionOfTheHypervisorsCommonCodeIsFoundWhereTheCompilerSawIt() throws IOException {
        String given = System.getenv("SUTURE_XEN_TREE");
        assumeTrue(given != null, "SUTURE_XEN_TREE is not set: make test builds a Xen tree and sets it");
        XenTree tree = XenTree.open(Path.of(given));
        List<String> missed = new ArrayList<>();
        int found = 0;
        for (TreeObject object : PatchReach.allObjects(tree)) {
            if (!object.source().matches("common/[a-z_0-9]+\\.c")) {
                continue;
            }
            Path source = tree.xenDirectory().resolve(object.source());
            OutlineC outline =
                    OutlineC.of(SourceText.of(Files.readString(source)).lines());
            for (Function function : Functions.read(ElfFile.read(object.file())).all()) {
                if (!function.declared().file().equals(object.source())) {
                    continue;
                }
                boolean isThere = outline.items().stream()
                        .filter(item -> item.kind() == Kind.FUNCTION)
                        .filter(item -> item.has((int) function.declared().line()))
                        .map(Item::name)
                        .anyMatch(function.name()::equals);
                if (isThere) {
                    found++;
                } else {
                    missed.add(function.declared().text() + " " + function.name());
                }
            }
        }
        assertThat(missed).isEmpty();
        assertThat(found).isGreaterThan(500);
    }
}
