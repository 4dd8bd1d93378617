volatile int sink;
__attribute__((noinline)) int step(int v) { sink = v; return v + 1; }
int tick(int n) { return step(6); }
