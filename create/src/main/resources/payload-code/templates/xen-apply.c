/* SPDX-License-Identifier: MIT-0 */
/*
 * Hooks of a live patch for Xen. This file is yours to change. It goes into a payload beside the patch:
 *
 *     suture build xen --tree DIR --patch FIX.patch --patch THIS.c --output FIX.livepatch
 *
 * The apply and revert hooks do by themselves what Xen otherwise does to apply and revert a payload, load and unload
 * hooks included, and have to do all of it: Xen panics over a payload that is half applied. All other processors
 * stand still meanwhile and interrupts are off: nothing in here may allocate or free memory, wait, or take long. A
 * load hook is nearly always what is wanted. This needs Xen 4.17.3, 4.18.1 or later.
 */
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/livepatch_payload.h>
#include <xen/sched.h>
#include <xen/livepatch.h>

#ifndef cf_check
#define cf_check
#endif

@CHANGE@

static int cf_check suture_apply(livepatch_payload_t *payload)
{
    unsigned int i;
    int rc = arch_livepatch_safety_check() ?: arch_livepatch_quiesce();

    if ( rc )
        return rc;
    rc = suture_change();
    for ( i = 0; !rc && i < payload->nfuncs; i++ )
    {
        arch_livepatch_apply(&payload->funcs[i], &payload->fstate[i]);
        payload->fstate[i].applied = LIVEPATCH_FUNC_APPLIED;
    }
    arch_livepatch_revive();
    return rc;
}
LIVEPATCH_APPLY_HOOK(suture_apply);

static int cf_check suture_revert(livepatch_payload_t *payload)
{
    int rc = revert_payload(payload);

    if ( !rc )
        suture_take_back();
    return rc;
}
LIVEPATCH_REVERT_HOOK(suture_revert);
