/**
 * A running Linux process on x86-64 as a target: nothing is needed of it but its program.
 *
 * <p>In go payloads, out come outcomes. The order of an action: {@link dev.suture.process.ProcessTarget} takes the lock,
 * reads the mappings and the list of payloads that earlier commands left in the process ({@code Ledger}) and finishes or
 * takes back what one of them was killed in. Upload finds the file by build id ({@code LoadedFiles}), resolves symbols
 * ({@code ResolveSymbols}), picks a place ({@code PlaceMemory}), gets it with system calls run in one thread
 * ({@code BorrowedThread}) and writes what {@code LinkPayload} relocated. Apply prepares the changed pages of code beside
 * the running ones ({@code Splice}), stops all threads ({@code Threads}), looks at their registers and stacks
 * ({@code CheckThreads}, {@code Unwind}) and then puts the pages in place with one system call, which happens or does
 * not: whoever kills Suture leaves a program that is either patched or not.
 */
package dev.suture.process;
