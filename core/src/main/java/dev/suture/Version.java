package dev.suture;

/** The version of this program. */
public final class Version {
    private Version() {}

    /** {@return the version as the build wrote it into the module, such as {@code 0.1.0}} */
    public static String text() {
        return Version.class.getModule().isNamed()
                ? Version.class.getModule().getDescriptor().rawVersion().orElse("unversioned")
                : "unversioned";
    }
}
