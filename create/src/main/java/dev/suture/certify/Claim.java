package dev.suture.certify;

/**
 * That a piece is at a place of the running system.
 *
 * @param part the piece
 * @param at where its first byte is
 */
record Claim(Part part, Place at) {}
