package dev.suture.build.xen;

import dev.suture.LivePatchException;

/** The compiler at hand is not the one that built the tree. */
public final class OtherCompilerException extends LivePatchException {
    private static final long serialVersionUID = 1L;

    OtherCompilerException(String object, String built, String command, String atHand) {
        super(("%s was compiled by \"%s\", but %s is now \"%s\": unchanged functions would come out different. Install"
                        + " the compiler that built the tree, or build the tree again and boot the result; to go on"
                        + " all the same, insist on this compiler.")
                .formatted(object, built, command, atHand));
    }
}
