/* SPDX-License-Identifier: MIT-0 */
/*
 * Hooks of a live patch for a process. This file is yours to change. It goes into a payload beside the patch:
 *
 *     suture build process --source DIR --build COMMAND --binary FILE --patch FIX.patch --patch THIS.c \
 *         --output FIX.livepatch
 *
 * The apply and revert hooks run while the payload is applied and reverted, both before the functions change. All
 * other threads stand still meanwhile, and may be inside of the C library: nothing in here may wait for a lock, as
 * malloc() and printf() do, or take long.
 */
#include <suture/hooks.h>

@CHANGE@

static void suture_apply(void)
{
    suture_change();
}
LIVEPATCH_APPLY_HOOK(suture_apply);

static void suture_revert(void)
{
    suture_take_back();
}
LIVEPATCH_REVERT_HOOK(suture_revert);
