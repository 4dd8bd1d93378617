/*
 * Puts a payload into the program that it is preloaded into, before main() runs. A judge for tests: what the program
 * prints then must be what the program built from the patched source prints.
 *
 * PAYLOAD is the payload, SYMBOLS a list of "name address" of the file to be changed, CHANGED a part of that file's name
 * ("" for the program itself), TLS the size of its block of thread-local variables.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define REGION (8u << 20)

static char *base, *region, *next, *image;
static Elf64_Shdr *sections;
static Elf64_Ehdr *header;
static char **placed;
static char *symbols;
static uint64_t tls_module = 1;

static void fail(const char *what, const char *name)
{
    fprintf(stderr, "loader: %s %s\n", what, name);
    abort();
}

static char *contents(const char *path)
{
    FILE *file = path ? fopen(path, "rb") : NULL;
    if (!file) fail("cannot open", path ? path : "(none)");
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *bytes = calloc(1, size + 1);
    if (fread(bytes, 1, size, file) != (size_t)size) fail("cannot read", path);
    fclose(file);
    return bytes;
}

static int found(struct dl_phdr_info *info, size_t size, void *wanted)
{
    const char *part = wanted;
    (void)size;
    if (*part ? strstr(info->dlpi_name, part) != NULL : info->dlpi_name[0] == 0) {
        base = (char *)info->dlpi_addr;
        if (info->dlpi_tls_modid) tls_module = info->dlpi_tls_modid;
        region = base;
        for (int i = 0; i < info->dlpi_phnum; i++)
            if (info->dlpi_phdr[i].p_type == PT_LOAD) region = base + info->dlpi_phdr[i].p_vaddr;
        return 1;
    }
    return 0;
}

static char *allocate(size_t size, size_t alignment)
{
    next = (char *)(((uintptr_t)next + alignment - 1) & -alignment);
    char *at = next;
    next += size;
    if (next > region + REGION) fail("no room for", "the payload");
    return at;
}

static int listed(const char *name, uint64_t *value)
{
    size_t length = strlen(name);
    for (char *line = symbols; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (!strncmp(line, name, length) && line[length] == ' ') {
            *value = strtoull(line + length + 1, NULL, 16);
            return 1;
        }
    return 0;
}

static uint64_t value_of(Elf64_Sym *symbol, const char *name)
{
    uint64_t value = 0;
    if (symbol->st_shndx == SHN_ABS) return symbol->st_value;
    if (symbol->st_shndx != SHN_UNDEF) return (uint64_t)placed[symbol->st_shndx] + symbol->st_value;
    if (listed(name, &value))
        return ELF64_ST_TYPE(symbol->st_info) == STT_TLS ? value : value + (uint64_t)base;
    value = (uint64_t)dlsym(RTLD_DEFAULT, name);
    if (!value && *name && ELF64_ST_BIND(symbol->st_info) != STB_WEAK) fail("undefined", name);
    return value;
}

static void store(char *at, int64_t value, const char *name)
{
    if (value != (int32_t)value) fail("out of reach:", name);
    *(int32_t *)at = value;
}

static void relocate(char *at, Elf64_Rela *rela, uint64_t symbol, const char *name)
{
    int64_t tls = strtoll(getenv("TLS"), NULL, 0);
    int64_t value = symbol + rela->r_addend;
    uint64_t *slot;
    switch (ELF64_R_TYPE(rela->r_info)) {
    case R_X86_64_NONE: break;
    case R_X86_64_64: *(uint64_t *)at = value; break;
    case R_X86_64_PC64: *(uint64_t *)at = value - (uint64_t)at; break;
    case R_X86_64_32: *(uint32_t *)at = value; break;
    case R_X86_64_32S: store(at, value, name); break;
    case R_X86_64_DTPOFF32: store(at, value, name); break;
    case R_X86_64_TLSGD:
    case R_X86_64_TLSLD:
        slot = (uint64_t *)allocate(16, 16);
        slot[0] = tls_module;
        slot[1] = ELF64_R_TYPE(rela->r_info) == R_X86_64_TLSGD ? symbol : 0;
        store(at, (int64_t)slot + rela->r_addend - (int64_t)at, name);
        break;
    case R_X86_64_TPOFF32: store(at, value - tls, name); break;
    case R_X86_64_PC32:
    case R_X86_64_PLT32:
        if (value - (int64_t)at != (int32_t)(value - (int64_t)at)) {
            char *stub = allocate(16, 16);
            memcpy(stub, "\xff\x25\0\0\0\0", 6);
            memcpy(stub + 6, &symbol, 8);
            value = (int64_t)stub + rela->r_addend;
        }
        store(at, value - (int64_t)at, name);
        break;
    case R_X86_64_GOTPCREL:
    case R_X86_64_GOTPCRELX:
    case R_X86_64_REX_GOTPCRELX:
    case R_X86_64_GOTTPOFF:
        slot = (uint64_t *)allocate(8, 8);
        *slot = ELF64_R_TYPE(rela->r_info) == R_X86_64_GOTTPOFF ? symbol - tls : symbol;
        store(at, (int64_t)slot + rela->r_addend - (int64_t)at, name);
        break;
    default: fail("relocation kind", name);
    }
}

static void place(void)
{
    char *names = image + sections[header->e_shstrndx].sh_offset;
    for (int i = 1; i < header->e_shnum; i++) {
        Elf64_Shdr *section = &sections[i];
        if (!(section->sh_flags & SHF_ALLOC)) continue;
        placed[i] = allocate(section->sh_size, section->sh_addralign ? section->sh_addralign : 1);
        if (section->sh_type != SHT_NOBITS) memcpy(placed[i], image + section->sh_offset, section->sh_size);
    }
    for (int i = 1; i < header->e_shnum; i++) {
        Elf64_Shdr *section = &sections[i];
        if (section->sh_type != SHT_RELA || !placed[section->sh_info]) continue;
        Elf64_Sym *table = (Elf64_Sym *)(image + sections[section->sh_link].sh_offset);
        char *strings = image + sections[sections[section->sh_link].sh_link].sh_offset;
        Elf64_Rela *rela = (Elf64_Rela *)(image + section->sh_offset);
        for (size_t n = 0; n < section->sh_size / sizeof *rela; n++, rela++) {
            Elf64_Sym *symbol = &table[ELF64_R_SYM(rela->r_info)];
            char *name = strings + symbol->st_name;
            relocate(placed[section->sh_info] + rela->r_offset, rela, value_of(symbol, name), name);
        }
    }
    for (int i = 1; i < header->e_shnum; i++) {
        if (!strcmp(names + sections[i].sh_name, ".eh_frame")) {
            void (*registers)(void *) = dlsym(RTLD_DEFAULT, "__register_frame");
            if (registers) registers(placed[i]);
        }
    }
}

static void splice(void)
{
    char *names = image + sections[header->e_shstrndx].sh_offset;
    for (int i = 1; i < header->e_shnum; i++) {
        if (strcmp(names + sections[i].sh_name, ".livepatch.funcs")) continue;
        for (size_t at = 0; at < sections[i].sh_size; at += 104) {
            char *name = *(char **)(placed[i] + at), *new = *(char **)(placed[i] + at + 8);
            uint64_t address;
            if (!listed(name, &address)) fail("no function", name);
            char *old = base + address;
            mprotect((void *)((uintptr_t)old & -4096l), 8192, PROT_READ | PROT_WRITE | PROT_EXEC);
            if (!memcmp(old, "\xf3\x0f\x1e\xfa", 4)) old += 4;
            *old = (char)0xe9;
            store(old + 1, new - (old + 5), name);
        }
    }
}

__attribute__((constructor)) static void load(void)
{
    dl_iterate_phdr(found, getenv("CHANGED"));
    uintptr_t hint = (uintptr_t)region & -4096l;
    region = MAP_FAILED;
    /* The heap may be anywhere above the program. */
    for (int tries = 0; tries < 16 && region == MAP_FAILED; tries++) {
        hint += 64u << 20;
        region = mmap((void *)hint, REGION, PROT_READ | PROT_WRITE | PROT_EXEC,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    }
    if (region == MAP_FAILED) fail("no memory near", "the program");
    next = region;
    image = contents(getenv("PAYLOAD"));
    symbols = contents(getenv("SYMBOLS"));
    header = (Elf64_Ehdr *)image;
    sections = (Elf64_Shdr *)(image + header->e_shoff);
    placed = calloc(header->e_shnum, sizeof *placed);
    place();
    splice();
    unsetenv("LD_PRELOAD");
}
