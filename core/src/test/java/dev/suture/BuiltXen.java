package dev.suture;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** The built Xen tree that {@code make test} provides. */
public final class BuiltXen {
    private BuiltXen() {}

    /** {@return the directory with {@code xen-syms} and the objects; skips the test if there is no tree} */
    public static Path directory() {
        String named = System.getenv("SUTURE_XEN_TREE");
        assumeTrue(named != null, "SUTURE_XEN_TREE is not set: make test builds a Xen tree and sets it");
        Path tree = Path.of(named);
        Path directory = Files.isDirectory(tree.resolve("xen")) ? tree.resolve("xen") : tree;
        assumeTrue(Files.exists(directory.resolve("xen-syms")), directory + " has no xen-syms");
        return directory;
    }
}
