/* SPDX-License-Identifier: MIT-0 */
/*
 * Hooks of a live patch for Xen. This file is yours to change. It goes into a payload beside the patch:
 *
 *     suture build xen --tree DIR --patch FIX.patch --patch THIS.c --output FIX.livepatch
 *
 * The load hook runs while the payload is applied, before the functions change, and the unload hook while it is
 * reverted, after they changed back. All other processors stand still meanwhile and interrupts are off: nothing in
 * here may allocate or free memory, wait, or take long. A load hook cannot say no.
 */
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/livepatch_payload.h>
#include <xen/sched.h>

#ifndef cf_check
#define cf_check
#endif

@CHANGE@

static void cf_check suture_load(void)
{
    if ( suture_change() )
        printk(XENLOG_ERR "live patch: the load hook could not do its work\n");
}
LIVEPATCH_LOAD_HOOK(suture_load);

static void cf_check suture_unload(void)
{
    suture_take_back();
}
LIVEPATCH_UNLOAD_HOOK(suture_unload);
