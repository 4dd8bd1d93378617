/* A coroutine whose stack is an array in a frame of its own thread's, and that is switched to by code of the program's. The
   function that resumes it waits below. */
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <pthread.h>
#define PLAIN __attribute__((noipa))

static __thread void *outside, *inside;
static __thread int answer;

void switch_to(void **from, void *to);
__asm__(".text; .globl switch_to; .type switch_to, @function; switch_to: .cfi_startproc;"
        "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15;"
        ".cfi_adjust_cfa_offset 48;"
        "mov %rsp, (%rdi); mov %rsi, %rsp;"
        "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; .cfi_adjust_cfa_offset -48; ret;"
        ".cfi_endproc; .size switch_to, .-switch_to");

static void runs_inside(void)
{
    char line[100];
    puts("inside");
    if (fgets(line, sizeof line, stdin))
        answer = strlen(line);
    switch_to(&inside, outside);
    _exit(3);
}
PLAIN int goes_in(int x)
{
    switch_to(&outside, inside);
    return answer + x;
}
PLAIN int resumes(int x)
{
    __asm__ volatile(".fill 64, 1, 0x90");
    return goes_in(x);
}
/* The array is above the frames of whoever resumes. */
PLAIN int holds(int x)
{
    char room[1 << 16] __attribute__((aligned(16)));
    uintptr_t *top = (uintptr_t *)(room + sizeof room) - 10;
    memset(top, 0, 80);
    top[6] = (uintptr_t)runs_inside;
    inside = top;
    __asm__ volatile("" : : "r"(room) : "memory");
    int y = resumes(x);
    __asm__ volatile("" : : "r"(room) : "memory");
    return y;
}
static void *in_thread(void *x)
{
    printf("%d\n", holds((int)(intptr_t)x));
    return 0;
}

int main(void)
{
    char line[100];
    setvbuf(stdout, 0, _IOLBF, 0);
    setvbuf(stdin, 0, _IONBF, 0);
    prctl(PR_SET_PTRACER, -1L);
    puts("ready");
    while (fgets(line, sizeof line, stdin)) {
        if (!strcmp(line, "thread\n")) {
            pthread_t thread;
            pthread_create(&thread, 0, in_thread, (void *)1);
            pthread_join(thread, 0);
        } else
            printf("%d\n", holds(1));
    }
    return 0;
}
