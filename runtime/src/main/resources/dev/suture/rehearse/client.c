/*
 * What the rehearsal's dom0 talks to Xen with where Debian's client is too old for it: control interface 0x16, of Xen 4.21
 * and 4.22. Takes the words of xen-livepatch that init.sh uses, answers in its form, and ends as it does: 0 if done, 1 if
 * not, 2 if it is worth another try. Needs no library: cc -static -nostdlib.
 *
 * Facts: Xen xen/include/public/sysctl.h (struct xen_sysctl_livepatch_op), Linux include/uapi/xen/privcmd.h.
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

enum { READ = 0, WRITE = 1, OPEN = 2, MMAP = 9, IOCTL = 16, NANOSLEEP = 35, EXIT = 231 };
enum { O_RDWR = 2, O_CLOEXEC = 02000000 };
enum { EAGAIN = 11, EBUSY = 16 };
enum { UPLOAD, GET, LIST, ACTION };
enum { UNLOAD = 1, REVERT, APPLY, REPLACE };
enum { CHECKED = 1, APPLIED = 2 };

#define SYSCTL_HYPERCALL 35
#define SYSCTL_LIVEPATCH 27
#define SYSCTL_INTERFACE 0x16
/* _IOC(_IOC_NONE, 'P', 0, sizeof(struct hypercall)) */
#define PRIVCMD_HYPERCALL 0x305000
#define PAGES_RW 3
/* MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE: Xen takes no page fault. */
#define STAYS 0xa022

#define NAME_BYTES 128
#define MOST_PAYLOADS 64
#define FILE_BYTES (8 << 20)
#define METADATA_BYTES (256 << 10)
#define TIMEOUT_NANOS 30000000
#define ROUNDS 100

struct name {
    char *text;
    u16 size, pad[3];
};
struct status {
    u32 state;
    int rc;
};
struct control {
    u32 command, interface, operation, flags;
    union {
        struct {
            struct name name;
            u64 size;
            u8 *payload;
        } upload;
        struct {
            struct name name;
            struct status status;
        } get;
        struct {
            u32 version, index, count, pad, names_size, metadata_size;
            struct status *status;
            char *names;
            u32 *name_sizes;
            char *metadata;
            u32 *metadata_sizes;
        } list;
        struct {
            struct name name;
            u32 action, timeout, flags, pad;
        } action;
        u8 room[128];
    } u;
};
struct hypercall {
    u64 number, arguments[5];
};

/* All that Xen reads and writes. */
struct shared {
    struct control control;
    char name[NAME_BYTES];
    struct status status[MOST_PAYLOADS];
    u32 name_sizes[MOST_PAYLOADS], metadata_sizes[MOST_PAYLOADS];
    char names[MOST_PAYLOADS * NAME_BYTES];
    char metadata[METADATA_BYTES];
    u8 file[FILE_BYTES];
};

static struct shared *shared;
static long privcmd;

static long call(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "+a"(number)
                     : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return number;
}

static u64 length(const char *text)
{
    u64 size = 0;
    while (text[size])
        size++;
    return size;
}

static int same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static void write_all(const char *text, u64 size)
{
    while (size) {
        long written = call(WRITE, 1, (long)text, size, 0, 0, 0);
        if (written <= 0)
            return;
        text += written, size -= written;
    }
}

static void say(const char *text)
{
    write_all(text, length(text));
}

static void say_number(long number)
{
    char digits[20];
    int at = sizeof digits;
    if (number < 0)
        say("-"), number = -number;
    do
        digits[--at] = '0' + number % 10;
    while (number /= 10);
    write_all(digits + at, sizeof digits - at);
}

static void end(int code)
{
    for (;;)
        call(EXIT, code, 0, 0, 0, 0, 0);
}

static void failed(const char *what, long error)
{
    say(what);
    say(" failed: ");
    say_number(error);
    say(error == -1 ? " (Operation not permitted)"
        : error == -2 ? " (No such file or directory)"
        : error == -12 ? " (Cannot allocate memory)"
        : error == -13 ? " (Permission denied)"
        : error == -16 ? " (Device or resource busy)"
        : error == -17 ? " (File exists)"
        : error == -22 ? " (Invalid argument)"
        : error == -38 ? " (Function not implemented)"
        : error == -75 ? " (Value too large for defined data type)"
        : error == -95 ? " (Operation not supported)"
                       : "");
    say("\n");
    end(error == -EAGAIN || error == -EBUSY ? 2 : 1);
}

static long ask(u32 operation)
{
    struct hypercall hypercall = {SYSCTL_HYPERCALL, {(u64)&shared->control}};
    shared->control.command = SYSCTL_LIVEPATCH;
    shared->control.interface = SYSCTL_INTERFACE;
    shared->control.operation = operation;
    return call(IOCTL, privcmd, PRIVCMD_HYPERCALL, (long)&hypercall, 0, 0, 0);
}

static void begin(struct name *name, const char *text)
{
    u64 size = length(text) + 1;
    if (size > NAME_BYTES)
        failed("the name is too long; it", -22);
    __builtin_memset(&shared->control, 0, sizeof shared->control);
    __builtin_memcpy(shared->name, text, size);
    name->text = shared->name;
    name->size = size;
}

