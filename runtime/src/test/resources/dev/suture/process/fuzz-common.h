/* What functions that are called at random have in common, those of the program and those of payloads. */
struct Activation {
    Activation *below;
    const void *body;
    unsigned long called;
    int function;
    bool is_exempt;
};
#include <alloca.h>
unsigned fuzz_random();
bool fuzz_has_room();
extern "C" void fuzz_enter(Activation *, int function, const void *body);
extern "C" void fuzz_leave(Activation *);
extern "C" void fuzz_step(int depth);
extern "C" void fuzz_cold(int depth);
struct Noted : Activation {
    Noted(int function, const void *body) { fuzz_enter(this, function, body); }
    ~Noted() { fuzz_leave(this); }
};
