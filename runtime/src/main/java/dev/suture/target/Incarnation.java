package dev.suture.target;

/**
 * What tells whether a target is still what it was: three texts that mean something only when they are compared.
 *
 * @param process another one for whoever gets its number later
 * @param program another one after each start of a program in it
 * @param files another one when it opens or closes code, unless it gets the same code at the same place again
 */
public record Incarnation(String process, String program, String files) {}
