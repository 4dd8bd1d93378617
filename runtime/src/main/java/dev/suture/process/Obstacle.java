package dev.suture.process;

/**
 * A thread that stands in the way of a change.
 *
 * @param tid the thread
 * @param function the function it is in or will return to, or must not be disturbed in
 * @param address where it is, or where it will return to, in the process
 * @param isRunning whether the thread is there now; otherwise it will return there
 */
record Obstacle(int tid, String function, long address, boolean isRunning) {}
