package dev.suture.process;

/**
 * One line of {@code /proc/PID/maps}.
 *
 * @param start first address
 * @param end address behind the last
 * @param permissions such as {@code r-xp}
 * @param fileOffset where in the file it starts, in bytes
 * @param device and inode: what file, whatever its name is now; {@code 00:00 0} for none
 * @param inode see device
 * @param name a path, {@code [heap]} or the like, or empty
 * @see "proc_pid_maps(5)"
 */
record Mapping(long start, long end, String permissions, long fileOffset, String device, long inode, String name) {
    private static final String DELETED = " (deleted)";

    static Mapping parse(String line) {
        String[] words = line.split(" +", 6);
        int dash = words[0].indexOf('-');
        return new Mapping(
                Long.parseUnsignedLong(words[0], 0, dash, 16),
                Long.parseUnsignedLong(words[0], dash + 1, words[0].length(), 16),
                words[1],
                Long.parseUnsignedLong(words[2], 16),
                words[3],
                Long.parseLong(words[4]),
                words.length > 5 ? words[5] : "");
    }

    long sizeBytes() {
        return end - start;
    }

    boolean contains(long address) {
        return Long.compareUnsigned(address, start) >= 0 && Long.compareUnsigned(address, end) < 0;
    }

    boolean isCode() {
        return permissions.charAt(2) == 'x';
    }

    boolean isReadable() {
        return permissions.charAt(0) == 'r';
    }

    boolean isFile() {
        return inode != 0;
    }

    boolean isSameFile(Mapping other) {
        return inode == other.inode && device.equals(other.device);
    }

    boolean isDeleted() {
        return name.endsWith(DELETED);
    }

    String path() {
        return isDeleted() ? name.substring(0, name.length() - DELETED.length()) : name;
    }
}
