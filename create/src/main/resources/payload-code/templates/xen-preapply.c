/* SPDX-License-Identifier: MIT-0 */
/*
 * Hooks of a live patch for Xen. This file is yours to change. It goes into a payload beside the patch:
 *
 *     suture build xen --tree DIR --patch FIX.patch --patch THIS.c --output FIX.livepatch
 *
 * The preapply hook runs before the payload is applied and keeps it from that if it returns an error; the postrevert
 * hook runs after it was reverted. Xen goes on meanwhile, and both may allocate and free memory. Should Xen fail to
 * apply the payload after the preapply hook, nobody takes back what that did. A payload with these hooks can be
 * reverted and unloaded, but neither replace others nor be replaced by Xen's replace action.
 */
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/livepatch_payload.h>
#include <xen/sched.h>

#ifndef cf_check
#define cf_check
#endif

@CHANGE@

static int cf_check suture_preapply(livepatch_payload_t *payload)
{
    return suture_change();
}
LIVEPATCH_PREAPPLY_HOOK(suture_preapply);

static void cf_check suture_postrevert(livepatch_payload_t *payload)
{
    /* It runs also if the payload could not be reverted and is still applied. */
    if ( !payload->rc )
        suture_take_back();
}
LIVEPATCH_POSTREVERT_HOOK(suture_postrevert);
