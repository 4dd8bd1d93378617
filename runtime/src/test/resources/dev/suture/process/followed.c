/* A program that starts itself anew, and closes a library and opens it again; with LOOP it only calls a function. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

__attribute__((noipa)) int answer(int x)
{
    __asm__ volatile(".fill 64, 1, 0x90");
    return x + 1;
}

int main(int argc, char **argv)
{
    char line[100];
    void *library = dlopen("plugin.so", RTLD_NOW);
    setvbuf(stdout, 0, _IOLBF, 0);
    prctl(PR_SET_PTRACER, -1L);
    while (getenv("LOOP"))
        answer(argc), usleep(1000);
    puts("ready");
    while (fgets(line, sizeof line, stdin)) {
        if (!strcmp(line, "exec\n")) {
            execv("/proc/self/exe", argv);
        } else if (!strcmp(line, "child\n")) {
            /* One goes on in a copy, the other executes the file again. Both end with their parent. */
            if (!fork())
                prctl(PR_SET_PDEATHSIG, 9), pause();
            if (!fork()) {
                prctl(PR_SET_PDEATHSIG, 9);
                setenv("LOOP", "1", 1);
                execv("/proc/self/exe", argv);
            }
            usleep(100000);
            puts("started");
        } else if (!strcmp(line, "reopen\n")) {
            dlclose(library);
            library = dlopen("plugin.so", RTLD_NOW);
            puts("reopened");
        } else if (!strcmp(line, "library\n")) {
            int (*part)(int) = (int (*)(int))dlsym(library, "outer_part");
            printf("%d\n", part(1));
        } else {
            printf("%d\n", answer(1));
        }
    }
    return 0;
}
