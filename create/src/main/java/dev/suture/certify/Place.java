package dev.suture.certify;

/**
 * A place in the running system.
 *
 * @param section {@link #IMAGE}, or the index of a section of the payload
 * @param offset in the image an address, in the payload an offset in the section
 */
record Place(int section, long offset) implements Comparable<Place> {
    /** Stands for the linked program: section 0 of an ELF file holds nothing. */
    static final int IMAGE = 0;

    static Place inImage(long address) {
        return new Place(IMAGE, address);
    }

    boolean isInImage() {
        return section == IMAGE;
    }

    Place plus(long bytes) {
        return new Place(section, offset + bytes);
    }

    @Override
    public int compareTo(Place other) {
        int bySection = Integer.compare(section, other.section);
        return bySection != 0 ? bySection : Long.compareUnsigned(offset, other.offset);
    }
}
