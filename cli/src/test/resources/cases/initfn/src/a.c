static volatile int sk __attribute__((unused));
#include <stdlib.h>
#include <string.h>
int lim/*NV*/; __attribute__((noinline)) int check(int x){return x<lim/*R*/;} __attribute__((noinline)) void setup(void){lim=5;/*W*/} int tick(int n){ if(n==0) setup(); return check(7);}
