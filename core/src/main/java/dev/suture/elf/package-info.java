/** An ELF file as immutable values, and back to bytes. */
package dev.suture.elf;
