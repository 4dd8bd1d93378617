package dev.suture.advise;

/** What becomes of one hunk. */
public enum Verdict {
    /** Running code changes, and a payload can bring the change. */
    LIVE("live", false),
    /** It compiles to the same code. */
    NO_EFFECT("no effect", false),
    /** This hypervisor was built without the file. */
    NOT_BUILT("not built", false),
    /** It changes only what runs or is used while the system boots. */
    BOOT_ONLY("boot only", false),
    /** It changes what a variable or table holds, and the running system has the old contents. */
    DATA("data", true),
    /** It changes the layout of a type of which the running system has values, or uses what the layout lacks. */
    LAYOUT("layout", true),
    /** It adds a per-CPU variable, or uses one that is new. */
    PER_CPU("new per-CPU variable", true),
    /** It changes entry code or assembly that cannot be replaced function by function. */
    ASSEMBLY("assembly", true),
    /** It cannot go live for another reason. */
    REFUSED("refused", true),
    /** Nothing tells what it changes; the patch as a whole was judged all the same. */
    UNCERTAIN("uncertain", false);

    private final String words;
    private final boolean isRefusal;

    Verdict(String words, boolean isRefusal) {
        this.words = words;
        this.isRefusal = isRefusal;
    }

    /** {@return the verdict as a person reads it} */
    public String words() {
        return words;
    }

    /** {@return whether the hunk keeps the patch from going live} */
    public boolean isRefusal() {
        return isRefusal;
    }
}
