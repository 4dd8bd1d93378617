package dev.suture.payload;

import java.util.List;
import java.util.regex.Pattern;

/**
 * Names and numbers of the payload format.
 *
 * @see "xen/include/xen/livepatch.h; docs/misc/livepatch.pandoc"
 */
public final class PayloadSections {
    public static final String FUNCTIONS = ".livepatch.funcs";
    public static final String DEPENDS = ".livepatch.depends";
    public static final String XEN_DEPENDS = ".livepatch.xen_depends";
    /** In payloads for processes: a note with the build id of the ELF file that is changed. */
    public static final String TARGET = ".livepatch.target";

    public static final String BUILD_ID = ".note.gnu.build-id";
    public static final String METADATA = ".modinfo";
    /** Not loaded by any target: why each thing is in the payload, an {@link Explanation}. */
    public static final String EXPLANATION = ".suture.explanation";

    /** Not loaded by any target: what the next payload has to know of this one, a {@link Stack}. */
    public static final String STACK = ".suture.stack";

    public static final String HOOKS = ".livepatch.hooks.";

    /** The hooks in the order in which they run around apply and revert. */
    public static final List<String> HOOK_KINDS =
            List.of("preapply", "load", "apply", "postapply", "prerevert", "revert", "unload", "postrevert");

    /** {@code LIVEPATCH_MAX_SIZE}: the largest file that Xen takes, in bytes. */
    public static final int MAX_BYTES = 2 * 1024 * 1024;

    /** The longest payload name, its final NUL included, in bytes ({@code XEN_LIVEPATCH_NAME_SIZE}). */
    public static final int MAX_NAME_BYTES = 128;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,%d}".formatted(MAX_NAME_BYTES - 1));

    private PayloadSections() {}

    /**
     * {@return whether a payload may have that name} It is printed, becomes part of the names of symbols, and is passed to
     * other programs.
     */
    public static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    /**
     * {@return whether a section holds exactly one hook} Those for load and unload may hold several.
     *
     * @see "xen/common/livepatch.c, LIVEPATCH_ASSIGN_SINGLE_HOOK"
     */
    public static boolean isSingleHook(String sectionName) {
        return sectionName.startsWith(HOOKS)
                && !sectionName.equals(HOOKS + "load")
                && !sectionName.equals(HOOKS + "unload");
    }
}
