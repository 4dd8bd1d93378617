#include <suture/hooks.h>
#include <suture/shadow.h>

extern int left_over, gave_back;

static void forget(void)
{
    left_over = suture_shadow_free_all(1, 0);
    gave_back = suture_shadow_release();
}

LIVEPATCH_POSTREVERT_HOOK(forget);
