/* Functions to be patched, each called by name: "call NAME N" in the main thread, "start NAME N" in one of its own. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

/* Its jump lies across the border of two pages. */
__asm__(".text; .p2align 12; .skip 4093, 0xcc; .globl crossing; .type crossing, @function\n"
        "crossing: .cfi_startproc; leal 1(%rdi), %eax; nopl 0(%rax); nopl 0(%rax); ret; .cfi_endproc\n"
        ".size crossing, .-crossing; .p2align 4");

/* By its unwinding information the function that waits returns to the caller of the one that called it. */
__asm__(".text; .globl lied_to; .type lied_to, @function\n"
        "lied_to: .cfi_startproc; subq $8, %rsp; .cfi_adjust_cfa_offset 8; nopl 0(%rax); call lies\n"
        "addq $8, %rsp; .cfi_adjust_cfa_offset -8; addl $1, %eax; ret; .cfi_endproc; .size lied_to, .-lied_to\n"
        ".type lies, @function\n"
        "lies: .cfi_startproc; subq $8, %rsp; .cfi_adjust_cfa_offset 24; call hold\n"
        "addq $8, %rsp; .cfi_adjust_cfa_offset -24; ret; .cfi_endproc; .size lies, .-lies");

/* Has on its stack what looks like a return into another function. */
PLAIN int remembers(int x)
{
    volatile long there[] = {(long)other + 16, (long)other + 16};
    int y = hold(x);
    return y + (there[0] == there[1]);
}

static const char words[] = "words of the program";
PLAIN int reads_words(int x) { ROOM; return words[x]; }

PLAIN int spins(int x)
{
    volatile int *stop = &held[1];
    while (*stop != -x)
        __asm__ volatile("pause");
    return x;
}

#ifdef ALTERNATE_STACK
/* Is interrupted by a signal whose handler waits on a stack of its own. */
static void handles(int number) { hold(number); }
PLAIN int interrupted(int x)
{
    static char other[65536];
    stack_t stack = {.ss_sp = other, .ss_size = sizeof other};
    struct sigaction action = {.sa_handler = handles, .sa_flags = SA_ONSTACK};
    if (sigaltstack(&stack, 0) || sigaction(SIGUSR2, &action, 0) || raise(SIGUSR2))
        return -1;
    return x;
}
#endif

PLAIN int first_of_two(int x);
PLAIN int second_of_two(int x) { ROOM; return x <= 0 ? 0 : first_of_two(x - 1) + 1; }
PLAIN int first_of_two(int x) { ROOM; return x <= 0 ? 0 : second_of_two(x - 1) + 1; }

struct large { double a; long b[4]; };
PLAIN struct large many(int a, long b, double c, float d, const char *e, long f, long g, long h, double i, struct large j)
{
    ROOM;
    struct large result = {c + d + i + j.a, {a, b, e[0], f + g + h + j.b[3]}};
    return result;
}
PLAIN int calls_many(int x)
{
    struct large own = {x, {0, 0, 0, 9}};
    struct large result = many(x, 2, 0.5, 0.25f, "e", 4, 5, 6, 0.125, own);
    return (int)(result.a * 1000) + (int)result.b[2] + (int)result.b[3] * 100000;
}

__attribute__((noipa)) static int one_way(int x) { return x + 5; }
static int (*choose(void))(int) { return one_way; }
int chosen(int x) __attribute__((ifunc("choose")));

PLAIN __attribute__((patchable_function_entry(10, 4))) int entered(int x) { return x + 1; }

/* Keeps values below its stack pointer, where whoever borrows the thread must not write. */
volatile int red_wrong, red_rounds;
PLAIN int red_zone(int x)
{
    for (;;) {
        int sum;
        __asm__ volatile("movl $11, -8(%%rsp); movl $22, -64(%%rsp); movl $33, -128(%%rsp)\n"
                         ".rept 40; pause; .endr\n"
                         "movl -8(%%rsp), %0; addl -64(%%rsp), %0; addl -128(%%rsp), %0" : "=&r"(sum) : : "memory");
        red_wrong |= sum != 66;
        red_rounds++;
    }
    return x;
}
PLAIN int red_result(int x) { return red_wrong * 1000 + (red_rounds > 0) + x; }

