package dev.suture.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A number in live memory may mean something else though its type and place are the same. */
class ChangedStoresTest {
    private static final String SOURCE =
            "struct o *list; char *buf; int cap;\nvoid make(struct o *o) { W }\nint use(struct o *o) { R }\n";

    private static String source(String write, String read) {
        return SOURCE.replace("W", write).replace("R", read);
    }

    private static List<ChangedStores.Found> find(String write, String read, String newWrite, String newRead) {
        return ChangedStores.find(
                List.of(source(write, read)), List.of(source(newWrite, newRead)), Set.of("list", "buf", "cap"));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            a sentinel  | o->fd = -1;          | return o->fd != -1;       | o->fd = 0;             | return o->fd != 0;
            a unit      | o->dl = 5;           | return o->dl * 1000;      | o->dl = 5000;          | return o->dl;
            a size      | buf = malloc(16);    | if (o->n < cap) buf[o->n] = 1; | buf = malloc(17); | if (o->n <= cap) buf[o->n] = 1;
            an offset   | *(int *)(buf + 4) = 7; | return *(int *)(buf + 4); | *(int *)(buf + 8) = 7; | return *(int *)(buf + 8);
            a count     | o->refs = 1;         | if (!--o->refs) free(o);  | o->refs = 0;           | if (o->refs-- == 0) free(o);
            an array    | o->m[0].k = 1;       | return o->m[0].k;         | o->m[0].k = 2;         | return o->m[0].k - 1;
            """)
    void whatIsStoredAndReadOtherwiseIsFound(String what, String write, String read, String newWrite, String newRead) {
        assertThat(find(write, read, newWrite, newRead)).isNotEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            only the writer     | o->fd = -1; | return o->fd;        | o->fd = 0;             | return o->fd;
            only the reader     | o->fd = -1; | return o->fd;        | o->fd = -1;            | return o->fd + 1;
            an own variable     | struct r r; r.n = 1; | struct r r; return r.n; | struct r r; r.n = 2; | struct r r; return r.n + 1;
            other places        | o->fd = 1;  | return o->dl;        | o->fd = 2;             | return o->dl + 1;
            """)
    void whatKeepsItsMeaningIsNot(String what, String write, String read, String newWrite, String newRead) {
        assertThat(find(write, read, newWrite, newRead)).isEmpty();
    }

    @Test
    void aHashThatChangesIsFoundByWhoPutsAndWhoLooks() {
        String source =
                "unsigned h(int k) { return k % 8; } void put(struct e *e) { unsigned i = h(e->k); table[i] = e; }"
                        + " struct e *get(int k) { return table[h(k)]; }";

        assertThat(ReturnedPlaces.find(List.of(source), List.of(source.replace("k % 8", "k * 5 % 8"))))
                .containsExactly(new ReturnedPlaces.Found("h", Set.of("put", "get"), false));
    }

    @Test
    void anOrderThatChangesIsFoundWhereTwoRelyOnIt() {
        String source = "int cmp(int *a, int *b) { return *a - *b; } void fill(void) { qsort(v, n, 4, cmp); }"
                + " int *find(int k) { return bsearch(&k, v, n, 4, cmp); } void on(void) { signal(1, h); sigset(2, h); }"
                + " void h(int s) { got = s; }";

        assertThat(ReturnedPlaces.find(
                        List.of(source),
                        List.of(source.replace("*a - *b", "*b - *a").replace("got = s", "got = 2"))))
                .containsExactly(new ReturnedPlaces.Found("cmp", Set.of("fill", "find"), true));
    }
}
