/* Threads that go through functions at random, on stacks of all kinds, while these functions are replaced. Each call of a
   function notes which body of it runs; whoever finds himself in a body that is no longer the one that is called was
   missed. Commands come on standard input: "stop" ends it and gives the figures.

   Compiled with -DCALM it neither throws nor switches stacks, and has no unwinder: then functions are replaced in place.
   Whoever is missed there goes on in the middle of other instructions, which ends the program. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <alloca.h>
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#ifndef CALM
#include <ucontext.h>
#endif
#include <unistd.h>
#include "fuzz.h"

struct Stack {
    Activation *top;
    int tries;
    jmp_buf *jump;
    Activation *jump_top;
    bool is_home;
#ifndef CALM
    ucontext_t context;
#endif
};

#ifdef SPLIT
/* longjmp leaves the limit of the part of the stack that it came from, and the program runs over that of another. */
static const bool JUMPS = false;
#else
static const bool JUMPS = true;
#endif
static const int COROUTINES = 3, THREADS = 4, COROUTINE_BYTES = 1 << 18;
static long calls, misses, exempt, throws, signals, switches, jumps, colds;
static char first_miss[200];
static volatile bool stops;
static bool mixes;

struct Own {
    uint64_t random;
    Stack home, coroutines[COROUTINES];
    Stack *running, *came_from[COROUTINES];
    bool is_started[COROUTINES];
    int in_handler, epoll;
    bool has_large_stack;
};
static __thread Own *own;

unsigned fuzz_random()
{
    uint64_t x = own->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    own->random = x;
    return (unsigned)(x >> 24);
}

/* Whether there are megabytes of stack left. */
bool fuzz_has_room()
{
    return own->has_large_stack && own->running->is_home && own->in_handler == 0;
}

#define DECLARE(n) extern "C" void f##n(int); 
FUNCTIONS(DECLARE)
#define ENTRY(n) f##n,
static void (*const entries[])(int) = {FUNCTIONS(ENTRY)};
static const int COUNT = sizeof entries / sizeof entries[0];
/* Of each function, to know it by: all bodies differ there, as each gives its own address. */
static const int MARKED = 64;
static const uintptr_t IN_PLACE = (uintptr_t)1 << 63;
static unsigned char original[COUNT][MARKED];
static long in_place;

/* What a call of the function leads to now: the address of a body, or a mark of the code that is in place of the first. */
static uintptr_t body(int function)
{
    const unsigned char *at = (const unsigned char *)entries[function];
    int distance;
    if (!memcmp(at, original[function], MARKED))
        return (uintptr_t)at;
    memcpy(&distance, at + 1, 4);
    if (at[0] == 0xe9)
        return (uintptr_t)at + 5 + distance;
    uintptr_t mark = 0;
    for (int i = 0; i < MARKED; i++)
        mark = mark * 0x9e3779b97f4a7c15u + at[i];
    return mark | IN_PLACE;
}

static void check(Activation *a, const char *when)
{
    uintptr_t now = body(a->function);
    bool is_other = now & IN_PLACE ? a->body == (const void *)entries[a->function] : now != (uintptr_t)a->body;
    if (a->is_exempt || now == a->called && !is_other)
        return;
    a->is_exempt = true;
    if (__sync_fetch_and_add(&misses, 1) == 0)
        snprintf(first_miss, sizeof first_miss, " first f%d %s home %d handler %d", a->function, when,
                 own->running->is_home, own->in_handler);
}
extern "C" void fuzz_enter(Activation *a, int function, const void *body)
{
    a->function = function;
    a->body = body;
    a->called = ::body(function);
    a->is_exempt = false;
    if (a->called & IN_PLACE)
        __sync_fetch_and_add(&in_place, 1);
    a->below = own->running->top;
    own->running->top = a;
    __sync_fetch_and_add(&calls, 1);
    check(a, "entered");
}
extern "C" void fuzz_leave(Activation *a)
{
    check(a, "left");
    own->running->top = a->below;
}
/* A stack that nobody was on is not looked at when functions change: what is on it may be of before. */
static void excuse(Stack *stack)
{
    for (Activation *a = stack->is_home ? 0 : stack->top; a; a = a->below)
        if (!a->is_exempt && body(a->function) != a->called) {
            a->is_exempt = true;
            __sync_fetch_and_add(&exempt, 1);
        }
}

