/* What a payload written by hand needs; the layout is that of Xen's payloads, version 2. */
struct replaced {
    const char *name;
    void *new_address;
    void *old_address;
    unsigned new_size, old_size;
    unsigned char version, unused[39];
    unsigned char expect, expected[31];
};
#define REPLACES(function, old_name) \
    __attribute__((section(".livepatch.funcs"), used, aligned(8))) static struct replaced replaced_##function = { \
        old_name, (void *)function, 0, NEW_SIZE_##function, OLD_SIZE_##function, 2, {0}, 0, {0}}
#define HOOK(kind, function) \
    __attribute__((section(".livepatch.hooks." #kind), used)) static void *hook_##kind##_##function = (void *)function
