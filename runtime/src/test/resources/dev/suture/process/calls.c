/* Functions to be patched, each called by name: "call NAME N" in the main thread, "start NAME N" in one of its own. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PLAIN __attribute__((noipa))
#define ROOM __asm__ volatile(".fill 64, 1, 0x90")
int counter, held[2];
volatile int zero;

PLAIN int add(int x) { ROOM; return x + 1; }
PLAIN int plain(int x) { ROOM; return x + 1; }
PLAIN int longer(int x) { ROOM; ROOM; ROOM; ROOM; return x + 1; }
PLAIN int other(int x) { ROOM; return x + 2; }

/* Waits until "release". */
PLAIN int hold(int x)
{
    char c;
    __asm__ volatile(".fill 16, 1, 0x90");
    return read(held[0], &c, 1) == 1 ? x : -1;
}
PLAIN int holds(int x) { ROOM; int y = hold(x); ROOM; return y + 1; }

/* Known instructions: what is added first can be taken out. */
__asm__(".text; .globl guarded, guarded_holds, tiny; .type guarded, @function; .type guarded_holds, @function\n"
        ".type tiny, @function\n"
        "guarded: .cfi_startproc; addl $1000, %edi; leal 1(%rdi), %eax; ret; .cfi_endproc; .size guarded, .-guarded\n"
        "guarded_holds: .cfi_startproc; addl $1000, %edi; subq $8, %rsp; .cfi_adjust_cfa_offset 8; call hold\n"
        "addq $8, %rsp; .cfi_adjust_cfa_offset -8; ret; .cfi_endproc; .size guarded_holds, .-guarded_holds\n"
        "tiny: .cfi_startproc; leal 1(%rdi), %eax; ret; .cfi_endproc; .size tiny, .-tiny");

static void *in_thread(void *task)
{
    int (*function)(int) = ((void **)task)[0];
    int result = function((int)(long)((void **)task)[1]);
    printf("ended %d\n", result);
    return 0;
}

int main(void)
{
    char line[256], name[64];
    int argument;
    if (pipe(held))
        return 1;
    prctl(PR_SET_PTRACER, -1L);
    setvbuf(stdout, 0, _IOLBF, 0);
    puts("ready");
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "call %63s %d", name, &argument) == 2) {
            int (*function)(int) = dlsym(RTLD_DEFAULT, name);
            if (function)
                printf("%d\n", function(argument));
            else
                puts("no such function");
        } else if (sscanf(line, "start %63s %d", name, &argument) == 2) {
            void **task = malloc(2 * sizeof *task);
            pthread_t thread;
            task[0] = dlsym(RTLD_DEFAULT, name);
            task[1] = (void *)(long)argument;
            if (!task[0] || pthread_create(&thread, 0, in_thread, task))
                return 1;
            usleep(20000);
            puts("started");
        } else if (!strcmp(line, "release\n")) {
            if (write(held[1], "x", 1) != 1)
                return 1;
        } else if (sscanf(line, "open %63s", name) == 1) {
            puts(dlopen(name, RTLD_NOW | RTLD_GLOBAL) ? "opened" : dlerror());
        } else if (!strcmp(line, "counter\n")) {
            printf("%d\n", counter);
        } else
            puts("?");
    }
    return 0;
}
