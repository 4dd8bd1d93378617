extern volatile int sink;
int third(int x) { sink = x; return x; }
