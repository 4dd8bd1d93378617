package dev.suture.cli;

/**
 * A command that goes on until it is told to end, by Ctrl-C or a polite kill, and has then done what it was to do: its exit
 * code is its own, and not that of who was killed.
 */
interface EndsWhenTold {}
