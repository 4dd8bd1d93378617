#include <stdio.h>
#include <unistd.h>
#ifdef __cplusplus
extern "C"
#endif
int tick(int n);
int main(void){ setvbuf(stdout,0,_IOLBF,0); for(int n=0;;n++){ printf("%d\n", tick(n)); usleep(50000);} }
