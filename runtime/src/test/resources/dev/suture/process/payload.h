/* What a payload written by hand needs; the layout is that of Xen's payloads, version 2. */
struct replaced {
    const char *name;
    void *new_address;
    void *old_address;
    unsigned new_size, old_size;
    unsigned char version, unused[39];
    unsigned char expect, expected[31];
};
#define ENTRY(id, old_name, function, new_size, ...) \
    __attribute__((section(".livepatch.funcs"), used, aligned(8))) static struct replaced replaced_##id = { \
        old_name, (void *)function, 0, new_size, OLD_SIZE_##id, 2, {0}, __VA_ARGS__}
#define REPLACES(function, old_name) ENTRY(function, old_name, function, NEW_SIZE_##function, 0, {0})
/* The same, if the old function starts with these bytes. */
#define EXPECTS(function, old_name, count, ...) \
    ENTRY(function, old_name, function, NEW_SIZE_##function, 1 | (count) << 1, {__VA_ARGS__})
/* Fills the first bytes of a function with no-ops. */
#define TAKES_OUT(id, old_name, count) ENTRY(id, old_name, 0, count, 0, {0})
#define HOOK(kind, function) \
    __attribute__((section(".livepatch.hooks." #kind), used)) static void *hook_##kind##_##function = (void *)function
#define METADATA(text) __attribute__((section(".modinfo"), used)) static const char metadata[] = text
