package dev.suture.certify;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Patches after which the compiler inlines {@code h} into {@code f}, since {@code g} no longer uses it; and payloads that
 * leave {@code f} as it runs.
 */
class ProveUnchangedTest {
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
            int __attribute__((noinline)) f(int x) { return h(x) + 1; }
            int __attribute__((noinline)) g(int x) { return h(x) * 3 + 4; }
            int keep(int x) { return x; }
            """;
    private static final String PATCHED = ORIGINAL.replace("h(x) * 3 + 4", "x * 54321");
    /** Has the patched {@code g}, and one that keeps {@code h} a function, so that {@code f} is what it was. */
    private static final String ONLY_G = PATCHED + "int unused(int x) { return h(x) * 3 + 4; }\n";

    @Test
    void aFunctionOfWhichOnlyTheInliningChangedIsNotMissing() {
        SmallPatch patch = SmallPatch.of(ORIGINAL, PATCHED);
        byte[] payload = patch.payloadOf(ONLY_G);

        assertThat(patch.judge(payload)).containsExactly("replaced g", "missing f");
        assertThat(patch.judgeWithSources(payload, ORIGINAL)).containsExactly("replaced g", "unchanged f");
    }

    @Test
    void aPayloadMayReplaceSuchAFunction() {
        SmallPatch patch = SmallPatch.of(ORIGINAL, PATCHED);

        assertThat(patch.judgeWithSources(patch.payload(), ORIGINAL)).containsExactly("replaced f", "replaced g");
    }

    @Test
    void aFunctionWhoseInlinedCalleeChangesIsMissing() {
        String patched = PATCHED.replace("sum * 31", "sum * 33");
        SmallPatch patch = SmallPatch.of(ORIGINAL, patched);

        assertThat(patch.judgeWithSources(patch.payloadOf(ONLY_G), ORIGINAL))
                .containsExactly("replaced g", "missing f");
    }

    @Test
    void aFunctionThatSharesAStaticVariableWithChangedCodeIsMissing() {
        String withState = "static int offset = 5;\n" + ORIGINAL.replace("h(x) + 1", "h(x) + offset");
        String patched = withState.replace("return h(x) * 3 + 4;", "offset = x; return x * 54321;");
        SmallPatch patch = SmallPatch.of(withState, patched);

        assertThat(patch.judgeWithSources(patch.payloadOf(withState.replace("* 3 + 4", "* 5")), withState))
                .contains("missing f");
    }

    private static final String K = "int __attribute__((noinline)) k(int x) { return x * 99 + 4321; }\n";

    @Test
    void onTopOfAPayloadThatHasNothingToDoWithItItIsNotMissingEither() {
        String original = ORIGINAL + K;
        String lower = original.replace("4321", "5432");
        SmallPatch patch = SmallPatch.of(original, PATCHED + K.replace("4321", "5432"));
        byte[][] payloads = patch.payloads(lower, ONLY_G + K.replace("4321", "5432"));

        assertThat(patch.judgeStack(payloads)).containsExactly("replaced g", "missing f");
        assertThat(patch.judgeStackWithSources(List.of(payloads), original))
                .containsExactly("replaced g", "unchanged f");
    }

    @Test
    void onTopOfAPayloadThatReplacedItTheSourcesProveNothing() {
        String lower = ORIGINAL.replace("return h(x) + 1;", "return h(x) + 2;");
        String upper = ONLY_G.replace("return h(x) + 1;", "return h(x) + 2;");
        SmallPatch patch = SmallPatch.of(ORIGINAL, PATCHED.replace("return h(x) + 1;", "return h(x) + 2;"));
        byte[][] payloads = patch.payloads(lower, upper);

        assertThat(patch.judgeStackWithSources(List.of(payloads), ORIGINAL)).containsExactly("replaced g", "missing f");
    }

    /** Somebody edited the tree after it was built: both sources say the same, and what runs is something else. */
    @Test
    void nothingIsProvedBySourcesThatTheTreesObjectIsNotMadeOf() {
        SmallPatch patch = SmallPatch.of(ORIGINAL, PATCHED);

        assertThat(patch.judgeWithSources(patch.payloadOf(ONLY_G), ORIGINAL.replace("sum * 31", "sum * 33")))
                .containsExactly("replaced g", "missing f");
    }

    /** The sources do not tell what a patch of a makefile changes. */
    @Test
    void nothingIsProvedIfThePatchedProgramIsCompiledWithOtherFlags() {
        SmallPatch patch = SmallPatch.of(ORIGINAL, PATCHED);

        assertThat(patch.judgeWithSources(patch.payloadOf(ONLY_G), ORIGINAL, "-fcf-protection=full"))
                .containsExactly("replaced g", "missing f");
    }
}
