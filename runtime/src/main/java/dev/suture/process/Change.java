package dev.suture.process;

import dev.suture.linux.Calls;
import dev.suture.linux.Keeper;

/** What is done while all threads are stopped and none is in the way. */
interface Change {
    /** Nothing: it is only waited for the moment. */
    Change NONE = new Change() {
        @Override
        public void addCalls(Keeper keeper) {
            keeper.addCall(Calls.GETPID, 0, 0, 0, 0, 0, 0);
        }

        @Override
        public void with(BorrowedThread thread) {}
    };

    /** Adds the calls that make the change, if it can be made by calls of ours alone; else nothing. */
    void addCalls(Keeper keeper);

    /**
     * Looks whether the calls that were added and made have done what they should.
     *
     * @throws ProcessException if not
     */
    default void made(Keeper keeper) {}

    /** Makes the change with a thread of the process. */
    void with(BorrowedThread thread);
}
