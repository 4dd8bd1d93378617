/**
 * What bytes mean on one CPU: instruction sizes and where they lead, relocation kinds, jump and no-op encodings, reach.
 *
 * <p>In go bytes of code as a {@link java.lang.foreign.MemorySegment} and numbers from an ELF file; out come values.
 * {@link dev.suture.isa.Isa#of} picks the CPU by the file's machine number. Nothing here knows symbols or sections, and
 * nothing disassembles to text: an {@link dev.suture.isa.Instruction} says how long it is, where it can go next and at
 * which of its bytes a displacement and an immediate stand, which is what comparing, checking and splicing need.
 */
package dev.suture.isa;
