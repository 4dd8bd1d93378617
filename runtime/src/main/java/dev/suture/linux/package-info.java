/**
 * The few calls of the Linux kernel that a running process is patched with, as the kernel offers them on x86-64.
 *
 * <p>In go numbers and native memory, out come the results of system calls; a call that failed gives its error with the
 * result, negated, as the kernel itself does. Nothing here knows what a payload is. {@link dev.suture.linux.Kernel} makes
 * calls in this thread. {@link dev.suture.linux.Keeper} has them made by a process of its own, whose machine code is
 * written here ({@code Assembler}, {@code KeeperCode}): it traces the threads of the target, and outlives us.
 */
package dev.suture.linux;
