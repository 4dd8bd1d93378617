/* SPDX-License-Identifier: MIT-0 */
/*
 * Hooks of a live patch for a process. This file is yours to change. It goes into a payload beside the patch:
 *
 *     suture build process --source DIR --build COMMAND --binary FILE --patch FIX.patch --patch THIS.c \
 *         --output FIX.livepatch
 *
 * The preapply hook runs before the payload is applied and keeps it from that if it does not return 0; the postrevert
 * hook runs after it was reverted. The program goes on meanwhile; but the thread that a hook runs on may be inside of
 * the C library, so that nothing in here may wait for a lock, as malloc() and printf() do. Should the payload not be
 * applied after the preapply hook, nobody takes back what that did.
 */
#include <suture/hooks.h>

@CHANGE@

static int suture_preapply(void)
{
    return suture_change();
}
LIVEPATCH_PREAPPLY_HOOK(suture_preapply);

static void suture_postrevert(void)
{
    suture_take_back();
}
LIVEPATCH_POSTREVERT_HOOK(suture_postrevert);