static void upload(const char *name, const char *path)
{
    long file = call(OPEN, (long)path, O_CLOEXEC, 0, 0, 0, 0);
    u64 size = 0;
    long got = 1;
    if (file < 0)
        failed("opening the payload", file);
    while (got > 0 && size < FILE_BYTES) {
        got = call(READ, file, (long)shared->file + size, FILE_BYTES - size, 0, 0, 0);
        if (got < 0)
            failed("reading the payload", got);
        size += got;
    }
    begin(&shared->control.u.upload.name, name);
    shared->control.u.upload.size = size;
    shared->control.u.upload.payload = shared->file;
    long error = ask(UPLOAD);
    if (error < 0)
        failed("upload", error);
}

static struct status state(const char *name)
{
    begin(&shared->control.u.get.name, name);
    long error = ask(GET);
    if (error < 0)
        failed("asking for its state", error);
    return shared->control.u.get.status;
}

/* An unloaded payload has no state. Of the others Xen says how it went only when asked afterwards. */
static void act(const char *name, u32 action, const char *word, u32 wanted)
{
    struct status now;
    if (wanted) {
        now = state(name);
        if (now.state != (wanted == APPLIED ? CHECKED : APPLIED)) {
            say("the payload is in another state; ");
            failed(word, -22);
        }
    }
    begin(&shared->control.u.action.name, name);
    shared->control.u.action.action = action;
    shared->control.u.action.timeout = TIMEOUT_NANOS;
    long error = ask(ACTION);
    if (error < 0)
        failed(word, error);
    if (!wanted)
        return;
    for (int round = 0; round < ROUNDS; round++) {
        long pause[2] = {0, 60000000};
        call(NANOSLEEP, (long)pause, 0, 0, 0, 0, 0);
        now = state(name);
        if (now.rc != -EAGAIN)
            break;
    }
    if (now.rc < 0)
        failed(word, now.rc);
    if (now.state != wanted)
        failed(word, -22);
}

/* Tells of some, from one on, and returns how many there are behind these. */
static u32 list(u32 *from_here)
{
    static const char *const words[] = {"?", "CHECKED", "APPLIED"};
    __builtin_memset(&shared->control, 0, sizeof shared->control);
    shared->control.u.list.index = *from_here;
    shared->control.u.list.count = MOST_PAYLOADS;
    shared->control.u.list.names_size = sizeof shared->names;
    shared->control.u.list.metadata_size = sizeof shared->metadata;
    shared->control.u.list.status = shared->status;
    shared->control.u.list.names = shared->names;
    shared->control.u.list.name_sizes = shared->name_sizes;
    shared->control.u.list.metadata = shared->metadata;
    shared->control.u.list.metadata_sizes = shared->metadata_sizes;
    long count = ask(LIST);
    if (count < 0)
        failed("list", count);
    if (!count)
        return 0;
    const char *name = shared->names;
    const char *metadata = shared->metadata;
    for (long i = 0; i < count && i < MOST_PAYLOADS; i++) {
        struct status status = shared->status[i];
        say(name);
        say(" | ");
        say(words[status.state > APPLIED ? 0 : status.state]);
        if (status.rc)
            say(" ("), say_number(status.rc), say(")");
        say(" | ");
        for (u32 at = 0; at < shared->metadata_sizes[i]; at++)
            write_all(metadata[at] ? metadata + at : ";", 1);
        say("\n");
        name += shared->name_sizes[i];
        metadata += shared->metadata_sizes[i];
    }
    *from_here += count;
    return shared->control.u.list.count;
}

static void run(int count, char **words)
{
    const char *verb = count > 1 ? words[1] : "";
    u32 listed = 0;
    long memory = call(MMAP, 0, sizeof *shared, PAGES_RW, STAYS, -1, 0);
    if (memory < 0)
        failed("locking memory", memory);
    shared = (struct shared *)memory;
    privcmd = call(OPEN, (long)"/dev/xen/privcmd", O_RDWR | O_CLOEXEC, 0, 0, 0, 0);
    if (privcmd < 0)
        failed("opening /dev/xen/privcmd", privcmd);
    if (count == 2 && same(verb, "list"))
        while (list(&listed))
            ;
    else if (count == 4 && same(verb, "upload"))
        upload(words[2], words[3]);
    else if (count == 3 && same(verb, "apply"))
        act(words[2], APPLY, "apply", APPLIED);
    else if (count == 3 && same(verb, "revert"))
        act(words[2], REVERT, "revert", CHECKED);
    else if (count == 3 && same(verb, "unload"))
        act(words[2], UNLOAD, "unload", 0);
    else
        failed("understanding what to do", -22);
    end(0);
}

__attribute__((used)) static void start(long *stack)
{
    run(stack[0], (char **)(stack + 1));
}

__asm__(".globl _start\n_start: mov %rsp, %rdi\nand $-16, %rsp\ncall start\nhlt\n");
