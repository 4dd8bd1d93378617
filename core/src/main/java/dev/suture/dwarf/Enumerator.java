package dev.suture.dwarf;

/**
 * One constant of an enum.
 *
 * @param name as in the source
 * @param value its low 64 bits
 */
public record Enumerator(String name, long value) {}
