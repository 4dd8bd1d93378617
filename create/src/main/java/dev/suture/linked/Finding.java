package dev.suture.linked;

/**
 * Something that was found about a function or variable.
 *
 * @param object of the build
 * @param symbol its name
 * @param what in words
 */
public record Finding(String object, String symbol, String what) {}
