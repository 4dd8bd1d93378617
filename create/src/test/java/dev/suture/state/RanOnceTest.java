package dev.suture.state;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Refusal;
import dev.suture.diff.Change;
import dev.suture.diff.Selection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What runs once has run. */
class RanOnceTest {
    private static final Target ALONE = new Target() {
        @Override
        public Optional<Set<String>> callers(String function) {
            return Optional.of(Set.of());
        }

        @Override
        public Optional<Code> code(String function) {
            return Optional.empty();
        }

        @Override
        public Optional<Code> codeAt(long address) {
            return Optional.empty();
        }

        @Override
        public boolean isOfLibrary(String function) {
            return false;
        }
    };

    private static final String SOURCE = """
            volatile int sink;
            static int done, limit, other = 7;
            __attribute__((noinline)) static int made(int n) { sink = n; return n * 3; }
            __attribute__((noinline)) static void setup(int n) { sink = n; limit = made(n) + 10; }
            int check(int x) { if (!done) { limit = 10; done = 1; } sink = x; return x < limit; }
            int second(int x) { if (!done) { setup(x); done = 1; } sink = 2 * x; return x < limit; }
            static int first = 1, most;
            __attribute__((noinline)) static void init(void) { sink = 9; most = 10; }
            int fourth(int x) { if (first) { first = 0; init(); } sink = 4 * x; return x < most; }
            static struct { int room; char pad[40]; int there, most; } all;
            int fifth(int x) { if (!all.there) { all.room = 10; all.most = 5; all.there = 1; } sink = 5 * x; return x < all.room; }
            int third(int x) { if (!done) { other = made(x); done = 1; } sink = 3 * x; return x < other; }
            """;

    private static List<Refusal> refusals(String source, String from, String to, String... accepted) {
        assertThat(source).contains(from);
        Selection selection = Change.of(source, source.replace(from, to)).select();
        assertThat(selection.refusals()).isEmpty();
        return RanOnce.find(selection, ALONE, Set.of(accepted));
    }

    @Test
    void whatIsSetOnceAndOtherwiseNowIsRefused() {
        assertThat(refusals(SOURCE, "limit = 10;", "limit = 20;"))
                .extracting(Refusal::text)
                .containsExactly("""
                        unit.o: refused: `check` sets `limit` to 20, where it set it to 10, only where `done` still holds its first \
                        contents, and sets that there: the running target has done so, and will not do it again
                                Set what it would hold now when the payload is loaded, by a hook (LIVEPATCH_LOAD_HOOK). If the \
                        target has not been there, or need not be changed, pass --accept-new-state 'done'.""");
        assertThat(refusals(SOURCE, "limit = 10;", "limit = 20;", "done")).isEmpty();
    }

    @ParameterizedTest(name = "{1}")
    @CsvSource(delimiter = '|', textBlock = """
            limit = 10;             | limit = 10; other = 3;
            limit = 10;             | ;
            made(n) + 10            | made(n) + 20
            other = made(x);        | other = made(x) + 0 * x; limit = 4;
            return n * 3;           | return n * 4;
            most = 10;              | most = 20;
            all.room = 10;          | all.room = 20;
            all.most = 5;           | all.most = 6;
            """)
    void whatOnlyTheFirstCallDoesIsRefused(String from, String to) {
        assertThat(refusals(SOURCE, from, to)).isNotEmpty();
    }

    @ParameterizedTest(name = "{1}")
    @CsvSource(delimiter = '|', textBlock = """
            return x < limit; }     | return x <= limit; }
            sink = 2 * x;           | sink = 5 * x; if (x > 900) return 3;
            if (!done) { limit = 10; | if (x > 900) return 0; if (!done) { limit = 10;
            int check(int x) {      | int check(int x) { if (x > 900) { done = 0; }
            """)
    void whatRunsAgainGoesIn(String from, String to) {
        assertThat(refusals(SOURCE, from, to)).isEmpty();
    }
}