static void leaf()
{
    unsigned what = fuzz_random() % 32;
    timespec brief = {0, (long)(fuzz_random() % 200000)};
    switch (what) {
    case 0: case 1: case 2:
        nanosleep(&brief, 0);
        break;
    case 3:
        poll(0, 0, 1);
        break;
    case 4: {
        epoll_event event;
        epoll_wait(own->epoll, &event, 1, fuzz_random() % 3);
        break;
    }
    case 5:
        sched_yield();
        break;
    case 6: {
        char *here = (char *)((long)__builtin_frame_address(0) & -4096);
        madvise(here, 4096, MADV_DONTDUMP);
        break;
    }
    case 7:
        brief.tv_nsec *= 20;
        nanosleep(&brief, 0);
        break;
    default:
        for (int i = fuzz_random() % 300; i > 0; i--)
            __asm__ volatile("pause");
    }
}

#ifndef CALM
static void switch_to(Stack *next)
{
    Stack *before = own->running;
    own->running = next;
    swapcontext(&before->context, &next->context);
    own->running = before;
    excuse(before);
    __sync_fetch_and_add(&switches, 1);
}
static void coroutine(int index)
{
    for (;;) {
        own->coroutines[index].tries = 0;
        fuzz_step(3 + fuzz_random() % 4);
        switch_to(own->came_from[index]);
    }
}
static void goes_elsewhere()
{
    int index = fuzz_random() % COROUTINES;
    Stack *next = &own->coroutines[index];
    for (int i = 0; i < COROUTINES; i++)
        if (own->running == &own->coroutines[i]) {
            switch_to(own->came_from[i]);
            return;
        }
    if (!own->is_started[index]) {
        own->is_started[index] = true;
        getcontext(&next->context);
        next->context.uc_stack.ss_sp = mmap(0, COROUTINE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        next->context.uc_stack.ss_size = COROUTINE_BYTES;
        next->context.uc_link = 0;
        makecontext(&next->context, (void (*)())coroutine, 1, index);
    }
    own->came_from[index] = own->running;
    switch_to(next);
}
#else
static void goes_elsewhere() {}
#endif

static void jumps_back(int depth)
{
    Stack *stack = own->running;
    jmp_buf here, *before = stack->jump;
    Activation *top = stack->top;
    int tries = stack->tries;
    if (!_setjmp(here)) {
        stack->jump = &here;
        fuzz_step(depth - 1);
    } else
        __sync_fetch_and_add(&jumps, 1);
    stack->jump = before;
    stack->top = top;
    stack->tries = tries;
}
#ifndef CALM
static void catches(int depth)
{
    Stack *stack = own->running;
    Activation *top = stack->top;
    jmp_buf *before = stack->jump;
    stack->jump = 0;
    stack->tries++;
    try {
        fuzz_step(depth - 1);
    } catch (int) {
        __sync_fetch_and_add(&throws, 1);
    }
    stack->tries--;
    stack->jump = before;
    stack->top = top;
}
static void throws_one(int depth) { throw depth; }
#else
static void catches(int depth) { fuzz_step(depth - 1); }
static void throws_one(int) {}
#endif
static void handles(int number)
{
    int saved = errno;
    if (own && !own->in_handler++) {
        __sync_fetch_and_add(&signals, 1);
        fuzz_step(2);
    }
    if (own)
        own->in_handler--;
    errno = saved;
}

extern "C" __attribute__((noipa)) void fuzz_step(int depth)
{
    Stack *stack = own->running;
    bool is_plain = own->in_handler == 0;
    if (depth <= 0 || stops) {
        leaf();
        return;
    }
    switch (fuzz_random() % 20) {
    case 0:
        leaf();
        break;
    case 1: case 2:
        if (is_plain)
            catches(depth);
        break;
    case 3: case 4:
        if (is_plain && stack->tries > 0 && !stack->jump)
            throws_one(depth);
        break;
    case 5:
        if (is_plain && mixes)
            raise(SIGUSR1);
        break;
    case 6: case 7:
        if (is_plain && mixes)
            goes_elsewhere();
        break;
    case 8:
        if (is_plain && JUMPS && stack->tries == 0)
            jumps_back(depth);
        break;
    case 9:
        if (is_plain && stack->jump)
            longjmp(*stack->jump, 1);
        break;
    case 10:
        fuzz_step(depth - 1);
        fuzz_step(depth - 1);
        break;
    default:
        entries[fuzz_random() % COUNT](depth - 1);
    }
}
extern "C" __attribute__((cold, noipa)) void fuzz_cold(int depth)
{
    __sync_fetch_and_add(&colds, 1);
    fuzz_step(depth);
}

static void begins(uint64_t seed)
{
    own = (Own *)calloc(1, sizeof *own);
    own->random = seed * 0x9e3779b97f4a7c15u + 1;
    own->home.is_home = true;
    own->running = &own->home;
    own->epoll = epoll_create1(0);
    stack_t stack = {};
    stack.ss_size = 1 << 18;
    stack.ss_sp = malloc(stack.ss_size);
    syscall(SYS_sigaltstack, &stack, 0);
}
static void *works(void *seed)
{
    begins((uint64_t)seed);
    own->has_large_stack = true;
    while (!stops) {
        own->home.tries = 0;
        own->home.jump = 0;
        fuzz_step(1 + fuzz_random() % 9);
        if (fuzz_random() % 4 == 0) {
            timespec brief = {0, (long)(fuzz_random() % 2000000)};
            nanosleep(&brief, 0);
        }
    }
    return 0;
}
/* Signals come at any time. */
static pthread_t workers[THREADS];
static void *disturbs(void *seed)
{
    begins((uint64_t)seed);
    while (!stops) {
        usleep(fuzz_random() % 3000);
        pthread_kill(workers[fuzz_random() % THREADS], SIGUSR1);
    }
    return 0;
}

int main(int count, char **arguments)
{
    uint64_t seed = strtoull(arguments[1], 0, 10);
    mixes = strcmp(arguments[2], "plain") != 0;
    prctl(PR_SET_PTRACER, -1L);
    setvbuf(stdout, 0, _IOLBF, 0);
    for (int i = 0; i < COUNT; i++)
        memcpy(original[i], (const void *)entries[i], MARKED);
    struct sigaction action = {};
    action.sa_handler = handles;
    action.sa_flags = SA_ONSTACK | SA_RESTART;
    sigaction(SIGUSR1, &action, 0);
    pthread_attr_t how;
    pthread_attr_init(&how);
    pthread_attr_setstacksize(&how, 256 << 20);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&workers[i], &how, works, (void *)(seed * 100 + i));
    pthread_t disturber;
    if (mixes)
        pthread_create(&disturber, 0, disturbs, (void *)(seed * 100 + 50));
    begins(seed * 100 + 99);
    puts("ready");
    pollfd in = {0, POLLIN, 0};
    while (poll(&in, 1, 2) == 0)
        fuzz_step(6);
    stops = true;
    if (mixes)
        pthread_join(disturber, 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(workers[i], 0);
    printf("misses %ld calls %ld excused %ld throws %ld signals %ld switches %ld jumps %ld colds %ld in place %ld%s\n", misses,
           calls, exempt, throws, signals, switches, jumps, colds, in_place, first_miss);
    return 0;
}
