/**
 * Does what lives in memory keep its meaning? The second net below a payload, which knows nothing of code.
 *
 * <p>In go two builds of each object and what the diff holds to be the same function and variable in both. Types are
 * paired by who uses them, never by their names alone: {@link dev.suture.types.PairUses} begins with paired variables,
 * functions and types of one name, {@link dev.suture.types.CompareTypes} walks both graphs side by side from there.
 * What {@code void *} cuts off is found by the functions on both sides of it. Out come the changes, each with the way that
 * leads to it, and constants of enums with other values; whether one of them is allowed is not decided here.
 */
package dev.suture.types;
