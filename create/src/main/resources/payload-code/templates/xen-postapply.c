/* SPDX-License-Identifier: MIT-0 */
/*
 * Hooks of a live patch for Xen. This file is yours to change. It goes into a payload beside the patch:
 *
 *     suture build xen --tree DIR --patch FIX.patch --patch THIS.c --output FIX.livepatch
 *
 * The postapply hook runs after the payload was applied, and the prerevert hook before it is reverted, which it keeps
 * from that if it returns an error. Xen goes on meanwhile, with the new functions, and both may allocate and free
 * memory. A payload with these hooks can be reverted and unloaded, but neither replace others nor be replaced by
 * Xen's replace action.
 */
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/livepatch_payload.h>
#include <xen/sched.h>

#ifndef cf_check
#define cf_check
#endif

@CHANGE@

static void cf_check suture_postapply(livepatch_payload_t *payload)
{
    /* It runs also if the payload could not be applied. */
    if ( !payload->rc && suture_change() )
        printk(XENLOG_ERR "live patch: the postapply hook could not do its work\n");
}
LIVEPATCH_POSTAPPLY_HOOK(suture_postapply);

static int cf_check suture_prerevert(livepatch_payload_t *payload)
{
    suture_take_back();
    return 0;
}
LIVEPATCH_PREREVERT_HOOK(suture_prerevert);
