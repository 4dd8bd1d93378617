/**
 * The adapter for trees of the Xen hypervisor, 4.17 and newer (built by its Kbuild in the source tree).
 *
 * <p>{@link dev.suture.build.xen.XenTree} checks the tree, {@link dev.suture.build.xen.ReadObjects} reads from the
 * {@code .cmd} files make left which objects are linked into xen-syms and what each is made from,
 * {@link dev.suture.build.xen.XenMake} has the tree's own make compile some of them in the scratch copy, and
 * {@link dev.suture.build.xen.XenBuild} is the order of it all.
 */
package dev.suture.build.xen;
