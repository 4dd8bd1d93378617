package dev.suture.diff;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A function writes down where in itself it will go on. */
class KeptLabelsTest {
    private static final String[] OPTIONS = {"-O2", "-O0", "-O2 -fno-pie", "-Os -fPIC", "-O1 -fcf-protection"};

    private static Optional<String> kept(String source, String options) {
        ObjectPieces object = Change.split("unit.o", Tools.gcc("unit.c", source, options.split(" ")));
        Piece function = object.pieces().stream()
                .filter(piece -> piece.name().equals("f"))
                .findFirst()
                .orElseThrow();
        return new KeptLabels(object, Change.TRAITS).of(function);
    }

    @ParameterizedTest
    @ValueSource(strings = {"""
                static void *resume;
                int f(void) {
                    if (resume) goto *resume;
                    resume = &&one; return 1;
                one:
                    resume = &&two; return 2;
                two:
                    resume = 0; return 3;
                }
                """, """
                struct task { void *at; int done; };
                int f(struct task *task) {
                    static void *const places[] = {&&first, &&second, &&third};
                    if (!task->at) task->at = places[task->done & 1];
                    goto *task->at;
                first: task->at = places[1]; return 1;
                second: task->at = places[2]; return 2;
                third: task->done = 1; return 3;
                }
                """, """
                extern void (*later)(void *);
                int f(int n) {
                    if (n > 3) { later(&&out); return 5; }
                    if (n > 5) goto *(n & 1 ? &&out : &&more);
                out: n *= 3;
                more: return n + 1;
                }
                """, """
                int g(int);
                static void *resume;
                int f(int n, int k) {
                    static void *const places[] = {&&first, &&second, &&third, &&fourth};
                    void *place = places[n & 3];
                    switch (k) {
                    case 0: resume = place; break; case 1: return g(3) + 1; case 2: return 9 * g(n + 5);
                    case 3: goto *place; case 4: return g(2); case 5: return 6 + g(1); case 6: return g(8) ^ 5;
                    }
                    if (resume) goto *resume;
                first: n *= 3;
                second: n += g(n);
                third: n ^= g(7);
                fourth: return n;
                }
                """, """
                void later(void *);
                int f(int n) {
                    if (n > 3) later(&&out);
                    if (n > 5) later(&&more);
                out: n *= 3;
                more: return n + 1;
                }
                """})
    void whatOutlivesTheCallIsSeen(String source) {
        for (String options : OPTIONS) {
            assertThat(kept(source, options)).as(options).isPresent();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"""
                int f(const unsigned char *code) {
                    static const void *const places[] = {&&add, &&sub, &&end};
                    int sum = 0;
                    goto *places[*code++];
                add: sum += 5; goto *places[*code++];
                sub: sum -= 3; goto *places[*code++];
                end: return sum;
                }
                """, """
                int g(int);
                int f(int n) {
                    switch (n) {
                    case 0: return g(7); case 1: return g(3) + 1; case 2: return 9 * g(n + 5); case 3: return g(4) - 4;
                    case 4: return g(2); case 5: return 6 + g(1); case 6: return g(8) ^ 5;
                    }
                    return n > 0 ? f(n - 1) : g(0);
                }
                """})
    void whatOnlyJumpsIsNot(String source) {
        for (String options : OPTIONS) {
            assertThat(kept(source, options)).as(options).isEmpty();
        }
    }

    @Test
    void whatTheHypervisorPushesForItsOwnReturnIsGoneWithTheStack() throws IOException {
        Set<String> files = Set.of("vmx.o", "common.o", "svm.o", "emulate.o");
        List<Path> objects = PropertiesTest.objectsOfXen().stream()
                .filter(file -> files.contains(file.getFileName().toString()))
                .toList();
        Set<String> looked = new TreeSet<>();
        for (Path file : objects) {
            ObjectPieces object = Change.split("x.o", file);
            KeptLabels labels = new KeptLabels(object, Change.TRAITS);
            for (Piece piece : object.pieces()) {
                if (piece.kind() == Piece.Kind.FUNCTION) {
                    looked.add(piece.name());
                    assertThat(labels.of(piece)).as(piece.name()).isEmpty();
                }
            }
        }
        assertThat(looked).contains("vmx_vmexit_handler", "cpu_init");
    }
}
