/* SPDX-License-Identifier: MIT-0 */
/*
 * See suture/shadow.h. C and C++ alike, for whatever compiler flags the target has.
 *
 * Entries hang in chains by the hash of object and id. An entry never leaves its chain: one that is freed waits there
 * for the next that is attached. So a chain can be followed without a lock, whatever happens meanwhile, and a thread
 * that is stopped for a live patch in the middle of it is in nobody's way. An entry's state is a count with a kind in
 * its lowest two bits; whoever reads object and id reads it before and after. Freeing is one step from LIVE to TAKEN.
 * Only attaching takes a lock, so that no object gets two.
 */
#include <suture/shadow.h>

#define SUTURE_SHADOW_RESERVE 65536UL
#define SUTURE_SHADOW_CHAINS 256
#define SUTURE_SHADOW_LARGEST (1UL << 30)

/* Kinds of state. */
#define SUTURE_SHADOW_FREE 0UL
#define SUTURE_SHADOW_TAKEN 1UL
#define SUTURE_SHADOW_LIVE 2UL
#define SUTURE_SHADOW_KIND 3UL

struct suture_shadow {
    struct suture_shadow *next;
    unsigned long state;
    unsigned long object;
    unsigned long id;
    unsigned long size;
    unsigned long capacity;
    /* Followed by the data. */
};

static struct suture_shadow *suture_shadow_chains[SUTURE_SHADOW_CHAINS];

/* Memory that needs no allocation, in entries one after the other. */
static unsigned char suture_shadow_reserve[SUTURE_SHADOW_RESERVE] __attribute__((aligned(16)));
static unsigned long suture_shadow_reserve_used;

static void *suture_shadow_data(struct suture_shadow *entry)
{
    return entry + 1;
}

static void suture_shadow_fill(void *to, const void *from, unsigned long size)
{
    volatile unsigned char *out = (volatile unsigned char *)to;
    const unsigned char *in = (const unsigned char *)from;
    unsigned long i;

    /* Not memcpy(): the target need not have one. */
    for (i = 0; i < size; i++)
        out[i] = in ? in[i] : 0;
}

/* Only under the lock. */
static struct suture_shadow *suture_shadow_from_reserve(unsigned long bytes)
{
    unsigned char *start = suture_shadow_reserve + suture_shadow_reserve_used;

    if (bytes > SUTURE_SHADOW_RESERVE - suture_shadow_reserve_used)
        return 0;
    suture_shadow_reserve_used += bytes;
    return (struct suture_shadow *)(void *)start;
}

/*
 * What differs: the lock, and memory. suture_shadow_before() is called without the lock and may get memory from where
 * it must not be got under it; suture_shadow_memory() uses that or other memory, under the lock; suture_shadow_behind()
 * gives back what was not used.
 */
#ifdef __XEN__

#include <xen/irq.h>
#include <xen/sched.h>
#include <xen/spinlock.h>
#include <xen/xmalloc.h>

static spinlock_t suture_shadow_lock_word = SPIN_LOCK_UNLOCKED;

#define SUTURE_SHADOW_LOCK(flags) (spin_lock_irqsave(&suture_shadow_lock_word, flags), 1)
#define SUTURE_SHADOW_UNLOCK(flags) spin_unlock_irqrestore(&suture_shadow_lock_word, flags)

/* An allocation may have to wait for other processors, which must not be done with interrupts off. */
static int suture_shadow_may_allocate(void)
{
    return local_irq_is_enabled() && !in_irq();
}

static void *suture_shadow_before(unsigned long bytes)
{
    return suture_shadow_may_allocate() ? _xmalloc(bytes, 16) : 0;
}

static struct suture_shadow *suture_shadow_memory(void *before, unsigned long bytes)
{
    return before ? (struct suture_shadow *)before : suture_shadow_from_reserve(bytes);
}

static void suture_shadow_behind(void *unused)
{
    xfree(unused);
}

static int suture_shadow_is_reserve(const struct suture_shadow *entry)
{
    return (unsigned long)entry - (unsigned long)suture_shadow_reserve < SUTURE_SHADOW_RESERVE;
}

static int suture_shadow_release_memory(void)
{
    const struct suture_shadow *entry;
    unsigned int chain;

    for (chain = 0; chain < SUTURE_SHADOW_CHAINS; chain++)
        for (entry = suture_shadow_chains[chain]; entry; entry = entry->next)
            if (!suture_shadow_is_reserve(entry) && !suture_shadow_may_allocate())
                return 0;
    for (chain = 0; chain < SUTURE_SHADOW_CHAINS; chain++) {
        struct suture_shadow *next = suture_shadow_chains[chain];

        suture_shadow_chains[chain] = 0;
        while (next) {
            struct suture_shadow *gone = next;

            next = gone->next;
            if (!suture_shadow_is_reserve(gone))
                xfree(gone);
        }
    }
    suture_shadow_reserve_used = 0;
    return 1;
}

#else /* a process, on x86-64 */

#define SUTURE_SHADOW_BLOCK 262144UL
#define SUTURE_SHADOW_SPINS (1UL << 22)

