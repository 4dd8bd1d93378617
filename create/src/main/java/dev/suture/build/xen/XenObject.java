package dev.suture.build.xen;

import java.util.Set;

/**
 * An object that is linked into xen-syms.
 *
 * @param name its path relative to {@code xen/}, such as {@code arch/x86/x86_64/mm.o}
 * @param owner the directory whose makefile builds it, such as {@code arch/x86}
 * @param source the file it is compiled from, relative to {@code xen/}; empty if it is not compiled
 * @param inputs every file it is made from, headers included, relative to {@code xen/}
 * @param command the command line that made it, as make recorded it
 */
record XenObject(String name, String owner, String source, Set<String> inputs, String command) {
    XenObject {
        inputs = Set.copyOf(inputs);
    }
}
