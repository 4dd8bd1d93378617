/* One program that behaves well or badly; argv[1] says how. All of them have the same function. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LEDGER_BYTES (4096 + (2 << 20))
#define GUARD_BYTES (1 << 20)

static volatile int stays;
static unsigned char *guard;
static long errors;

__attribute__((noipa)) int answer(int x)
{
    __asm__ volatile(".fill 64, 1, 0x90");
    while (stays)
        usleep(10000);
    return x + 1;
}

static void try_once(int x)
{
    int got = answer(x);
    if (got != x + 1 && got != x + 1000 && got != x + 2000)
        __atomic_fetch_add(&errors, 1, __ATOMIC_RELAXED);
}

static void *calls(void *often)
{
    for (int i = 0; !often || i < 20; i++) {
        try_once(i & 0xffff);
        if (!often)
            usleep(100);
    }
    return 0;
}

static void *sits(void *unused)
{
    answer(1);
    return unused;
}

/* Ends in one of many ways, and soon. */
static void dies(void)
{
    srand(getpid());
    for (int left = rand() % 300; left; left--)
        try_once(left), usleep(1000);
    switch (rand() % 4) {
    case 0: _exit(0);
    case 1: abort();
    case 2: *(volatile int *)8 = 1;
    default: kill(getpid(), SIGKILL);
    }
}

static void behaves(const char *how, char **argv)
{
    pthread_t thread;
    if (!strcmp(how, "dies"))
        dies();
    while (!strcmp(how, "forks")) {
        if (!fork()) {
            for (int i = 0; i < 20; i++)
                try_once(i), usleep(1000);
            _exit(0);
        }
        usleep(10000);
        while (waitpid(-1, 0, WNOHANG) > 0)
            ;
    }
    if (!strcmp(how, "executes")) {
        for (int i = 0; i < 50; i++)
            try_once(i), usleep(1000);
        execv("/proc/self/exe", argv);
    }
    while (!strcmp(how, "threads"))
        if (!pthread_create(&thread, 0, calls, &errors))
            pthread_join(thread, 0), usleep(300);
    while (!strcmp(how, "maps")) {
        munmap(mmap(0, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1 << 16);
        try_once(1);
        usleep(300);
    }
    if (!strcmp(how, "stops"))
        for (;;)
            raise(SIGSTOP), usleep(1000);
    if (!strcmp(how, "sits")) {
        stays = 1;
        for (int i = 0; i < 4; i++)
            pthread_create(&thread, 0, sits, 0);
        for (;;)
            pause();
    }
    if (!strcmp(how, "lies")) {
        int file = memfd_create("suture", 0);
        if (ftruncate(file, LEDGER_BYTES))
            _exit(1);
        guard = mmap(0, LEDGER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        memcpy(mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), "\177ELF\2\1\1", 7);
    }
    if (!strcmp(how, "calls"))
        for (int i = 0; i < 3; i++)
            pthread_create(&thread, 0, calls, 0);
}

int main(int argc, char **argv)
{
    char line[100];
    const char *how = argc > 1 ? argv[1] : "";
    setvbuf(stdout, 0, _IOLBF, 0);
    prctl(PR_SET_PTRACER, -1L);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    guard = mmap(0, GUARD_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    behaves(how, argv);
    while (fgets(line, sizeof line, stdin)) {
        if (!strcmp(line, "errors\n")) {
            for (int i = 0; i < GUARD_BYTES; i++)
                errors += guard[i];
            printf("%ld\n", errors);
        } else {
            printf("%d\n", answer(1));
        }
    }
    return 0;
}
