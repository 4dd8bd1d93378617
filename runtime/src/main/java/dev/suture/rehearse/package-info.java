/**
 * Tries payloads for real, on a throw-away copy of the target: Xen with a dom0 in an emulated PC.
 *
 * <p>In: a {@link dev.suture.rehearse.RehearsalRequest} with a hypervisor and payload files. Out: a
 * {@link dev.suture.rehearse.RehearsalReport} with a verdict on each payload, in Xen's own words. The order of things,
 * in {@link dev.suture.rehearse.XenRehearsal}:
 *
 * <ol>
 *   <li>{@code PayloadFile}, {@code HypervisorImage}: read and check what was asked for
 *   <li>{@code LabParts} from {@code PackagedFiles} from {@code DebianArchive}: a dom0 kernel, its modules, a shell and
 *       Xen's client
 *   <li>{@code Initramfs}: dom0's first files, among them the payloads and {@code init.sh}, which takes the steps
 *   <li>{@code Machine}: boots all that, and listens to the console
 *   <li>{@code ConsoleLines}, {@code Transcript}: who wrote a line, and what it means for which payload
 *   <li>{@code XenWords}: why something was refused and what to do about it
 * </ol>
 */
package dev.suture.rehearse;
