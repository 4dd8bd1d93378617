#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static volatile int sk __attribute__((unused));
static int limit=3;


__attribute__((noinline)) int check(int x){ sk=x;  return x+limit; }
__attribute__((noinline)) void setup(int n){ sk=n; limit=3;  }
int tick(int n){ if (n==0) setup(n); return check(7); }
