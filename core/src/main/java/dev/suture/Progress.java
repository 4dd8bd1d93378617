package dev.suture;

/**
 * Hears how long work gets on. Calls come from one thread at a time; a listener must return quickly and never throw.
 */
public interface Progress {
    /** Hears nothing. */
    Progress NONE = new Progress() {
        @Override
        public void stage(String name) {}

        @Override
        public void advance(long done, long total) {}
    };

    /**
     * A stage of the work begins, and the one before it has ended.
     *
     * @param name what is being done, such as {@code compile original}
     */
    void stage(String name);

    /**
     * Nothing goes on until somebody else has ended, which may take minutes.
     *
     * @param what is waited for, such as {@code another build of this tree (process 12)}
     */
    default void waiting(String what) {
        stage("wait for " + what);
    }

    /**
     * The current stage has got so far.
     *
     * @param done steps that are done
     * @param total steps in all, or 0 if that is not known
     */
    void advance(long done, long total);
}
