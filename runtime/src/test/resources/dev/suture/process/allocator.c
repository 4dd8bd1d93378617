/* An allocator whose functions go on elsewhere by a jump, and keep its lock as long as they are told to. */
#include <signal.h>
#include <stddef.h>
#include <string.h>

__attribute__((used)) static volatile int stays;
void allocator_stays(int how) { stays = how; }
static volatile int lock;
static char heap[64 << 20];
static size_t used;

/* Nothing says how its caller is found. */
__attribute__((visibility("hidden"))) void waits(void);
__asm__(".pushsection .text; .hidden waits; .globl waits; .type waits, @function; waits:"
        "1: cmpl $0, stays(%rip); jne 1b; ret; .size waits, .-waits; .popsection");
static void (*volatile hook)(void) = waits;

__attribute__((noipa)) static void *takes(size_t size)
{
    while (__sync_lock_test_and_set(&lock, 1))
        ;
    while (stays == 1)
        ;
    if (stays == 2)
        hook();
    if (stays == 4)
        raise(SIGUSR1);
    size_t *memory = (size_t *)(heap + used);
    used += (size + 31) & -16;
    *memory = size;
    __sync_lock_release(&lock);
    return memory + 2;
}

/* What is between is larger than an allocator of the C library. */
__asm__(".pushsection .text; .skip 300000, 0x90; .popsection");

void *malloc(size_t size) { return takes(size); }
/* As jemalloc's mallocx: no name that all allocators have. */
void *allocator_other(size_t size)
{
    while (stays == 3)
        ;
    return takes(size);
}
void free(void *memory) { (void)memory; }
void *calloc(size_t count, size_t size) { return takes(count * size); }
void *realloc(void *old, size_t size)
{
    void *memory = takes(size);
    if (old)
        memcpy(memory, old, size < ((size_t *)old)[-2] ? size : ((size_t *)old)[-2]);
    return memory;
}
