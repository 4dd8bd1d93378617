package dev.suture.rehearse;

/** How a rehearsal went, from best to worst: of several, the worst is the verdict on all. */
public enum Verdict {
    /** Every step did what it should. */
    PASSED,
    /** Its turn never came. */
    NOT_REHEARSED,
    /** Xen would not take it in or would not apply it; the hypervisor ran on unchanged. */
    REFUSED,
    /** It was applied, and then a later step went wrong: it could not be reverted or unloaded. */
    FAILED,
    /** A step, or Xen's bringing of all CPUs to a halt, did not end in the time it had. */
    TIMED_OUT,
    /** The hypervisor or dom0 died. */
    CRASHED;

    /** {@return the worse of the two} */
    Verdict or(Verdict other) {
        return compareTo(other) >= 0 ? this : other;
    }
}
