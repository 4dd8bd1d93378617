package dev.suture.dwarf;

/**
 * A piece of code.
 *
 * @param sectionIndex the section it is in
 * @param startOffset of its first byte in the section; in a linked file, too, where its address is the section's plus
 *     this
 * @param endOffset of the first byte after it
 */
public record CodeRange(int sectionIndex, long startOffset, long endOffset) {
    /** {@return whether the byte at an offset of a section is in it} */
    public boolean contains(int section, long offset) {
        return section == sectionIndex && offset >= startOffset && offset < endOffset;
    }
}
