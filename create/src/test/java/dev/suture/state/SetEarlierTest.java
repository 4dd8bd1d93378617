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

/** What would be set by code that has run is not set in the payload. */
class SetEarlierTest {
    /** What becomes of V, R, W and F is what each patch is. */
    private static final String SOURCE = """
            #include <pthread.h>
            #include <stdlib.h>
            #include <stdio.h>
            #include <string.h>
            #include <time.h>
            volatile int sink;
            int limit; V
            __attribute__((noinline)) int check(int x) { sink = x; R return x < limit; }
            F
            __attribute__((noinline)) void setup(int n) { sink = 2 * n; limit = 5; W }
            int tick(int n) { if (n == 0) setup(n); return check(7); }
            """;

    /** One in which those functions call {@code check} and {@code setup}, or nobody knows who does, and that has no code. */
    private static Target running(String... callers) {
        return new Target() {
            @Override
            public Optional<Set<String>> callers(String function) {
                return callers.length == 0 ? Optional.empty() : Optional.of(Set.of(callers));
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
                return !function.startsWith("unknown");
            }
        };
    }

    private static String source(String variable, String read, String write, String function) {
        return SOURCE.replace("V\n", variable + "\n")
                .replace(" R ", " " + read + " ")
                .replace(" W ", " " + write + " ")
                .replace("F\n", function + "\n");
    }

    private static List<Refusal> refusals(
            String variable, String read, String write, String function, String... accepted) {
        Selection selection = Change.of(source("", "", "", ""), source(variable, read, write, function))
                .select();
        assertThat(selection.refusals()).isEmpty();
        return SetEarlier.find(selection, running(), Set.of(accepted), _ -> false);
    }

    @Test
    void whatAFunctionSetsThatMayHaveRunIsRefusedWithTheHookThatSetsIt() {
        assertThat(refusals("static int higher;", "x -= higher;", "higher = 9;", ""))
                .extracting(Refusal::text)
                .containsExactly("""
                        unit.o: refused: variable `higher` (4 bytes) is new, `check` reads it, and it is set by `setup`, which may \
                        have run before and need not run again: until then it holds zeros
                                Set it when the payload is loaded: add to the end of the source, behind #include <suture/hooks.h> \
                        (in Xen <xen/livepatch_payload.h>): static void set_higher(void) { higher = /* what it would hold now */; } \
                        LIVEPATCH_LOAD_HOOK(set_higher); Or set it where it is read, or give it the right first contents. If those \
                        it has are right until `setup` runs next, pass --accept-new-state 'higher'.""");
    }

    /** Its being counted up says nothing of what {@code setup()} did. */
    @Test
    void aCounterIsNoSignThatSomethingWasMade() {
        String count = "if (++seen > 1000000) return%s;";

        assertThat(refusals(
                        "static int seen, higher;",
                        count.formatted(" 7") + " x -= higher;",
                        count.formatted("") + " higher = 5;",
                        ""))
                .extracting(Refusal::symbol)
                .containsExactly("higher");
    }

    @Test
    void whatTheAuthorAcceptsGoesIn() {
        assertThat(refusals("static int higher;", "x -= higher;", "higher = 9;", "", "higher"))
                .isEmpty();
    }

    @Test
    void aHookThatSetsItIsEnough() {
        String hook = "static void set(void) { higher = 9; }"
                + " __attribute__((used, section(\".livepatch.hooks.load\"))) static void (*const load)(void) = set;";

        assertThat(refusals("static int higher;", "x -= higher;", "higher = 9;", hook))
                .isEmpty();
    }

    /** What is saved when the new code comes and looked at when it goes is between the hooks alone. */
    @Test
    void whatOnlyHooksSetOrReadHasNoPast() {
        String save = " static int saved; static void keep(void) { saved = limit; }"
                + " __attribute__((used, section(\".livepatch.hooks.postapply\"))) static void (*const kept)(void) = keep;"
                + " static void back(void) { limit = saved; }"
                + " __attribute__((used, section(\".livepatch.hooks.prerevert\"))) static void (*const gone)(void) = back;";
        String forget = "static void forget(void) { higher = 9; }"
                + " __attribute__((used, section(\".livepatch.hooks.postrevert\"))) static void (*const gone)(void) = forget;";

        assertThat(refusals("", "x++;", "", save)).isEmpty();
        assertThat(refusals("static int higher;", "x -= higher;", "", forget)).isEmpty();
    }

