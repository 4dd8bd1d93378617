package dev.suture.target;

/**
 * Which target it is.
 *
 * @param target as the user names it, such as {@code pid:4711}
 * @param what what runs there, such as the program's path
 * @param buildId of what runs there; empty if it has none
 */
public record Identity(String target, String what, String buildId) {}
