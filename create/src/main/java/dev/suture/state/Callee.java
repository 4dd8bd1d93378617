package dev.suture.state;

import dev.suture.state.Functions.Node;

/** What a call leads to. */
sealed interface Callee {
    /** Code of the patched objects, or of the running target. */
    record Known(Node node) implements Callee {}

    /** Code of a target without a library, too much to be followed. */
    record Large() implements Callee {}

    /** A function of the C or C++ library. */
    record Library(String name) implements Callee {}

    /** Nobody can tell. */
    record Unknown() implements Callee {}
}
