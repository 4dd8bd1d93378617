/**
 * Verdicts in, a payload out.
 *
 * <p>{@link dev.suture.link.LinkXenPayload} is the driver: {@link dev.suture.link.PlacePieces} gives each chosen piece
 * its place in an output section, {@link dev.suture.link.NameSymbols} finds the names by which the target knows what the
 * payload refers to, and the driver copies bytes and relocations and adds the {@code .livepatch.*} sections. The same
 * inputs give the same bytes.
 */
package dev.suture.link;
