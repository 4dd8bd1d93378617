#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static volatile int sk __attribute__((unused));
__attribute__((noinline)) void take(int*l){ while(__atomic_exchange_n(l,1,5)) sk=0; sk=1; }
__attribute__((noinline)) void drop(int*l){ sk=2; __atomic_store_n(l,0,3); }
