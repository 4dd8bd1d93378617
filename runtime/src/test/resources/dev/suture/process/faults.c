/* A program in circumstances that make it hard to patch; commands come on standard input. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

volatile int wrong, children;
__attribute__((noipa)) int answer(int x) { __asm__ volatile(".fill 16, 1, 0x90"); return x + 1; }
__attribute__((noipa)) static int secret(int x) { __asm__ volatile(".fill 16, 1, 0x90"); return x + 40; }

/* Makes a system call do something else than what it is for, for this thread or, with one argument more, for all. */
static int filter(int number, unsigned action, int everywhere)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof rules / sizeof rules[0], rules};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return errno;
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, everywhere ? SECCOMP_FILTER_FLAG_TSYNC : 0, &program)
        ? errno : 0;
}

static int limit(int what, rlim_t bytes)
{
    struct rlimit both = {bytes, bytes};
    return setrlimit(what, &both) ? errno : 0;
}

static void *filtered_thread(void *unused)
{
    filter(SYS_mmap, SECCOMP_RET_KILL_PROCESS, 0);
    for (;;)
        pause();
    return unused;
}

static void *forks(void *unused)
{
    for (;;) {
        int status;
        pid_t child = fork();
        if (child == 0) {
            int got = answer(1);
            _exit(got == 2 || got == 1001 ? 0 : 1);
        }
        if (child < 0)
            continue;
        if (waitpid(child, &status, 0) != child || status != 0)
            __sync_fetch_and_add(&wrong, 1);
        __sync_fetch_and_add(&children, 1);
    }
    return unused;
}

static void *ends_soon(void *micros) { usleep((long)micros); exit(0); }
static void *reads(void *unused);

int main(int count, char **arguments)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    prctl(PR_SET_PTRACER, -1L);
    if (count > 1 && !strcmp(arguments[1], "execs")) {
        /* Becomes another program, the same one, again and again. */
        static char rounds[20];
        int round = atoi(arguments[2]);
        if (round == 0)
            puts("ready");
        usleep(2000);
        if (answer(1) != 2 && answer(1) != 1001)
            abort();
        sprintf(rounds, "%d", round + 1);
        char *next[] = {arguments[0], "execs", rounds, 0};
        execv("/proc/self/exe", next);
        abort();
    }
    puts("ready");
    if (count > 1 && !strcmp(arguments[1], "without-first-thread")) {
        pthread_t thread;
        pthread_create(&thread, 0, reads, 0);
        pthread_exit(0);
    }
    reads(0);
    return 0;
}

static void *reads(void *unused)
{
    char line[256];
    long number;
    while (fgets(line, sizeof line, stdin)) {
        if (!strcmp(line, "answer\n")) printf("%d\n", answer(1));
        else if (!strcmp(line, "secret\n")) printf("%d\n", secret(2));
        else if (!strcmp(line, "wrong\n")) printf("%d\n", wrong);
        else if (!strcmp(line, "children\n")) printf("%d\n", children);
        else if (!strcmp(line, "undumpable\n")) printf("%d\n", prctl(PR_SET_DUMPABLE, 0));
        else if (!strcmp(line, "kill mmap\n")) printf("%d\n", filter(SYS_mmap, SECCOMP_RET_KILL_PROCESS, 1));
        else if (!strcmp(line, "fail mmap\n")) printf("%d\n", filter(SYS_mmap, SECCOMP_RET_ERRNO | EPERM, 1));
        else if (!strcmp(line, "kill getpid\n")) printf("%d\n", filter(SYS_getpid, SECCOMP_RET_KILL_PROCESS, 1));
        else if (!strcmp(line, "filtered thread\n")) {
            pthread_t thread;
            pthread_create(&thread, 0, filtered_thread, 0);
            usleep(20000);
            puts("0");
        }
        else if (sscanf(line, "limit memory %ld", &number) == 1) printf("%d\n", limit(RLIMIT_AS, number));
        else if (sscanf(line, "limit files %ld", &number) == 1) printf("%d\n", limit(RLIMIT_FSIZE, number));
        else if (sscanf(line, "limit descriptors %ld", &number) == 1) printf("%d\n", limit(RLIMIT_NOFILE, number));
        else if (!strcmp(line, "forks\n")) {
            pthread_t thread;
            pthread_create(&thread, 0, forks, 0);
            puts("0");
        }
        else if (sscanf(line, "end %ld", &number) == 1) {
            pthread_t thread;
            puts("0");
            pthread_create(&thread, 0, ends_soon, (void *)number);
        }
        else if (!strcmp(line, "unwinder\n")) puts(dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_GLOBAL) ? "0" : dlerror());
        else puts("?");
    }
    return unused;
}
