/* Threads that loop, sleep and wait in system calls; commands come on standard input. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

volatile int errors, wrong, signals, rounds, limit = 1 << 30, stay;
int counter = 100;
__thread int of_thread = 7;
static volatile int hidden = 40;
#define ROOM __asm__ volatile("nop; nop; nop; nop; nop")

__attribute__((noipa)) int answer(int x) { ROOM; return x + 1; }
__attribute__((noipa)) static int secret(int x) { ROOM; return hidden + x; }
__attribute__((noipa)) int tail(int x) { ROOM; return x * 2; }
/* In another page than the others. */
__attribute__((noipa, aligned(4096))) int distant(int x) { ROOM; return x * 2; }
__attribute__((noipa, aligned(4096))) int deep(int n)
{
    if (n == 0) {
        while (stay)
            usleep(1000);
        return answer(0);
    }
    int below = deep(n - 1);
    __asm__ volatile("" ::: "memory");
    return below + 1;
}
__attribute__((noipa)) int outer(int n)
{
    int below = deep(n);
    __asm__ volatile("" ::: "memory");
    return below + 1;
}
__attribute__((noipa)) int linger(int x)
{
    char c;
    int fds[2];
    if (pipe(fds))
        return -1;
    if (read(fds[0], &c, 1) != 1)
        return -2;
    return x;
}

static void *loops(void *unused)
{
    while (rounds < limit) {
        int got = answer(1);
        if (got != 2 && got != 1001)
            __sync_fetch_and_add(&wrong, 1);
        __sync_fetch_and_add(&rounds, 1);
    }
    return unused;
}

/* Notes the longest time, in nanoseconds, in which this thread did not run. */
static volatile long gap;
static void *watches(void *unused)
{
    struct timespec now;
    long last = 0;
    for (;;) {
        answer(1);
        clock_gettime(CLOCK_MONOTONIC, &now);
        long nanos = now.tv_sec * 1000000000L + now.tv_nsec;
        if (last && nanos - last > gap)
            gap = nanos - last;
        last = nanos;
    }
    return unused;
}

static void *sleeps(void *unused)
{
    struct timespec time = {0, 20000000};
    for (;;) {
        struct timespec left;
        if (nanosleep(&time, &left) != 0)
            __sync_fetch_and_add(&errors, 1);
        answer(1);
    }
    return unused;
}

static void *waits(void *kind)
{
    int fds[2], pipes[2];
    char c;
    /* Longer than any test: what returns counts as an error. */
    struct timespec long_time = {1000000, 0};
    struct timeval long_receive = {1000000, 0};
    sigset_t none;
    sigemptyset(&none);
    sigaddset(&none, SIGUSR2);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) || pipe(pipes))
        abort();
    setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &long_receive, sizeof long_receive);
    int set = epoll_create1(0);
    struct epoll_event event = {EPOLLIN, {0}};
    epoll_ctl(set, EPOLL_CTL_ADD, pipes[0], &event);
    int semaphore = semget(IPC_PRIVATE, 1, 0600);
    struct sembuf take = {0, -1, 0};
    struct pollfd polled = {pipes[0], POLLIN, 0};
    for (;;) {
        long result = 0;
        switch ((long)kind % 8) {
        case 0: result = read(pipes[0], &c, 1); break;
        case 1: result = epoll_wait(set, &event, 1, -1); break;
        case 2: result = epoll_wait(set, &event, 1, 1000000000); break;
        case 3: result = recv(fds[0], &c, 1, 0); break;
        case 4: result = sigtimedwait(&none, 0, &long_time); break;
        case 5: result = semop(semaphore, &take, 1); break;
        case 6: result = poll(&polled, 1, 1000000000); break;
        case 7: result = nanosleep(&long_time, 0); break;
        }
        (void)result;
        __sync_fetch_and_add(&errors, 1);
    }
    return 0;
}

static void *brief(void *unused) { answer(1); return unused; }
static void *births(void *unused)
{
    for (;;) {
        pthread_t thread;
        if (pthread_create(&thread, 0, brief, 0) == 0)
            pthread_join(thread, 0);
    }
    return unused;
}
static void *deeps(void *unused) { printf("deep %d\n", deep(20)); return unused; }
static void *outers(void *unused) { printf("outer %d\n", outer(20000)); return unused; }
static void *lingers(void *unused) { printf("lingered %d\n", linger(3)); return unused; }
static void start(void *(*function)(void *), int count)
{
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, function == outers ? 8 << 20 : 65536);
    for (long i = 0; i < count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, &small, function, (void *)i))
            abort();
    }
}
/* From now on mmap, mremap and memfd_create kill the program. */
static int strict(void)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 9, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 25, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 319, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof rules / sizeof rules[0], rules};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
static void counts(int signal) { (void)signal; __sync_fetch_and_add(&signals, 1); }

