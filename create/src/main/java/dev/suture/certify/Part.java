package dev.suture.certify;

/**
 * A piece of a program that is made of several objects.
 *
 * @param object index of the object in {@link Program#objects()}
 * @param piece index of the piece in its object
 */
record Part(int object, int piece) {}
