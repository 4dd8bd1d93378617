package dev.suture.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CutDeclarationsTest {
    private static final String SOURCE = """
            # 1 "unit.c"
            struct s { int a; };
            #pragma pack(1)
            struct t { int a; } t, *u;
            static int f(int x) { return x <<= 1, x; }; int g(void);
            extern const char *text[] = { "a;}", 'x' /* ; } */, };
            int (h)(void) { if (f(1)) { return 1; } return sizeof(struct { int z; }); }
            _Static_assert(1, "always");
            asm ("nop"); int last""";

    private static List<Declaration> alone(String text) {
        return CutDeclarations.of(text).orElseThrow().declarations();
    }

    @Test
    void theSecondTextIsCutAsIfItWereAloneWhereverTheyDiffer() {
        CutDeclarations first = CutDeclarations.of(SOURCE).orElseThrow();
        for (String edit :
                List.of("", "{", "}", "\"", "/*", ";", "\n", "=", " int n;", "\n#pragma pack(2)\n", "'", "a")) {
            for (int at = 0; at <= SOURCE.length(); at++) {
                for (int left = 0; left <= 3 && at + left <= SOURCE.length(); left += 3) {
                    String edited = SOURCE.substring(0, at) + edit + SOURCE.substring(at + left);
                    Optional<List<Declaration>> fresh =
                            CutDeclarations.of(edited).map(CutDeclarations::declarations);
                    assertThat(first.ofSecond(SOURCE, edited)
                                    .map(CutDeclarations::declarations)
                                    .equals(fresh))
                            .as(edited)
                            .isTrue();
                }
            }
        }
    }

    @Test
    void assemblyWithoutAnEndIsNotUnderstood() {
        assertThat(alone("int x; asm (\"nop\")").getLast().kind()).isEqualTo(Declaration.Kind.UNKNOWN);
    }

    @Test
    void whatTheTextsBeginWithIsReadOnce() {
        CutDeclarations first = CutDeclarations.of(SOURCE).orElseThrow();
        String edited = SOURCE.replace("return 1;", "return 2;");
        List<Declaration> second = first.ofSecond(SOURCE, edited).orElseThrow().declarations();
        int same = 5;
        for (int i = 0; i < same; i++) {
            assertThat(second.get(i)).isSameAs(first.declarations().get(i));
        }
        assertThat(second.get(same).saysSameAs(first.declarations().get(same))).isFalse();
        assertThat(second.get(same + 1).saysSameAs(first.declarations().get(same + 1)))
                .isTrue();
    }
}