/* A block of memory from the kernel, with entries one after the other behind this. */
struct suture_shadow_block {
    struct suture_shadow_block *next;
    unsigned long bytes;
    unsigned long used;
    unsigned long padding;
};

static struct suture_shadow_block *suture_shadow_blocks;
static int suture_shadow_lock_word;

/* Not without end: in a hook, the holder may be stopped. */
static int suture_shadow_lock(void)
{
    unsigned long i;

    for (i = 0; i < SUTURE_SHADOW_SPINS; i++) {
        if (!__atomic_exchange_n(&suture_shadow_lock_word, 1, __ATOMIC_ACQUIRE))
            return 1;
        __builtin_ia32_pause();
    }
    return 0;
}

#define SUTURE_SHADOW_LOCK(flags) ((void)(flags), suture_shadow_lock())
#define SUTURE_SHADOW_UNLOCK(flags) __atomic_store_n(&suture_shadow_lock_word, 0, __ATOMIC_RELEASE)

/* Not the C library's calls: hooks run while another thread may hold the locks in there, and errno is the program's. */
static long suture_shadow_map(unsigned long bytes)
{
    register long flags __asm__("r10") = 0x22; /* MAP_PRIVATE | MAP_ANONYMOUS */
    register long file __asm__("r8") = -1;
    register long offset __asm__("r9") = 0;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(9L), "D"(0L), "S"(bytes), "d"(3L), "r"(flags), "r"(file), "r"(offset)
                     : "rcx", "r11", "memory");
    return result;
}

static void suture_shadow_unmap(void *start, unsigned long bytes)
{
    long result;

    __asm__ volatile("syscall" : "=a"(result) : "0"(11L), "D"(start), "S"(bytes) : "rcx", "r11", "memory");
    (void)result;
}

static void *suture_shadow_before(unsigned long bytes)
{
    (void)bytes;
    return 0;
}

static void suture_shadow_behind(void *unused)
{
    (void)unused;
}

static struct suture_shadow *suture_shadow_memory(void *before, unsigned long bytes)
{
    struct suture_shadow *entry = suture_shadow_from_reserve(bytes);
    struct suture_shadow_block *block = suture_shadow_blocks;

    (void)before;
    if (entry)
        return entry;
    if (!block || bytes > block->bytes - block->used) {
        unsigned long wanted = bytes + sizeof(*block);
        unsigned long size = wanted > SUTURE_SHADOW_BLOCK ? (wanted + 4095) & ~4095UL : SUTURE_SHADOW_BLOCK;
        long start = suture_shadow_map(size);

        if (start < 0 && start >= -4095)
            return 0;
        block = (struct suture_shadow_block *)start;
        block->next = suture_shadow_blocks;
        block->bytes = size;
        block->used = sizeof(*block);
        suture_shadow_blocks = block;
    }
    entry = (struct suture_shadow *)(void *)((unsigned char *)block + block->used);
    block->used += bytes;
    return entry;
}

static int suture_shadow_release_memory(void)
{
    unsigned int chain;

    for (chain = 0; chain < SUTURE_SHADOW_CHAINS; chain++)
        suture_shadow_chains[chain] = 0;
    while (suture_shadow_blocks) {
        struct suture_shadow_block *block = suture_shadow_blocks;

        suture_shadow_blocks = block->next;
        suture_shadow_unmap(block, block->bytes);
    }
    suture_shadow_reserve_used = 0;
    return 1;
}

#endif

static struct suture_shadow **suture_shadow_chain(unsigned long object, unsigned long id)
{
    unsigned long hash = (object ^ id * 0x9e3779b97f4a7c15UL) * 0xff51afd7ed558ccdUL;

    return &suture_shadow_chains[(hash >> 32) % SUTURE_SHADOW_CHAINS];
}

/* Finds the object's entry of that id, and tells the state in which it was it. */
static struct suture_shadow *suture_shadow_lookup(unsigned long object, unsigned long id, unsigned long *seen)
{
    struct suture_shadow *entry = __atomic_load_n(suture_shadow_chain(object, id), __ATOMIC_ACQUIRE);

    for (; entry; entry = entry->next) {
        unsigned long state = __atomic_load_n(&entry->state, __ATOMIC_ACQUIRE);

        if ((state & SUTURE_SHADOW_KIND) != SUTURE_SHADOW_LIVE ||
            __atomic_load_n(&entry->object, __ATOMIC_RELAXED) != object ||
            __atomic_load_n(&entry->id, __ATOMIC_RELAXED) != id)
            continue;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (__atomic_load_n(&entry->state, __ATOMIC_RELAXED) == state) {
            *seen = state;
            return entry;
        }
    }
    return 0;
}

/* Of those that are free in a chain, the first that has room and not much more. Only under the lock. */
static struct suture_shadow *suture_shadow_unused(struct suture_shadow *entry, unsigned long capacity)
{
    for (; entry; entry = entry->next)
        if ((__atomic_load_n(&entry->state, __ATOMIC_ACQUIRE) & SUTURE_SHADOW_KIND) == SUTURE_SHADOW_FREE &&
            entry->capacity >= capacity && entry->capacity / 2 <= capacity)
            return entry;
    return 0;
}

