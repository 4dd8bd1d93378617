/**
 * The live patch file: a relocatable ELF file whose {@code .livepatch.*} sections say which functions it replaces, what
 * it must be stacked on, and what is to be called around apply and revert.
 */
package dev.suture.payload;
