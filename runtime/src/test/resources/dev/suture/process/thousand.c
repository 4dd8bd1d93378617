#include "payload.h"
extern int counter;
int answer(int x);
int new_answer(int x)
{
    counter++;
    return x + 1000;
}
REPLACES(new_answer, "answer");
