package dev.suture.certify;

/**
 * Something of the patched program, and what was found out about it.
 *
 * @param object the object file it is from, as the tree's build knows it; empty for what is in the payload alone
 * @param name of the function or variable
 * @param why in a sentence; empty if there is nothing to say
 */
public record Finding(String object, String name, String why) {}
