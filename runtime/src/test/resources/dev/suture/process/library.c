/* A library with a thread-local variable, a static one, and one the program copies. */
#include <string.h>
#include <stdlib.h>
__thread int own_thread = 5;
int shared = 11;
static int count;
__attribute__((noipa)) int in_library(int x) { count++; __asm__ volatile(""); return x + own_thread; }
__attribute__((noipa)) static int inner(int x) { __asm__ volatile("nop; nop; nop; nop; nop" : "+r"(x)); return x * 3; }
int outer(int x) { return inner(x) + 1; }
int reads_count(void) { return count; }
