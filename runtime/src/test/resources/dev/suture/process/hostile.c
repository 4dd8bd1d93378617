/* A program with something in its memory that is not for others to trust: argv[1] says what, argv[2] names a file. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define LEDGER_BYTES (4096 + (2 << 20))

__attribute__((noipa)) int answer(int x)
{
    __asm__ volatile(".fill 64, 1, 0x90");
    return x + 1;
}

/* No dynamic symbol. */
__attribute__((noipa)) static int line_of(int x)
{
    __asm__ volatile(".fill 64, 1, 0x90");
    return x;
}

int main(int argc, char **argv)
{
    char line[100];
    unsigned char *memory = 0;
    int shared[2];
    setvbuf(stdout, 0, _IOLBF, 0);
    prctl(PR_SET_PTRACER, -1L);
    if (argc > 1 && !strcmp(argv[1], "zero")) {
        memory = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE, open("/dev/zero", O_RDWR), 0);
        memcpy(memory, "\177ELF\2\1\1", 7);
    } else if (argc > 1 && !strcmp(argv[1], "memfd")) {
        shared[0] = memfd_create("suture", 0);
        if (ftruncate(shared[0], LEDGER_BYTES))
            return 1;
        memory = mmap(0, LEDGER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, shared[0], 0);
    } else if (argc > 2 && !strcmp(argv[1], "short")) {
        shared[0] = open(argv[2], O_RDWR);
        memory = mmap(0, 4096, PROT_READ, MAP_PRIVATE, shared[0], 0);
        if (memory[1] != 'E' || ftruncate(shared[0], 8192))
            return 1;
    } else if (argc > 2 && !strcmp(argv[1], "map")) {
        memory = mmap(0, 4096, PROT_READ, MAP_PRIVATE, open(argv[2], O_RDONLY), 0);
    }
    puts("ready");
    while (fgets(line, sizeof line, stdin)) {
        if (!strcmp(line, "sum\n")) {
            long sum = 0;
            for (int i = 0; i < LEDGER_BYTES; i++)
                sum += memory[i];
            printf("%ld\n", sum);
        } else {
            printf("%d\n", answer(line_of(1)));
        }
    }
    return 0;
}
