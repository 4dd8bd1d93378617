/**
 * What is kept between runs and can be made again: who holds an entry, and which entries are let go.
 *
 * <p>An entry is a directory with a file {@code lock}, held while it is used, or a plain file. When it was last used is
 * the time of the file {@code used} in it, or of the plain file.
 */
package dev.suture.cache;
