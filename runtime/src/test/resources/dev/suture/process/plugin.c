/* A library that is loaded late, with text the dynamic linker has to change if it is compiled like that. */
#include <stdio.h>
static int built;
__attribute__((constructor)) static void builds(void) { built = 7; }
__attribute__((noipa, visibility("hidden"))) int inner_part(int x) { __asm__ volatile(".fill 16, 1, 0x90"); return x + 100; }
__attribute__((noipa)) int outer_part(int x) { __asm__ volatile(".fill 16, 1, 0x90"); return inner_part(x) + built; }
#ifdef TEXT_RELOCATIONS
__asm__(".text; .globl moved; .type moved, @function\n"
        "moved: movabs $built_word, %rax; movl (%rax), %eax; addl %edi, %eax; ret; .size moved, .-moved\n"
        ".data; built_word: .long 30; .text");
#endif
