/**
 * A command in, what each of its processes reads and writes out.
 *
 * <p>The command is traced: a seccomp filter stops each of its processes at the calls that name a file ({@link
 * dev.suture.build.watch.FileCalls}), and one thread ({@link dev.suture.build.watch.TraceProcesses}) notes which file that
 * is. What cannot be followed makes the whole observation unknown; it is never taken for "reads nothing".
 */
package dev.suture.build.watch;