/* An entry that nobody sees yet, in a chain or to be linked into it. Only under the lock. */
static struct suture_shadow *suture_shadow_take(struct suture_shadow **chain, unsigned long capacity, void **before)
{
    struct suture_shadow *entry = suture_shadow_unused(*chain, capacity);

    if (entry) {
        __atomic_store_n(&entry->state, entry->state + SUTURE_SHADOW_TAKEN, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_RELEASE);
        return entry;
    }
    entry = suture_shadow_memory(*before, sizeof(*entry) + capacity);
    *before = 0;
    if (entry) {
        entry->state = SUTURE_SHADOW_TAKEN;
        entry->capacity = capacity;
        entry->next = *chain;
        __atomic_store_n(chain, entry, __ATOMIC_RELEASE);
    }
    return entry;
}

void *suture_shadow_attach(const void *object, unsigned long id, unsigned long size, const void *initial)
{
    unsigned long address = (unsigned long)object;
    unsigned long capacity = (size + 15) & ~15UL;
    unsigned long flags = 0, state;
    struct suture_shadow *entry = suture_shadow_lookup(address, id, &state);
    void *before;

    if (entry)
        return entry->size == size ? suture_shadow_data(entry) : 0;
    if (size > SUTURE_SHADOW_LARGEST)
        return 0;
    before = suture_shadow_before(sizeof(*entry) + capacity);
    if (!SUTURE_SHADOW_LOCK(flags)) {
        suture_shadow_behind(before);
        return 0;
    }
    entry = suture_shadow_lookup(address, id, &state);
    if (entry) {
        if (entry->size != size)
            entry = 0;
    } else if ((entry = suture_shadow_take(suture_shadow_chain(address, id), capacity, &before))) {
        __atomic_store_n(&entry->object, address, __ATOMIC_RELAXED);
        __atomic_store_n(&entry->id, id, __ATOMIC_RELAXED);
        entry->size = size;
        suture_shadow_fill(suture_shadow_data(entry), initial, size);
        __atomic_store_n(&entry->state, entry->state - SUTURE_SHADOW_TAKEN + SUTURE_SHADOW_LIVE, __ATOMIC_RELEASE);
    }
    SUTURE_SHADOW_UNLOCK(flags);
    suture_shadow_behind(before);
    return entry ? suture_shadow_data(entry) : 0;
}

void *suture_shadow_find(const void *object, unsigned long id)
{
    unsigned long state;
    struct suture_shadow *entry = suture_shadow_lookup((unsigned long)object, id, &state);

    return entry ? suture_shadow_data(entry) : 0;
}

/* Frees an entry that was live in the state seen, unless somebody else was faster. */
static int suture_shadow_drop(
    struct suture_shadow *entry, unsigned long seen, void (*destructor)(const void *object, void *data))
{
    unsigned long taken = seen - SUTURE_SHADOW_LIVE + SUTURE_SHADOW_TAKEN;

    if (!__atomic_compare_exchange_n(&entry->state, &seen, taken, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        return 0;
    if (destructor)
        destructor((const void *)entry->object, suture_shadow_data(entry));
    __atomic_store_n(&entry->state, taken - SUTURE_SHADOW_TAKEN + SUTURE_SHADOW_KIND + 1, __ATOMIC_RELEASE);
    return 1;
}

int suture_shadow_free(const void *object, unsigned long id)
{
    unsigned long state;
    struct suture_shadow *entry = suture_shadow_lookup((unsigned long)object, id, &state);

    return entry && suture_shadow_drop(entry, state, 0);
}

/* Counts the entries that are live, of one id or, with any, of all; and frees them if so told. */
static unsigned long suture_shadow_all(
    unsigned long id, int any, int drop, void (*destructor)(const void *object, void *data))
{
    unsigned long count = 0;
    unsigned int chain;

    for (chain = 0; chain < SUTURE_SHADOW_CHAINS; chain++) {
        struct suture_shadow *entry = __atomic_load_n(&suture_shadow_chains[chain], __ATOMIC_ACQUIRE);

        for (; entry; entry = entry->next) {
            unsigned long state = __atomic_load_n(&entry->state, __ATOMIC_ACQUIRE);

            if ((state & SUTURE_SHADOW_KIND) == SUTURE_SHADOW_LIVE &&
                (any || __atomic_load_n(&entry->id, __ATOMIC_RELAXED) == id))
                count += drop ? suture_shadow_drop(entry, state, destructor) : 1;
        }
    }
    return count;
}

unsigned long suture_shadow_free_all(unsigned long id, void (*destructor)(const void *object, void *data))
{
    return suture_shadow_all(id, 0, 1, destructor);
}

unsigned long suture_shadow_count(unsigned long id)
{
    return suture_shadow_all(id, 0, 0, 0);
}

int suture_shadow_release(void)
{
    return !suture_shadow_all(0, 1, 0, 0) && suture_shadow_release_memory();
}
