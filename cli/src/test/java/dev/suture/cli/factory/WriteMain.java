package dev.suture.cli.factory;

/** Writes what reads lines and answers each with a number, in one thread or by turns in two. */
final class WriteMain {
    private static final String ONE = """
            static unsigned long answer(unsigned long n) { return %s; }
            static void begin(void) {}
            """;
    private static final String TWO = """
            #include <pthread.h>
            #include <unistd.h>
            static int questions[2][2], answers[2][2];
            static void *work(void *number)
            {
                long self = (long)number;
                unsigned long n;
                while (read(questions[self][0], &n, sizeof n) == sizeof n) {
                    n = %s;
                    write(answers[self][1], &n, sizeof n);
                }
                return 0;
            }
            static unsigned long answer(unsigned long n)
            {
                int turn = n & 1;
                write(questions[turn][1], &n, sizeof n);
                read(answers[turn][0], &n, sizeof n);
                return n;
            }
            static void begin(void)
            {
                for (long i = 0; i < 2; i++) {
                    pthread_t thread;
                    pipe(questions[i]);
                    pipe(answers[i]);
                    pthread_create(&thread, 0, work, (void *)i);
                }
            }
            """;
    private static final String MAIN = """
            int main(void)
            {
                char line[64];
                unsigned long n = 0;
                begin();
                while (fgets(line, sizeof line, stdin)) {
                    %s
                        printf("%%lu\\n", answer(n++));
                    fflush(stdout);
                }
                return 0;
            }
            """;

    private WriteMain() {}

    /**
     * {@return a {@code main}}
     *
     * @param call what computes the answer of {@code n}
     * @param otherwise what is done with lines of another kind, up to an {@code else}
     */
    static String text(boolean withThreads, String call, String otherwise) {
        return "#include <stdio.h>\n#include <string.h>\n"
                + (withThreads ? TWO : ONE).formatted(call)
                + MAIN.formatted(otherwise);
    }
}
