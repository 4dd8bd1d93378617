package dev.suture.rehearse;

import java.util.List;

/** One line of the serial console that Xen and dom0 share, told apart by who wrote it. */
sealed interface ConsoleLine {
    /**
     * Written by the hypervisor.
     *
     * @param text without the mark {@code (XEN)}
     */
    record FromXen(String text) implements ConsoleLine {}

    /** Written by dom0: its kernel, or a program. */
    record FromDom0(String text) implements ConsoleLine {}

    /**
     * Written by our own first program in dom0, to us.
     *
     * @param words the words between {@code @suture} and the final dot, at least one
     */
    record Marker(List<String> words) implements ConsoleLine {}

    /** Meant as a marker, but not whole. */
    record Damaged(String text) implements ConsoleLine {}
}
