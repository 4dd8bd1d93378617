#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static volatile int sk __attribute__((unused));
static int done,limit;
__attribute__((noinline)) static int val(int n){ sk=n; return 10+0*n; }
__attribute__((noinline)) int check(int x){ if(!done){ limit=10; done=1; } sk=x; return x+limit; }
int tick(int n){ return check(1)+0*val(n); }
