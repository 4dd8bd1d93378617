#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static volatile int sk __attribute__((unused));
void take(int*); void drop(int*); static int old; __attribute__((noinline)) int f(int x){ take(&old); sk=x; drop(&old); return x; }
__attribute__((noinline)) int g(int x){ sk=2*x; return x; }
int tick(int n){ return f(1)+g(2); }
