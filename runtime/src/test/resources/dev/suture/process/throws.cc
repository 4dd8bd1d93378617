/* Exceptions go through a function that is replaced. */
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <sys/prctl.h>

extern "C" __attribute__((noipa)) void fails(int x)
{
    if (x > 3)
        throw std::runtime_error("too much");
    std::printf("fine\n");
}
extern "C" __attribute__((noipa)) void passes(int x)
{
    struct Guard { ~Guard() { std::printf("cleaned\n"); } } guard;
    __asm__ volatile("" ::: "memory");
    fails(x);
}
int main()
{
    char line[100];
    setvbuf(stdout, nullptr, _IOLBF, 0);
    std::puts("ready");
    while (std::fgets(line, sizeof line, stdin)) {
        try {
            passes(std::strlen(line));
        } catch (const std::exception &e) {
            std::printf("caught %s\n", e.what());
        }
    }
}