/* A producer and a consumer that wait for each other. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int queue, produced, consumed;
PLAIN int one_more(int x) { ROOM; return x + 1; }
PLAIN int produces(int x)
{
    for (;;) {
        pthread_mutex_lock(&lock);
        while (queue == 3)
            pthread_cond_wait(&changed, &lock);
        queue = one_more(queue);
        produced++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
    }
    return x;
}
PLAIN int consumes(int x)
{
    for (;;) {
        pthread_mutex_lock(&lock);
        while (queue == 0)
            pthread_cond_wait(&changed, &lock);
        queue--;
        consumed++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
    }
    return x;
}
PLAIN int lost(int x)
{
    pthread_mutex_lock(&lock);
    int missing = consumed == 0 ? -1 : produced - consumed - queue;
    pthread_mutex_unlock(&lock);
    return missing + x;
}

/* Opens and closes a library all the time. */
PLAIN int opens(int x)
{
    for (;;) {
        void *library = dlopen("libm.so.6", RTLD_NOW);
        if (!library || !dlsym(library, "cos"))
            abort();
        dlclose(library);
        counter++;
    }
    return x;
}

/* Makes its own page writable, as some programs do that change their code. */
PLAIN int unprotects(int x)
{
    long page = (long)unprotects & -4096;
    return mprotect((void *)page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC) + x;
}

