#include <stdio.h>
#include <string.h>
extern int in_library(int), outer(int), reads_count(void), shared;
int main(void)
{
    char line[100];
    setvbuf(stdout, 0, _IOLBF, 0);
    puts("ready");
    while (fgets(line, sizeof line, stdin)) {
        if (!strcmp(line, "in\n")) printf("%d\n", in_library(1));
        else if (!strcmp(line, "outer\n")) printf("%d\n", outer(2));
        else if (!strcmp(line, "count\n")) printf("%d\n", reads_count());
        else printf("shared %d\n", shared++);
    }
}
