package dev.suture.build;

import java.nio.file.Path;
import java.util.Optional;

/**
 * The two builds of one object.
 *
 * @param name its path as the build knows it, such as {@code arch/x86/mm.o}
 * @param original the object as the running system has it; empty if the patch adds the object
 * @param patched the object with the patch; empty if the patch takes it out of the build
 * @param source the source file it is compiled from, as the compiler is given it; empty if unknown
 */
public record ObjectPair(String name, Optional<Path> original, Optional<Path> patched, String source) {
    /** {@return whether the object holds only code and data that are dropped after boot} */
    public boolean initOnly() {
        return name.endsWith(".init.o");
    }
}
