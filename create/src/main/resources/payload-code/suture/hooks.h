/* SPDX-License-Identifier: MIT-0 */
/*
 * Hooks of payloads for processes, declared as xen/livepatch_payload.h declares those for Xen. In this order they run:
 *
 *     PREAPPLY    before: may say no by returning something else than 0
 *     LOAD        while all threads are stopped, before the functions change
 *     APPLY       while all threads are stopped, before the functions change
 *     POSTAPPLY   after: the threads run again
 *
 *     PREREVERT   before: may say no by returning something else than 0
 *     REVERT      while all threads are stopped, before the functions change back
 *     UNLOAD      while all threads are stopped, after the functions changed back
 *     POSTREVERT  after: the threads run again
 *
 * A hook runs on some thread of the program. With the others stopped it must not wait for a lock, since one of them may
 * hold it: no malloc(), no printf(), hardly anything of the C library.
 */
#ifndef SUTURE_HOOKS_H
#define SUTURE_HOOKS_H

#define SUTURE_HOOK(kind, type, function) \
    __attribute__((used, section(".livepatch.hooks." #kind))) \
    static type const livepatch_##kind##_##function = function

/* void function(void) */
#define LIVEPATCH_LOAD_HOOK(function) SUTURE_HOOK(load, suture_void_hook, function)
#define LIVEPATCH_UNLOAD_HOOK(function) SUTURE_HOOK(unload, suture_void_hook, function)
#define LIVEPATCH_APPLY_HOOK(function) SUTURE_HOOK(apply, suture_void_hook, function)
#define LIVEPATCH_REVERT_HOOK(function) SUTURE_HOOK(revert, suture_void_hook, function)
#define LIVEPATCH_POSTAPPLY_HOOK(function) SUTURE_HOOK(postapply, suture_void_hook, function)
#define LIVEPATCH_POSTREVERT_HOOK(function) SUTURE_HOOK(postrevert, suture_void_hook, function)

/* int function(void) */
#define LIVEPATCH_PREAPPLY_HOOK(function) SUTURE_HOOK(preapply, suture_asking_hook, function)
#define LIVEPATCH_PREREVERT_HOOK(function) SUTURE_HOOK(prerevert, suture_asking_hook, function)

typedef void (*suture_void_hook)(void);
typedef int (*suture_asking_hook)(void);

#endif
