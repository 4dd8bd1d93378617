/* SPDX-License-Identifier: MIT-0 */
/*
 * Hooks of a live patch for a process. This file is yours to change. It goes into a payload beside the patch:
 *
 *     suture build process --source DIR --build COMMAND --binary FILE --patch FIX.patch --patch THIS.c \
 *         --output FIX.livepatch
 *
 * The load hook runs while the payload is applied, before the functions change, and the unload hook while it is
 * reverted, after they changed back. All other threads stand still meanwhile, and may be inside of the C library:
 * nothing in here may wait for a lock, as malloc() and printf() do, or take long. A load hook cannot say no.
 */
#include <suture/hooks.h>

@CHANGE@

static void suture_load(void)
{
    suture_change();
}
LIVEPATCH_LOAD_HOOK(suture_load);

static void suture_unload(void)
{
    suture_take_back();
}
LIVEPATCH_UNLOAD_HOOK(suture_unload);
