/**
 * Proves what a payload makes of a running hypervisor, without asking how the payload was made.
 *
 * <p>In go the objects that the running program was linked from, the objects of the whole patched program, the linked
 * program and the payload; out comes a {@link dev.suture.certify.Certificate}. The question is always the same one: is
 * this piece of an object at that place of the running system? A piece is there if its bytes are, if each of its
 * relocations leads to a place where the piece is that it refers to, and if its entries of special tables are there, too
 * ({@link dev.suture.certify.Prove}). The system is the linked program and, once the payload is applied, the payload's
 * sections ({@link dev.suture.certify.RunningSystem}).
 *
 * <p>The order: the tree's own objects must be in the linked program (the baseline); then each function and variable of
 * the patched program must be in the linked program, or be what the payload replaces it with; then nothing may be left
 * in the payload that no proof has touched. Last, functions that would be missing are looked at in the sources: the
 * compiler may only have decided otherwise what to inline ({@link dev.suture.certify.ProveUnchanged}).
 */
package dev.suture.certify;