/* Has a thread of the kernel open a file, which may take long; opened() then tells what came of it. */
static int ring = -1;
static struct io_uring_params about;
static char *rings;
static char name[256];

static int opens(const char *path)
{
    ring = syscall(SYS_io_uring_setup, 4, &about);
    if (ring < 0)
        return errno;
    rings = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
    struct io_uring_sqe *entry = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
    if (rings == MAP_FAILED || entry == MAP_FAILED)
        return errno;
    snprintf(name, sizeof name, "%s", path);
    memset(entry, 0, sizeof *entry);
    entry->opcode = IORING_OP_OPENAT;
    entry->flags = IOSQE_ASYNC;
    entry->fd = AT_FDCWD;
    entry->addr = (unsigned long)name;
    entry->open_flags = O_RDONLY;
    *(unsigned *)(rings + about.sq_off.array) = 0;
    __atomic_store_n((unsigned *)(rings + about.sq_off.tail), 1, __ATOMIC_RELEASE);
    return syscall(SYS_io_uring_enter, ring, 1, 0, 0, 0, 0) == 1 ? 0 : errno;
}

static int opened(void)
{
    while (__atomic_load_n((unsigned *)(rings + about.cq_off.tail), __ATOMIC_ACQUIRE) == 0)
        syscall(SYS_io_uring_enter, ring, 0, 1, IORING_ENTER_GETEVENTS, 0, 0);
    return ((struct io_uring_cqe *)(rings + about.cq_off.cqes))->res;
}

int main(void)
{
    char line[256];
    int count;
    signal(SIGUSR1, counts);
    setvbuf(stdout, 0, _IOLBF, 0);
    prctl(PR_SET_PTRACER, -1L);
    puts("ready");
    while (fgets(line, sizeof line, stdin)) {
        char *end = strchr(line, '\n');
        if (end)
            *end = 0;
        if (sscanf(line, "loops %d", &count) == 1) { start(loops, count); puts("ok"); }
        else if (sscanf(line, "watches %d", &count) == 1) { start(watches, count); puts("ok"); }
        else if (sscanf(line, "sleeps %d", &count) == 1) { start(sleeps, count); puts("ok"); }
        else if (sscanf(line, "waits %d", &count) == 1) { start(waits, count); puts("ok"); }
        else if (sscanf(line, "births %d", &count) == 1) { start(births, count); puts("ok"); }
        else if (!strcmp(line, "deep")) { stay = 1; start(deeps, 1); usleep(20000); puts("ok"); }
        else if (!strcmp(line, "outer")) { stay = 1; start(outers, 1); usleep(20000); puts("ok"); }
        else if (!strcmp(line, "linger")) { start(lingers, 1); usleep(20000); puts("ok"); }
        else if (!strcmp(line, "leave")) { stay = 0; }
        else if (!strcmp(line, "fork")) {
            fflush(stdout);
            pid_t child = fork();
            if (child == 0) { printf("child %d\n", answer(1)); fflush(stdout); _exit(0); }
            waitpid(child, 0, 0);
        }
        else if (!strcmp(line, "polls")) {
            /* The kernel makes a thread for it (io_uring_setup with IORING_SETUP_SQPOLL), and later others. */
            unsigned parameters[30] = { [2] = 2, [4] = 1 };
            printf("%d\n", syscall(425, 8, parameters) < 0 ? errno : 0);
        }
        else if (!strncmp(line, "opens ", 6)) printf("%d\n", opens(line + 6));
        else if (!strcmp(line, "opened")) printf("%d\n", opened());
        else if (!strcmp(line, "strict")) printf("%d\n", strict());
        else if (!strcmp(line, "answer")) printf("%d\n", answer(1));
        else if (!strcmp(line, "secret")) printf("%d\n", secret(2));
        else if (!strcmp(line, "tail")) printf("%d\n", tail(5));
        else if (!strcmp(line, "distant")) printf("%d\n", distant(5));
        else if (!strcmp(line, "thread")) printf("%d\n", of_thread);
        else if (!strcmp(line, "counter")) printf("%d\n", counter);
        else if (!strcmp(line, "errors")) printf("%d\n", errors);
        else if (!strcmp(line, "wrong")) printf("%d\n", wrong);
        else if (!strcmp(line, "signals")) printf("%d\n", signals);
        else if (!strcmp(line, "gap")) { printf("%ld\n", gap / 1000); gap = 0; }
        else if (!strcmp(line, "rounds")) printf("%d\n", rounds);
        else if (!strcmp(line, "quit")) return 0;
        else puts("?");
    }
    return 0;
}
