/* Exceptions go through a function that is replaced. */
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <sys/prctl.h>

extern "C" __attribute__((noipa)) void fails(int x)
{
    if (x > 3)
        throw std::runtime_error("too much");
    if (x > 1)
        std::printf("fine\n");
}
extern "C" __attribute__((noipa)) void passes(int x)
{
    struct Guard { int x; ~Guard() { if (x > 1) std::printf("cleaned\n"); } } guard{x};
    __asm__ volatile("" ::: "memory");
    fails(x);
}
extern "C" __attribute__((noipa)) void quietly(int x) { throw x; }
volatile int calmed;
static void storms()
{
    while (!calmed) {
        try {
            quietly(1);
        } catch (int) {
        }
    }
}
int main()
{
    char line[100];
    setvbuf(stdout, nullptr, _IOLBF, 0);
    std::puts("ready");
    while (std::fgets(line, sizeof line, stdin)) {
        if (!std::strcmp(line, "stats\n")) {
            // Nobody reads what it says, which it does with the allocator's locks.
            int ends[2];
            char full[4096] = {};
            if (pipe2(ends, O_NONBLOCK) || dup2(ends[1], 2) < 0)
                return 2;
            while (write(2, full, sizeof full) > 0)
                ;
            fcntl(2, F_SETFL, 0);
            malloc_stats();
            continue;
        }
        if (!std::strcmp(line, "forks\n")) {
            std::puts("forking");
            for (;;) {
                pid_t child = fork();
                if (!child)
                    _exit(0);
                waitpid(child, nullptr, 0);
            }
        }
        if (!std::strncmp(line, "allocates ", 10)) {
            // Of an allocator of its own, that keeps its lock; also in a handler on a stack of its own, on
            // which nothing tells of whom it interrupted.
            static char other[1 << 16];
            stack_t stack = {};
            stack.ss_sp = other;
            stack.ss_size = sizeof other;
            sigaltstack(&stack, nullptr);
            struct sigaction action = {};
            action.sa_handler = [](int) { while (!calmed) ; };
            action.sa_flags = SA_ONSTACK;
            sigaction(SIGUSR1, &action, nullptr);
            reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "allocator_stays"))(line[10] - '0');
            if (line[10] == '3')
                reinterpret_cast<void *(*)(size_t)>(dlsym(RTLD_DEFAULT, "allocator_other"))(100);
            std::printf("never %p\n", std::malloc(100));
            return 3;
        }
        if (!std::strcmp(line, "storm\n")) {
            std::thread(storms).detach();
            std::thread(storms).detach();
            std::puts("storming");
            continue;
        }
        if (!std::strcmp(line, "storm alone\n")) {
            std::puts("storming");
            std::thread(storms).detach();
            while (!calmed)
                try {
                    quietly(1);
                } catch (int) {
                    passes(1);
                }
            continue;
        }
        try {
            passes(std::strlen(line));
        } catch (const std::exception &e) {
            std::printf("caught %s\n", e.what());
        }
    }
}
