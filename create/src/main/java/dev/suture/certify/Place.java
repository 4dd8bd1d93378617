package dev.suture.certify;

/**
 * A place in the running system.
 *
 * @param file {@link #IMAGE}, or the number of a payload, from 1 for the lowest
 * @param section index of a section of the payload; 0 in the image
 * @param offset in the image an address, in a payload an offset in the section
 */
record Place(int file, int section, long offset) implements Comparable<Place> {
    /** Stands for the linked program. */
    static final int IMAGE = 0;

    static Place inImage(long address) {
        return new Place(IMAGE, 0, address);
    }

    boolean isInImage() {
        return file == IMAGE;
    }

    Place plus(long bytes) {
        return new Place(file, section, offset + bytes);
    }

    @Override
    public int compareTo(Place other) {
        int byFile = Integer.compare(file, other.file);
        int bySection = byFile != 0 ? byFile : Integer.compare(section, other.section);
        return bySection != 0 ? bySection : Long.compareUnsigned(offset, other.offset);
    }
}
