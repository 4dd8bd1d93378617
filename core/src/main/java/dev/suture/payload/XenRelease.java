package dev.suture.payload;

import dev.suture.LivePatchException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A release of Xen, and what its live patch format is.
 *
 * @param major the 4 of 4.17.5
 * @param minor the 17 of 4.17.5
 * @param point the 5 of 4.17.5; 0 if it is not known
 */
public record XenRelease(int major, int minor, int point) {
    private static final Pattern VERSION = Pattern.compile("(\\d+)\\.(\\d+)(?:\\.(\\d+))?.*");

    /**
     * Reads a version.
     *
     * @param version such as {@code 4.17.5} or {@code 4.20-unstable}
     * @throws LivePatchException if it is no version, or one before live patching (4.7)
     */
    public static XenRelease of(String version) {
        Matcher matcher = VERSION.matcher(version);
        if (!matcher.matches()) {
            throw new LivePatchException("'%s' is not a version of Xen".formatted(version));
        }
        int point = matcher.group(3) == null ? 0 : Integer.parseInt(matcher.group(3));
        XenRelease release =
                new XenRelease(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)), point);
        if (release.major < 4 || release.major == 4 && release.minor < 7) {
            throw new LivePatchException("Xen %s cannot be live patched; 4.7 was the first".formatted(version));
        }
        return release;
    }

    /** {@return whether this release is the given one or a later one} */
    public boolean isAtLeast(int otherMajor, int otherMinor) {
        return major != otherMajor ? major > otherMajor : minor >= otherMinor;
    }

    /**
     * {@return {@code LIVEPATCH_PAYLOAD_VERSION}}
     *
     * @see "xen/include/public/sysctl.h"
     */
    public int payloadVersion() {
        return isAtLeast(4, 14) ? 2 : 1;
    }

    /**
     * {@return the size of one entry of {@code .livepatch.funcs} in bytes}
     *
     * @see "xen/include/public/sysctl.h, struct livepatch_func"
     */
    public int functionBytes() {
        return isAtLeast(4, 14) ? 104 : 64;
    }

    /** {@return whether the payload names the hypervisor it is for in a section of its own} */
    public boolean hasXenDepends() {
        return isAtLeast(4, 14);
    }

    /** {@return whether the target reads {@code .modinfo}} */
    public boolean hasMetadata() {
        return isAtLeast(4, 14);
    }

    /**
     * {@return whether this release writes into {@code .livepatch.funcs} while it is mapped read-only, unless the section
     * says that it is writable}
     *
     * @see "Xen commit 82182ad7b4 in 4.16.4, 4.17.1 and 4.18.0; state moved out of the payload in 4.17.3 and 4.18.1"
     */
    public boolean writesIntoFunctions() {
        return major == 4
                && (minor == 16 && point >= 4
                        || minor == 17 && (point == 1 || point == 2)
                        || minor == 18 && point == 0);
    }

    @Override
    public String toString() {
        return major + "." + minor + (point == 0 ? "" : "." + point);
    }
}
