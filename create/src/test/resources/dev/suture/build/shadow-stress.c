/*
 * Threads that attach, find and free shadow variables of few objects, so that they meet in the same chains and use each
 * other's freed entries. Ends with status 1 and a line that says what was wrong.
 */
#define _GNU_SOURCE
#include <suture/shadow.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 6
#define OBJECTS 400
#define ROUNDS 60000
#define SHARED 9

static char objects[THREADS][OBJECTS];
static char shared[OBJECTS];
static pthread_barrier_t barrier;
static void *seen[THREADS];
static unsigned long destroyed;

struct mark {
    const void *object;
    unsigned long id;
    unsigned char filling[80];
};

static void expect(int right, const char *what)
{
    if (!right) {
        printf("wrong: %s\n", what);
        fflush(stdout);
        _Exit(1);
    }
}

static unsigned long size_of(unsigned long id)
{
    return sizeof(struct mark) - id;
}

/* An object of its own: what this thread attached it finds, with what it held, until it frees it. */
static void own(char *object, unsigned long id, unsigned int random)
{
    struct mark mark = { object, id, { 0 } };
    struct mark *found = suture_shadow_find(object, id);

    if (!found) {
        found = suture_shadow_attach(object, id, size_of(id), random & 4 ? &mark : 0);
        expect(found != 0, "no memory");
        expect(((unsigned long)found & 15) == 0, "the data is not aligned");
        expect(found->object == (random & 4 ? object : 0), "what is new does not hold what it has to");
        found->object = object;
        found->id = id;
        expect(suture_shadow_find(object, id) == found, "what was attached is not found");
        expect(suture_shadow_attach(object, id, size_of(id), 0) == found, "an object has two of one id");
        expect(!suture_shadow_attach(object, id, size_of(id) + 1, 0), "a size changed");
    } else {
        expect(found->object == object && found->id == id, "another object's data was found");
        if (random & 3) {
            expect(suture_shadow_free(object, id) == 1, "what is there cannot be freed");
            expect(!suture_shadow_find(object, id), "what was freed is found");
            expect(suture_shadow_free(object, id) == 0, "what was freed can be freed");
        }
    }
}

static void *work(void *thread)
{
    unsigned int me = (unsigned int)(long)thread, random = me * 77 + 1, round;

    for (round = 0; round < ROUNDS; round++) {
        random = random * 1103515245 + 12345;
        own(&objects[me][(random >> 16) % OBJECTS], (random >> 8) % 3 * 5, random >> 4);
    }
    for (round = 0; round < OBJECTS; round++) {
        pthread_barrier_wait(&barrier);
        seen[me] = suture_shadow_attach(&shared[round], SHARED, 40, 0);
        pthread_barrier_wait(&barrier);
        expect(seen[me] && seen[me] == seen[0], "two threads gave one object two of one id");
    }
    return 0;
}

static void destructor(const void *object, void *data)
{
    expect((const char *)object >= shared && (const char *)object < shared + OBJECTS && data, "a wrong object");
    destroyed++;
}

int main(void)
{
    pthread_t threads[THREADS];
    long i;

    pthread_barrier_init(&barrier, 0, THREADS);
    for (i = 0; i < THREADS; i++)
        pthread_create(&threads[i], 0, work, (void *)i);
    for (i = 0; i < THREADS; i++)
        pthread_join(threads[i], 0);
    expect(suture_shadow_count(SHARED) == OBJECTS, "the count");
    expect(!suture_shadow_release(), "memory that is in use was given back");
    expect(suture_shadow_free_all(SHARED, destructor) == OBJECTS && destroyed == OBJECTS, "not all were freed");
    expect(suture_shadow_count(SHARED) == 0, "the count of what was freed");
    for (i = 0; i < 3; i++)
        suture_shadow_free_all(i * 5, 0);
    expect(suture_shadow_release() == 1, "memory that is not in use was not given back");
    expect(suture_shadow_attach(shared, SHARED, 8, 0) != 0, "nothing can be attached again");
    puts("right");
    return 0;
}
