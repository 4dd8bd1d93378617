/**
 * The few calls of the Linux kernel that a running process is patched with, as the kernel offers them on x86-64.
 *
 * <p>In go numbers and native memory, out come the results of system calls; a call that failed gives its error with the
 * result, negated, as the kernel itself does. Nothing here knows what a payload is. All system calls go through one
 * handle, so that calling any of them a few hundred times makes all of them fast.
 */
package dev.suture.linux;
