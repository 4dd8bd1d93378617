/* SPDX-License-Identifier: MIT-0 */
/*
 * Hooks of a live patch for a process. This file is yours to change. It goes into a payload beside the patch:
 *
 *     suture build process --source DIR --build COMMAND --binary FILE --patch FIX.patch --patch THIS.c \
 *         --output FIX.livepatch
 *
 * The postapply hook runs after the payload was applied, and the prerevert hook before it is reverted, which it keeps
 * from that if it does not return 0. The program goes on meanwhile, with the new functions; but the thread that a
 * hook runs on may be inside of the C library, so that nothing in here may wait for a lock, as malloc() and printf()
 * do.
 */
#include <suture/hooks.h>

@CHANGE@

static void suture_postapply(void)
{
    suture_change();
}
LIVEPATCH_POSTAPPLY_HOOK(suture_postapply);

static int suture_prerevert(void)
{
    suture_take_back();
    return 0;
}
LIVEPATCH_PREREVERT_HOOK(suture_prerevert);
