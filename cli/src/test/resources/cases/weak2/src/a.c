int other(int x);
int allowed(int x);
int tick(int n) { return 1000*other(n) + allowed(7); }
