package dev.suture.build;

/**
 * A stage of the work that is done.
 *
 * @param name what was done
 * @param milliseconds how long it took
 */
public record Stage(String name, long milliseconds) {}
