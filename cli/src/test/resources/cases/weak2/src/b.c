__attribute__((weak)) int allowed(int x) { return 1; }
volatile int sink;
__attribute__((noinline)) int other(int x) { sink = x; sink = 2 * x; return 1; }
