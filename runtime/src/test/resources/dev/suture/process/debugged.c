/* A program that waits at the end of a chain of calls, for a debugger to look at. "wait" makes it wait, any line more makes
   it go on. Built without frame pointers: the chain is known by the unwinding information only. */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#define PLAIN __attribute__((noipa))

int outer(int);
#ifndef ONLY_MAIN
PLAIN int waits(int x)
{
    char line[100];
    puts("waiting");
    if (!fgets(line, sizeof line, stdin))
        _exit(1);
    return x + 1;
}
PLAIN int patched(int x)
{
    __asm__ volatile(".fill 200, 1, 0x90");
    return waits(x) + 1;
}
PLAIN int outer(int x) { return patched(x) + 1; }
#endif

#ifndef LIBRARY
int main(void)
{
    char line[100];
    setvbuf(stdout, 0, _IOLBF, 0);
    setvbuf(stdin, 0, _IONBF, 0);
    prctl(PR_SET_PTRACER, -1L);
    puts("ready");
    while (fgets(line, sizeof line, stdin))
        printf("%d\n", outer(1));
    return 0;
}
#endif
