/* Threads that make, use and free objects without end, beside 3,000 objects that stay. Answers one line at a time. */
#define _GNU_SOURCE
#include "object.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>

int left_over = -1, gave_back = -1;
static unsigned long rounds;

static void *work(void *kept)
{
    struct object *own = kept;

    for (;;) {
        struct object *object = object_new();
        for (int i = 0; i < 10; i++) {
            object_use(object);
            object_use(own);
        }
        object_free(object);
        usleep(50);
        __atomic_add_fetch(&rounds, 1, __ATOMIC_RELAXED);
    }
    return 0;
}

int main(void)
{
    enum { KEPT = 3000 };
    static struct object *kept[KEPT];
    char line[100];

    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    for (int i = 0; i < KEPT; i++)
        kept[i] = object_new();
    for (int i = 0; i < 4; i++) {
        pthread_t thread;

        pthread_create(&thread, 0, work, kept[i]);
    }
    while (fgets(line, sizeof(line), stdin)) {
        int number;

        if (sscanf(line, "use %d", &number) == 1) {
            object_use(kept[number]);
            printf("%ld\n", object_describe(kept[number]));
        } else if (!strcmp(line, "all\n")) {
            for (int i = 0; i < KEPT; i++)
                object_use(kept[i]);
            puts("used");
        } else if (!strcmp(line, "hooks\n")) {
            printf("%d %d\n", left_over, gave_back);
        } else {
            printf("%lu\n", __atomic_load_n(&rounds, __ATOMIC_RELAXED));
        }
        fflush(stdout);
    }
    return 0;
}