    /** A function that a hook calls as well as others do is no hook's. */
    @Test
    void whatAHookSharesWithOthersHasAPast() {
        String hook = "static void set(void) { setup(3); }"
                + " __attribute__((used, section(\".livepatch.hooks.postapply\"))) static void (*const done)(void) = set;";
        String source = source("static int higher;", "x -= higher;", "higher = 9;", "");
        Selection selection = Change.of(source("", "", "", ""), source + hook).select();

        assertThat(SetEarlier.find(selection, running(), Set.of(), _ -> false)).hasSize(1);
    }

    @Test
    void aHookThatOnlyLooksAtItIsNotEnough() {
        String hook = "static void show(void) { sink = higher; }"
                + " __attribute__((used, section(\".livepatch.hooks.load\"))) static void (*const load)(void) = show;";

        assertThat(refusals("static int higher;", "x -= higher;", "higher = 9;", hook))
                .hasSize(1);
    }

    @Test
    void aHookThatRunsAfterwardsIsNotEnough() {
        String hook = "static void set(void) { higher = 0; }"
                + " __attribute__((used, section(\".livepatch.hooks.unload\"))) static void (*const gone)(void) = set;";

        assertThat(refusals("static int higher;", "x -= higher;", "higher = 9;", hook))
                .hasSize(1);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            a table             | static unsigned char t[256]; | x += t[x & 255];         | for (int i = 0; i < 256; i++) t[i] = i * 7; |
            a pointer           | static int *box;             | if (box) x += *box;      | box = malloc(4); |
            an own function     | static int higher;           | x -= higher;             | more(); | __attribute__((noinline)) static void more(void) { sink = 1; higher = 9; }
            a flag of the start | static int first, higher;    | if (sink == 3) { first = 1; higher = 9; } if (first) x = 3; x -= higher; | |
            a lock              | static pthread_mutex_t m;    | pthread_mutex_lock(&m); sink = 3; pthread_mutex_unlock(&m); | pthread_mutex_init(&m, 0); |
            a structure         | static struct { int a, b; } c; | x += c.a + c.b;        | c.a = sink; c.b = 4; |
            a thread            | static int seen;             | x += seen;               | pthread_t t; pthread_create(&t, 0, run, 0); | static void *run(void *p) { for (;;) { seen = 9; getchar(); } return p; }
            a time              | static struct timespec t;    | x += t.tv_sec;           | clock_gettime(CLOCK_MONOTONIC, &t); |
            a counter as a flag | static int seen, higher;     | if (++seen > 1000000) return 7; x -= higher; | if (++seen > 1000000) return; higher = 5; |
            a flag that all set | static int ready, higher;    | if (ready) x -= higher; ready = 1; | if (!ready) higher = 5; ready = 1; |
            what is made at times | static void fill(int *); static int ready, t[16];   | if (!ready) { ready = 1; if (x == 3) fill(t); } x = t[x & 15]; | | __attribute__((noinline)) static void fill(int *p) { for (int i = 0; i < 16; i++) p[i] = i; }
            a default of another | static int ready, higher;   | if (!ready) { higher = 5; ready = 1; } x -= higher; | higher = 9; |
            a part of it        | static int ready; static struct { int a, b, c; } s; | if (!ready) { s.a = 5; ready = 1; } x -= s.a + s.b; | s.b = 9; |
            what is shown       | static int higher;           | x -= higher;             | printf("%d", higher); higher = 9; |
            a default           | static int higher;           | x -= higher;             | if (!higher) higher = 9; |
            what others need    | static int *box;             | x += *box;               | if (!box) box = malloc(4); |
            an exchange         | static int higher;           | x -= higher;             | sink = __atomic_exchange_n(&higher, 9, __ATOMIC_SEQ_CST); |
            a bit               | static unsigned bits;        | if (bits & 4) x--;       | `bits |= 4;` |
            a text that is read | static int higher = 3;       | x -= higher;             | sscanf(getenv("X"), "%d", &higher); |
            a copy              | static char all[64];         | char my[64]; memcpy(my, all, x); sink = my[3]; | memcpy(all, getenv("X"), n); |
            unknown functions   | int unknown_get(int *); void unknown_set(int *); static int all[4]; | x += unknown_get(all); | unknown_set(all); |
            an unknown function | void unknown(int *, int); static int all[4]; | unknown(all, 0); | unknown(all, 1); |
            an own one          | static void put(int *); static int higher; | x -= higher; | put(&higher); | __attribute__((noinline)) static void put(int *p) { sink = 1; *p = 9; }
            a table of options  | static int higher; const struct { const char *name; int *at; } options[] = {{"higher", &higher}}; | x -= higher; | |
            a pointer to it     | static int higher; int *where; | x -= higher;           | where = &higher; |
            a list                | static struct item { struct item *next; } *head; | for (struct item *p = head; p; p = p->next) x++; | struct item *p = malloc(8); p->next = head; head = p; |
            a ring                | static struct item { struct item *n, *p; } ring = {&ring, &ring}; | for (struct item *i = ring.n; i != &ring; i = i->n) x++; | struct item *i = malloc(16); i->n = &ring; i->p = ring.p; ring.p->n = i; ring.p = i; |
            who is there         | static unsigned there;       | if (there > 10) return 7; if (x == 9) there--; | there++; |
            """)
    void whatTheStartMakesIsRefused(String what, String variable, String read, String write, String function) {
        assertThat(refusals(
                        variable,
                        read == null ? "" : read,
                        write == null ? "" : write,
                        function == null ? "" : function))
                .isNotEmpty();
    }

    /** It may be right, but code that is wrong looks the same. */
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            a list of what is free | static struct item { struct item *next; } *head; | struct item *p = head; if (p) head = p->next; else p = malloc(8); sink = p != 0; | struct item *p = malloc(8); p->next = head; head = p; |
            statistics            | static unsigned long sum;    | printf("%lu", sum);      | sum += n; |
            what grows            | static int *all, room;       | if (x > room) { all = realloc(all, 4 * x); room = x; } all[x - 1] = x; x = all[0]; | |
            who is known          | static int known;            | if (!known) return 7;    | known++; |
            one flag for both     | static int open;             | if (!open) return 7; x++; | if (open) return; open = 1; |
            a limit by its caller | static int most;             | if (n_of(x) == 3) most = x; else if (x > most) return 9; | | __attribute__((noinline)) static int n_of(int n) { sink = n; return n & 3; }
            one of two members    | static struct { int ready, most; } s; | if (!s.ready) s.ready = 1; if (x == 3) s.most = x; else if (x > s.most) return 9; | |
            the other member      | static struct { int a, b; } s; | s.a = x; x -= s.b;      | s.b = 7; |
            a long set by halves  | static long all; int get(void); | *(int *) &all = 0; x -= all; | all = get(); |
            what is other         | static int most;             | x -= most;               | if (most != n) most = n; |
            bits of a register    | static unsigned bits;        | if (bits & 4) x--;       | `bits |= n;` |
            a bit by its number   | static unsigned long bits[4]; | if (bits[0] & 4) x--;   | bits[n / 64] ^= 1ul << n % 64; |
            a field of bits       | static struct { unsigned is : 1, most : 7; } s; | if (s.is && x > s.most) return 9; | s.is = 1; s.most = n; |
            the greatest for all  | static int most;             | if (x > most) return 9;  | if (n > most) most = n; |
            counted down          | static int there;            | if (there > 3) return 9; if (x == 3) there++; | there -= n; |
            an account            | static int used;             | used += x; if (used > 90) return 9; | used -= n; |
            a copy out of it      | static long all[40];         | long my[40]; memcpy(my, all, sizeof my); use(my); | for (int i = 0; i < 40; i++) all[i] = n; | __attribute__((noinline)) static void use(long *p) { sink = p[3]; }
            an unlikely way back  | __attribute__((cold, noinline)) int report(int); static int most; | x -= most; | most = n < 0 ? report(n) : 0; sink = 2; |
            what a scan may leave | static int port;             | sscanf(getenv("X"), "%d", &port); x -= port; | port = 8080; |
            many to scan          | static int a, b, c, d, port; | x -= port;               | sscanf(getenv("X"), "%d.%d.%d.%d:%d", &a, &b, &c, &d, &port); |
            more still to scan    | static int v[16], port;      | x -= port;               | sscanf(getenv("X"), "%d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d", v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7, v + 8, v + 9, v + 10, v + 11, v + 12, v + 13, v + 14, v + 15, &port); |
            a result used later   | static int ra, rb;           | if (x == 3) return --ra == 0; if (x > 7) return --rb == 0; | ra = n; rb = n; |
            a thread that may end | static int seen;             | x += seen;               | pthread_t t; pthread_create(&t, 0, run, 0); | static void *run(void *p) { if (!p) return 0; for (;;) { seen = 9; getchar(); } }
            an endless reader     | static int every;            | if (x == 77) { int s = every; for (;;) { sink = s; getchar(); } } | if (!every) every = 9; |
            what is left for all  | static int left = 10;        | if (left <= 0) return 7; left--; | left++; |
            what is pending       | static int pending;          | int p = pending; pending = 0; if (p) return 7; | pending++; |
            who is busy           | static int busy;             | if (busy) return 7; busy = 1; | busy = 0; |
            who comes first       | static int most;             | if (!most) most = 5; if (x > most) return 7; | if (!most) most = n; |
            called at any time    | void unknown(void (*)(int)); static void on(int); static int mode; | if (mode == 7) return 7; | if (!mode) { mode = 1; unknown(on); } | static void on(int s) { mode = 7; }
            given to callers      | static int most, rest; int *where(int w) { return w ? &most : &rest; } | x -= most; | |
            twice and one         | static int n2;               | if (n2 > 5) return 7; if (x == 3) n2 = 2 * n2 + 1; | n2++; |
            an unlikely setter    | __attribute__((cold, noinline)) int report(int); static int most; | x -= most; | if (n < 0) { report(n); most = n; sink = 3; } |
            a case that falls     | static int most;             | `switch (x) { case 0: sink = 7; case 1: sink = 8; case 2: sink = most; case 3: sink = 9; case 4: sink = 11; case 5: sink = 10; }` | `switch (n) { case 0: most = 1; case 1: most += 0; case 2: sink = 8; case 3: sink = 9; case 4: sink = 11; case 5: most = 10; }` |
            a box for all         | static int *box;             | if (!box) box = malloc(4); x += *box; | if (!box) box = malloc(4); *box = 3; |
            a command             | static struct{int a,b,c,d;} c; int unknown_conf(void*,int,int); __attribute__((noinline)) int conf(int cmd,int v){ return unknown_conf(&c,cmd,v);} | x-=conf(1,0); | conf(0,n); |
            a command in a loop   | static struct{int a,b,c,d;} c; int unknown_conf(void*,int); | for(int i=0;i<x;i++) sink=unknown_conf(&c,i); |  |
            a command by a pointer | static struct{int a,b,c,d;} c; int (*how)(void*,int); | x-=how(&c,x); |  |
            one element           | static unsigned char t[64]; | t[x&63]=1; if(t[3]) return 7; |  |
            one element in a call | static unsigned char t[64]; static void put(unsigned char*p,int i); __attribute__((noinline)) static void put(unsigned char*p,int i){ sink=1; p[i&63]=1; } | put(t,x); if(t[3]) return 7; |  |
            the last sixteen      | static int t[16]; static unsigned n; | t[n++&15]=x; int s=0; for(int i=0;i<16;i++) s+=t[i]; x=s; |  |
            as many as asked for  | static int t[16]; | for(int i=0;i<(x&15);i++) t[i]=1; if(t[9]) return 7; |  |
            what is used once made | static struct{int a,b,c,d;} c; static int ready; void unknown_init(void*); int unknown_use(void*); | if(!ready){ unknown_init(&c); ready=1; } x+=unknown_use(&c); |  |
            made in two ways      | static void *c; void unknown_make(void**,int); | if(!c) unknown_make(&c,3); x+=*(int*)c; | if(!c) unknown_make(&c,n); |
            a result for each     | static int m; | if(!m) m=atoi("7"); if(x>m) return 7; | if(!m) m=atoi("9"); |
            a time beside a limit | static struct { time_t now; long limit; } s; | time(&s.now); if (s.now > s.limit) x--; | s.limit = n; |
            a part that is cleared | static long seen[64];       | explicit_bzero(seen, 8); x -= seen[x & 63]; seen[x & 63] = 3; | seen[n & 63] = n; |
            a lock of others      | static int m; void unknown_lock(int*); void unknown_unlock(int*); | unknown_lock(&m); sink=3; unknown_unlock(&m); |  |
            the first eight bytes | static char t[64]; | memset(t, 0, 8); if(t[30]) return 7; | t[30]=1; |
            elements by a list    | static char t[64]; extern int ids[]; | for(int i=0;i<8;i++) t[ids[i]]=1; if(t[3]) return 7; |  |
            another element       | static char seen[256]; | if (!seen[3]) { seen[x & 255] = 1; x = 9; } |  |
            a ring made when needed | static int *t; static unsigned n; | if(!t) t=calloc(16,4); t[n++&15]=x; x+=t[3]; |  |
            a register of users   | static int *t; int *get(void); __attribute__((noinline)) int *get(void){ if(!t) t=calloc(16,4); return t; } | x+=get()[1]; | get()[n&15]=n; |
            """)
    void whatCannotBeToldFromThatIsRefused(String what, String variable, String read, String write, String function) {
        String before = function == null ? "" : function;
        assertThat(refusals(variable + "\n" + before, read == null ? "" : read, write == null ? "" : write, ""))
                .isNotEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            a counter             | static int n;                | if (++n > 3) return 7;   | n++; |
            a limit of a rate     | static time_t last;          | time_t now = time(0); if (now - last < 5) return 5; last = now; | |
            a warning given once  | static int warned;           | if (!warned) { warned = 1; puts("x"); } | |
            the greatest so far   | static int most;             | if (x > most) most = x; if (most > 5) return 6; | |
            a lock                | static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER; | pthread_mutex_lock(&m); sink = 3; pthread_mutex_unlock(&m); | pthread_mutex_lock(&m); sink = 4; pthread_mutex_unlock(&m); |
            what is made when needed | static int ready, t[16];  | if (!ready) { fill(); ready = 1; } x = t[x & 15]; | | __attribute__((noinline)) static void fill(void) { for (int i = 0; i < 16; i++) t[i] = i; }
            what is made once     | static pthread_once_t o; static int t[16]; | pthread_once(&o, fill); x = t[x & 15]; | | static void fill(void) { for (int i = 0; i < 16; i++) t[i] = i; }
            what is put back      | static int inside;           | if (inside) x = 40;      | inside = 1; sink = check(3); inside = 0; |
            a text                | static char text[32];        | snprintf(text, 32, "%d", x); puts(text); | |
            what is set before    | static int line;             | line = x; sink = 1; show(); | | __attribute__((noinline)) static void show(void) { sink = 7; printf("%d", line); }
            who is inside         | static int inside;           | if (++inside > 3) sink = 9; sink = x; inside--; | |
            what is left          | static int left = 10;        | if (left > 0) { left--; sink = 4; } | |
            the first one makes it | static int n, t[16];        | if (n++ == 0) fill(); x = t[x & 15]; | | __attribute__((noinline)) static void fill(void) { for (int i = 0; i < 16; i++) t[i] = i; }
            what was held back    | static time_t last; static int missed; | time_t now = time(0); if (now - last < 5) { missed++; return 5; } last = now; printf("%d", missed); missed = 0; | |
            the time since        | static int last;             | int gone = x - last; last = x; if (gone > 3) return 1; | |
            a lock of its own     | static int held;             | take(&held); sink = 3; drop(&held); | take(&held); sink = 4; drop(&held); | __attribute__((noinline)) static void take(int *l) { while (__atomic_exchange_n(l, 1, __ATOMIC_SEQ_CST)) sink = 0; } __attribute__((noinline)) static void drop(int *l) { sink = 1; *l = 0; }
            a table in a call     | static int ready, t[16];     | if (!ready) { fill(t); ready = 1; } x = t[x & 15]; | | __attribute__((noinline)) static void fill(int *p) { for (int i = 0; i < 16; i++) p[i] = i; }
            a text of two         | static char text[32];        | snprintf(text, 32, "%d", x); puts(text); | snprintf(text, 32, "%d", n); puts(text); |
            each one once         | static char seen[256];       | if (!seen[x & 255]) { seen[x & 255] = 1; x = 9; } | |
            read again            | static int *box;             | if (!box) box = malloc(4); sink = x; puts("x"); x += *box; | |
            an unlikely warning   | __attribute__((cold, noinline)) int report(int); static int warned; | if (__builtin_expect(x > 100, 0)) { if (!warned) { warned = 1; report(x); } } | |
            what is made unlikely | __attribute__((cold, noinline)) int report(int); static int *box; | if (__builtin_expect(!box, 0)) { report(x); box = malloc(4); if (!box) abort(); *box = 3; } x += *box; | |
            a table made unlikely | __attribute__((cold, noinline)) int report(int); static int ready, t[16]; | if (__builtin_expect(!ready, 0)) { report(x); for (int i = 0; i < 16; i++) t[i] = i; ready = 1; } x += t[x & 15]; | |
            an unlikely time      | __attribute__((cold, noinline)) int report(int); static time_t last; | time_t now = time(0); if (__builtin_expect(now - last >= 5, 0)) { last = now; report(x); x++; } | |
            an unlikely way in and back | __attribute__((cold, noinline)) int report(int); static int n; | if (__builtin_expect(++n > 3, 0)) { report(x); return 7; } | `if (n < 0) { n++; report(n); }` |
            digits                | static char b[24];           | char *p = b + 23; *p = 0; unsigned v = x; do { *--p = '0' + v % 10; v /= 10; } while (v); x = atoi(p); | |
            one record of a file  | static struct { long a[6]; } r; | if (fread(&r, sizeof r, 1, stdin) != 1) return 3; x += r.a[2]; | |
            an address in words   | int inet_ntop(int, void *, char *, int); static char b[40]; | x += inet_ntop(2, &x, b, 40) != 0; puts(b); | |
            a first value alone   | static int higher = 9;       | x -= higher;             | if (higher > 3) sink = 1; |
            """)
    void whatBeginsWithItsFirstContentsGoesIn(
            String what, String variable, String read, String write, String function) {
        String before = function == null ? "" : function;
        assertThat(refusals(variable + "\n" + before, read == null ? "" : read, write == null ? "" : write, ""))
                .isEmpty();
    }

    /** Nobody but {@code tick} calls them, and it always sets it first. */
    @Test
    void whatAllCallersSetFirstGoesIn() {
        String before = SOURCE.replace("V\n", "\n")
                .replace(" R ", " ")
                .replace("F\n", "\n")
                .replace(" W ", " ")
                .replace("if (n == 0) ", "");
        String after = before.replace("limit;", "limit, higher;")
                .replace("return x < limit", "return x < higher")
                .replace("limit = 5;", "limit = 5; higher = 9;");
        Selection selection = Change.of(before, after).select();

        assertThat(SetEarlier.find(selection, running("tick"), Set.of(), _ -> false))
                .isEmpty();
        assertThat(SetEarlier.find(selection, running("tick", "other"), Set.of(), _ -> false))
                .hasSize(1);
    }

    @Test
    void aVariableThatNobodyUsedIsLikeANewOne() {
        Selection selection = Change.of(
                        source("int higher;", "", "", ""), source("int higher;", "x -= higher;", "higher = 9;", ""))
                .select();

        assertThat(SetEarlier.find(selection, running(), Set.of(), _ -> false))
                .extracting(Refusal::text)
                .singleElement()
                .asString()
                .startsWith("unit.o: refused: variable `higher` (4 bytes) was not used so far, `check` reads it,");
    }
}
