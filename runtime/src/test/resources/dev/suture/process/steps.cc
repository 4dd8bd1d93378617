/* Exceptions go through two functions, some pages apart, that are replaced. */
#include <cstdio>
#include <cstring>
#include <sys/prctl.h>

extern "C" __attribute__((noipa)) void fails(int x)
{
    if (x > 3)
        throw x;
}
static int cleaned;
struct Guard { ~Guard() { cleaned++; } };
extern "C" __attribute__((noipa, aligned(8192))) int inner(int x)
{
    Guard guard;
    fails(x);
    return x + 1;
}
extern "C" __attribute__((noipa, aligned(8192))) int outer(int x)
{
    Guard guard;
    return inner(x) + 10;
}
int main()
{
    char line[100];
    int x;
    prctl(PR_SET_PTRACER, -1L);
    setvbuf(stdout, nullptr, _IOLBF, 0);
    std::puts("ready");
    while (std::fgets(line, sizeof line, stdin)) {
        if (std::sscanf(line, "calls %d", &x) != 1)
            return 1;
        cleaned = 0;
        try {
            std::printf("%d\n", outer(x));
        } catch (int caught) {
            std::printf("caught %d, cleaned %d\n", caught, cleaned);
        }
    }
    return 0;
}
