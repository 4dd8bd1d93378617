package dev.suture.dwarf;

/**
 * One row of the line table: from here on, up to the next row, code is made from this line.
 *
 * @param sectionIndex the section the code is in; 0 in a relocatable file if no relocation says
 * @param sectionOffset in the section, in a linked file, too
 * @param file relative to the directory the compiler ran in, unless absolute; empty if the table does not say
 * @param line from 1; 0 for code that is from no line
 * @param isStatement whether a debugger would set a breakpoint here
 * @param isEndOfSequence whether the code has ended before this offset; the line is then without meaning
 * @see "DWARF 5, 6.2.2"
 */
public record LineRow(
        int sectionIndex, long sectionOffset, String file, long line, boolean isStatement, boolean isEndOfSequence) {}