#ifdef COROUTINES
#include <ucontext.h>
/* A function that is suspended in the midst of its work, on a stack of its own. */
static ucontext_t caller, suspended;
static int yielded;
PLAIN int yields(int x) { swapcontext(&suspended, &caller); return x; }
PLAIN int works(int x) { ROOM; int y = yields(x); ROOM; return y + 1; }
static void body(int x) { yielded = works(x); }
PLAIN int begins(int x)
{
    getcontext(&suspended);
    suspended.uc_stack.ss_sp = malloc(65536);
    suspended.uc_stack.ss_size = 65536;
    suspended.uc_link = &caller;
    makecontext(&suspended, (void (*)(void))body, 1, x);
    return swapcontext(&caller, &suspended) + x;
}
PLAIN int resumes(int x) { return swapcontext(&caller, &suspended) + yielded + x; }
/* The same in a thread whose stack lies right above that of the coroutine. */
static char *pool;
static void *beside_pool(void *unused)
{
    getcontext(&suspended);
    suspended.uc_stack.ss_sp = pool;
    suspended.uc_stack.ss_size = 65536;
    suspended.uc_link = &caller;
    makecontext(&suspended, (void (*)(void))body, 1, 1);
    swapcontext(&caller, &suspended);
    hold(1);
    swapcontext(&caller, &suspended);
    printf("ended %d\n", yielded);
    return unused;
}
PLAIN int pools(int x)
{
    pthread_attr_t how;
    pthread_t thread;
    pool = mmap(0, 65536 + (1 << 19), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_attr_init(&how);
    pthread_attr_setstack(&how, pool + 65536, 1 << 19);
    pthread_create(&thread, &how, beside_pool, 0);
    usleep(20000);
    return x;
}
#endif

#ifndef ONE_STACK
/* Waits for a line on a stack of a few bytes, with variables on both sides, or where no stack is yet; gives how many of
   the variables have changed. */
static unsigned char around[16384];
PLAIN int on_small_stack(int x)
{
    char text[64 + (x & 7)], *top = x < 0 ? (char *)text - (4 << 20) : (char *)around + 8192;
    long got;
    memset(around, 0x5a, sizeof around);
    __asm__ volatile("movq %%rsp, %%rbx; movq %4, %%rsp; syscall; movq %%rbx, %%rsp"
                     : "=a"(got)
                     : "0"(0L), "D"(0L), "S"(text), "r"(top), "d"(sizeof text)
                     : "rbx", "rcx", "r11", "memory");
    for (int i = 0; i < sizeof around; i++)
        x += around[i] != 0x5a;
    return x;
}
#endif

/* What a payload leaves behind. */
const char *said = "nothing";
PLAIN int says(int x) { ROOM; return (int)strlen(said) + x; }
PLAIN int handles_with(int x) { ROOM; return x; }
PLAIN int raises(int x) { return raise(SIGUSR1) + counter + x; }

/* Memory of its own: with other rights, and of a file that is shorter now. */
static volatile char *mapped;
PLAIN int maps(int protection)
{
    mapped = mmap(0, 5 * 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mapped != MAP_FAILED;
}
PLAIN int reads_mapped(int x) { return mapped[4096] + x; }
PLAIN int shrinks(int x)
{
    int file = memfd_create("shrinks", 0);
    if (ftruncate(file, 3 * 4096) || mmap(0, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0) == MAP_FAILED)
        return -1;
    return ftruncate(file, 4096) + x;
}

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
/* Has memory that nobody fills until it is touched; 0 if the kernel lets it. */
PLAIN int fills_late(int x)
{
    struct uffdio_api api = {.api = UFFD_API};
    int file = syscall(SYS_userfaultfd, 1);
    void *memory = mmap(0, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register part = {{(unsigned long)memory, 4 * 4096}, UFFDIO_REGISTER_MODE_MISSING, 0};
    return file < 0 || ioctl(file, UFFDIO_API, &api) || ioctl(file, UFFDIO_REGISTER, &part) ? 1 : x;
}

#ifdef SEQUENCES
#include <sys/rseq.h>
/* Is in a restartable sequence all the time, or, with an argument, most of it; until the counter changes. Who leaves one
   other than by its end has its area cleared by the kernel: that is counted in it, in thousands. */
static volatile int broken;
PLAIN int in_sequence(int x)
{
    struct rseq *area = (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
    long rounds = x ? 4000 : 1L << 60;
    while (!counter) {
        __asm__ volatile(".pushsection __rseq_cs, \"aw\"; .balign 32; 9: .long 0, 0; .quad 1f, 2f - 1f, 4f; .popsection\n"
                         "3: movq %1, %%rcx; leaq 9b(%%rip), %%rax; movq %%rax, %0\n"
                         "1: pause; cmpl $0, counter(%%rip); jne 6f; decq %%rcx; jne 1b\n"
                         "6: cmpq $0, %0; jne 2f; incl broken(%%rip)\n"
                         "2: jmp 5f\n"
                         ".byte 0x0f, 0xb9, 0x3d; .long 0x53053053; 4: jmp 3b\n"
                         "5: movq $0, %0" : "=m"(area->rseq_cs) : "r"(rounds) : "rax", "rcx", "memory", "cc");
        for (int i = 0; i < 2000; i++)
            __asm__ volatile("pause");
    }
    return x + 1000 * broken;
}

/* Counts on a register until the counter changes. */
PLAIN int keeps_register(int x)
{
    int kept;
    __asm__ volatile("movd %1, %%xmm15; 1: pause; cmpl $0, counter(%%rip); je 1b; movd %%xmm15, %0"
                     : "=r"(kept) : "r"(x) : "xmm15", "memory", "cc");
    return kept;
}
#endif

#ifdef STACKS
#include <sched.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
/* A stack that is listed in several pieces, below the frame of who calls this. */
PLAIN int in_pieces(int x)
{
    volatile char room[100000];
    memset((char *)room, 0, sizeof room);
    if (mlock((char *)(((long)room + 50000) & -4096), 4096) || madvise((char *)(((long)room + 20000) & -4096), 4096, MADV_DONTDUMP))
        return -1000;
    int y = hold(x);
    return y + room[x];
}
PLAIN int calls_in_pieces(int x) { ROOM; int y = in_pieces(x); ROOM; return y + 1; }

/* Many megabytes of stack. */
PLAIN int large_frame(int x)
{
    volatile char room[9 << 20];
    for (int i = 0; i < sizeof room; i += 4096)
        room[i] = 0;
    int y = hold(x);
    return y + room[4096];
}
PLAIN int calls_large_frame(int x) { ROOM; int y = large_frame(x); ROOM; return y + 1; }

/* Waits on the stack of a coroutine, with its caller on the stack that the thread began on. */
static ucontext_t left, inner;
static int held_there;
static void waits_there(int x) { held_there = hold(x); }
static char coroutine[65536] __attribute__((aligned(16)));
static int on_coroutine(void (*body)(int), int x)
{
    getcontext(&inner);
    inner.uc_stack.ss_sp = coroutine;
    inner.uc_stack.ss_size = sizeof coroutine;
    inner.uc_link = &left;
    makecontext(&inner, (void (*)(void))body, 1, x);
    return swapcontext(&left, &inner) + held_there;
}
PLAIN int switches(int x) { return on_coroutine(waits_there, x); }
PLAIN int calls_switches(int x) { ROOM; int y = switches(x); ROOM; return y + 1; }

/* Waits in a signal handler on another stack, of which nobody knows by a symbol. */
static void waits_in_handler(int number) { hold(number); }
PLAIN int signalled(int x)
{
    static char other[65536];
    stack_t stack = {.ss_sp = other, .ss_size = sizeof other};
    struct sigaction action = {.sa_handler = waits_in_handler, .sa_flags = SA_ONSTACK};
    if (syscall(SYS_sigaltstack, &stack, 0) || sigaction(SIGUSR2, &action, 0) || raise(SIGUSR2))
        return -1;
    return x;
}
PLAIN int calls_signalled(int x) { ROOM; int y = signalled(x); ROOM; return y + 1; }

/* The same by system calls alone, and back from the handler by instructions that nothing says anything of. */
void comes_back(void);
__asm__(".text; .skip 16, 0xcc; .globl comes_back; comes_back: movq $15, %rax; syscall; .skip 16, 0xcc");
PLAIN int signalled_bare(int x)
{
    static char other[65536];
    stack_t stack = {.ss_sp = other, .ss_size = sizeof other};
    struct { void (*handler)(int); unsigned long flags; void (*restorer)(void); unsigned long mask; } action = {
        waits_in_handler, SA_ONSTACK | 0x04000000, comes_back, 0};
    if (syscall(SYS_sigaltstack, &stack, 0) || syscall(SYS_rt_sigaction, SIGUSR2, &action, 0, 8) || raise(SIGUSR2))
        return -1;
    return x;
}
PLAIN int calls_signalled_bare(int x) { ROOM; int y = signalled_bare(x); ROOM; return y + 1; }

/* Waits again and again, 200 ms each, and notes how long the longest wait took, in ms. */
static volatile int longest, ends;
PLAIN int waits_briefly(int x)
{
    static int set;
    struct epoll_event event = {EPOLLIN, {0}};
    struct timespec from, to;
    if (!set)
        set = epoll_create1(0);
    epoll_ctl(set, EPOLL_CTL_ADD, held[0], &event);
    clock_gettime(CLOCK_MONOTONIC, &from);
    epoll_wait(set, &event, 1, 200);
    clock_gettime(CLOCK_MONOTONIC, &to);
    int ms = (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
    if (ms > longest)
        longest = ms;
    return x;
}
PLAIN int loops_waiting(int x)
{
    while (!ends)
        if (waits_briefly(x) != x)
            return -1;
    return longest;
}
PLAIN int longest_wait(int x) { return longest; }

/* A process with the memory of this one, and a thread that waits for such a child. */
static int sleeps_there(void *unused) { usleep(600000); return 0; }
PLAIN int shares(int x)
{
    static char stack[65536] __attribute__((aligned(16)));
    return clone(sleeps_there, stack + sizeof stack, CLONE_VM | SIGCHLD, 0) > 0 ? x : -1;
}
/* Two threads without variables of their own, on stacks that lie together, below those of the first thread. */
static int waits_raw(void *function)
{
    ((int (*)(int))function)(1);
    syscall(SYS_exit, 0);
    return 0;
}
PLAIN int clones_raw(int x)
{
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    unsigned long start, end, run = 0, last = 0, own = (unsigned long)__builtin_thread_pointer();
    char line[4096];
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps) && sscanf(line, "%lx-%lx", &start, &end) == 2 && start <= own) {
        run = start == last ? run : start;
        last = end;
    }
    fclose(maps);
    char *stacks = mmap((void *)(run - (1 << 18)), 1 << 18, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_FIXED_NOREPLACE, -1, 0);
    if (stacks == MAP_FAILED)
        return -1;
    int lower = clone(waits_raw, stacks + (1 << 17), flags, hold);
    int upper = clone(waits_raw, stacks + (1 << 18), flags, remembers);
    usleep(1000);
    return lower > 0 && upper > 0 ? x : -1;
}
/* Waits on the stack of a coroutine while another thread has the same variables. */
static volatile int is_over;
static int waits_until_over(int x)
{
    while (!is_over)
        usleep(1000);
    return x;
}
static void waits_with_another(int x)
{
    static char stack[65536] __attribute__((aligned(16)));
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    held_there = clone(waits_raw, stack + sizeof stack, flags, waits_until_over) > 0 ? hold(x) : -1;
    is_over = 1;
}
PLAIN int shares_variables(int x) { return on_coroutine(waits_with_another, x); }
PLAIN int calls_shares_variables(int x) { ROOM; int y = shares_variables(x); ROOM; return y + 1; }
PLAIN int vforks(int x)
{
    pid_t child = vfork();
    if (child == 0) {
        char c;
        _exit(read(held[0], &c, 1) != 1);
    }
    return waitpid(child, 0, 0) == child ? x : -1;
}
#endif

#ifdef PARTS
/* Its unlikely half is elsewhere, waits there, and comes back. */
__attribute__((cold, noipa)) int rarely(int x) { return hold(x); }
PLAIN int splits(int x)
{
    ROOM;
    if (__builtin_expect(x > 100, 0)) {
        x = rarely(x) - 100;
        counter++;
    }
    ROOM;
    return x + 1;
}
/* The same, and it does not come back: without a frame, a name and unwinding information there is only the jump to it. */
__attribute__((cold, noipa, noreturn)) void rarely_ends(int x) { hold(x); for (;;) pause(); }
PLAIN int leaves(int x)
{
    ROOM;
    if (__builtin_expect(x > 100, 0))
        rarely_ends(x);
    return x + 1;
}
/* Ends in another function, which is no part of it. */
PLAIN int tail(int x) { ROOM; return hold(x + 1); }
PLAIN int ends_in_tail(int x) { ROOM; return tail(x + 1); }
/* Loops within its first five bytes; another function jumps into the first five bytes of the third one. */
__asm__(".text; .globl loops_early, comes_in, is_entered; .type loops_early, @function; .type comes_in, @function\n"
        ".type is_entered, @function\n"
        "loops_early: .cfi_startproc; nop; 1: pause; cmpl %edi, held+4(%rip); jne 1b; movl %edi, %eax; ret\n"
        ".cfi_endproc; .size loops_early, .-loops_early\n"
        "is_entered: .cfi_startproc; incl %edi; 2: leal 1(%rdi), %eax; nopl 0(%rax); nopl 0(%rax); ret\n"
        ".cfi_endproc; .size is_entered, .-is_entered\n"
        "comes_in: .cfi_startproc; addl $10, %edi; jmp 2b; .cfi_endproc; .size comes_in, .-comes_in");
#endif

static pthread_t last;
static void *in_thread(void *task)
{
    int (*function)(int) = ((void **)task)[0];
    int result = function((int)(long)((void **)task)[1]);
    printf("ended %d\n", result);
    return 0;
}

static void *opened;
/* Not from the program's scope first: a library looked into from there is never unloaded. */
static int (*named(const char *name))(int)
{
    void *found = opened ? dlsym(opened, name) : 0;
    return (int (*)(int))(found ? found : dlsym(RTLD_DEFAULT, name));
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
            int (*function)(int) = named(name);
            if (function)
                printf("%d\n", function(argument));
            else
                puts("no such function");
        } else if (sscanf(line, "start %63s %d", name, &argument) == 2) {
            void **task = malloc(2 * sizeof *task);
            task[0] = (void *)named(name);
            task[1] = (void *)(long)argument;
            if (!task[0] || pthread_create(&last, 0, in_thread, task))
                return 1;
            usleep(20000);
            puts("started");
        } else if (!strcmp(line, "release\n")) {
            if (write(held[1], "x", 1) != 1)
                return 1;
        } else if (sscanf(line, "open %63s", name) == 1) {
            opened = dlopen(name, RTLD_NOW);
            puts(opened ? "opened" : dlerror());
        } else if (!strcmp(line, "close\n")) {
            puts(dlclose(opened) ? dlerror() : "closed");
            opened = 0;
#ifdef CANCELS
        } else if (!strcmp(line, "cancel\n")) {
            void *result;
            pthread_cancel(last);
            pthread_join(last, &result);
            puts(result == PTHREAD_CANCELED ? "cancelled" : "ended by itself");
#endif
        } else if (!strcmp(line, "stop spinning\n")) {
            int was = held[1];
            held[1] = -1;
            pthread_join(last, 0);
            held[1] = was;
        } else if (!strcmp(line, "counter\n")) {
            printf("%d\n", counter);
        } else
            puts("?");
    }
    return 0;
}
