/* SPDX-License-Identifier: MIT-0 */
/*
 * Shadow variables: extra data for objects that exist already, found by the object's address and a number.
 *
 * A live patch cannot make a structure larger, because the running program holds values of it. It can keep what it
 * would have added in a shadow variable of the object:
 *
 *     #include <suture/shadow.h>
 *     #define REFUSED_ID 1
 *
 *     unsigned long *refused = suture_shadow_attach(connection, REFUSED_ID, sizeof(*refused), 0);
 *     if ( refused )
 *         ++*refused;
 *     ...
 *     suture_shadow_free(connection, REFUSED_ID);    // where the connection itself is freed
 *
 * A patch that includes this header gets the code by itself, as one more object of its payload. All of it works in
 * hypervisors (Xen) and in processes, in any thread or context, also in hooks. Nothing here waits for memory, and
 * suture_shadow_find() takes no lock.
 *
 * Rules:
 * - An id means one kind of data with one size. Choose ids that no other payload below or above this one uses.
 * - An object's shadow variables have to be freed before the object's memory is used for another object, or that one
 *   inherits them. A patch that attaches therefore also patches the function that frees the object.
 * - The data is not protected: what several threads change has to be changed as in any other structure of theirs, and
 *   nobody may use it after it was freed.
 * - The data lives in the payload that attached it, and in payloads built with --depends on it. It is still there if
 *   the payload is reverted and applied again, and gone when it is unloaded: take it back in a hook.
 */
#ifndef SUTURE_SHADOW_H
#define SUTURE_SHADOW_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Gives the object a shadow variable, unless it has one of that id already, and returns its data, aligned to 16 bytes.
 * What is new holds a copy of the size bytes at initial, or zeros if that is null; nobody finds it before.
 *
 * Returns null if there is no memory, if the object has one of that id with another size, or, in a hook during which
 * all is stopped, if some thread was stopped while it attached. Memory comes from the heap (Xen) or the kernel
 * (processes); in Xen with interrupts off, as in load and unload hooks, from a reserve of 64 KiB in the payload.
 */
void *suture_shadow_attach(const void *object, unsigned long id, unsigned long size, const void *initial);

/* Returns the data of the object's shadow variable, or null if it has none of that id. */
void *suture_shadow_find(const void *object, unsigned long id);

/* Frees the object's shadow variable. Returns 1, or 0 if it has none of that id. */
int suture_shadow_free(const void *object, unsigned long id);

/*
 * Frees the shadow variables of that id of all objects, and returns how many there were. The destructor, unless it is
 * null, is called for each, while its data is still there. (In Xen, declare it cf_check.)
 */
unsigned long suture_shadow_free_all(unsigned long id, void (*destructor)(const void *object, void *data));

/* Returns how many objects have a shadow variable of that id. */
unsigned long suture_shadow_count(unsigned long id);

/*
 * Gives all memory back: what was freed is otherwise kept for the next that is attached. Only for a hook behind
 * suture_shadow_free_all(), when no code of the payload runs any more: postrevert, or unload. Returns 1, or 0, without
 * doing anything, if something is still attached or, in Xen, if there is memory of the heap and interrupts are off, as
 * in unload hooks.
 */
int suture_shadow_release(void);

#ifdef __cplusplus
}
#endif

#endif
