package dev.suture.rehearse;

import dev.suture.LivePatchException;
import dev.suture.PlainFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;

/**
 * A Xen for x86-64 that can be booted: the file the build calls {@code xen}, a 32-bit ELF around 64-bit code, or that
 * file compressed with gzip.
 *
 * @param file the file as the user knows it
 */
public record HypervisorImage(Path file) {
    private static final int MOST_BYTES = 256 << 20;
    private static final int MOST_HEADER_BYTES = 1 << 20;
    private static final Pattern CONTROL_INTERFACE =
            Pattern.compile("(?m)^#define\\s+XEN_SYSCTL_INTERFACE_VERSION\\s+0x([0-9A-Fa-f]{1,8})\\b");
    private static final int EI_CLASS = 4;
    private static final int ELFCLASS32 = 1;
    private static final int E_MACHINE = 18;
    private static final int EM_386 = 3;

    /** {@return the image in a built Xen source tree}
     *
     * @param tree the root of the source, or its folder {@code xen}
     * @throws LivePatchException if there is none
     */
    public static HypervisorImage inTree(Path tree) {
        for (Path xen : new Path[] {tree.resolve("xen/xen"), tree.resolve("xen")}) {
            if (Files.isRegularFile(xen)) {
                return new HypervisorImage(xen);
            }
        }
        if (Files.isDirectory(tree.resolve("xen/common")) || Files.isDirectory(tree.resolve("common"))) {
            throw new LivePatchException("%s: this Xen is not built: there is no file `xen`; run make in %s"
                    .formatted(tree, Files.isDirectory(tree.resolve("xen")) ? tree.resolve("xen") : tree));
        }
        throw new LivePatchException("%s: not a Xen source tree: it has neither xen/xen nor xen".formatted(tree));
    }

    /**
     * {@return the version of the control interface, as the header beside the image has it} An image alone does not tell.
     *
     * @see "Xen xen/include/public/sysctl.h, XEN_SYSCTL_INTERFACE_VERSION"
     */
    OptionalInt controlInterface() {
        Path header = file.resolveSibling("include/public/sysctl.h");
        if (!Files.isRegularFile(header)) {
            return OptionalInt.empty();
        }
        String text = new String(PlainFile.read(header, MOST_HEADER_BYTES), StandardCharsets.ISO_8859_1);
        Matcher matcher = CONTROL_INTERFACE.matcher(text);
        return matcher.find() ? OptionalInt.of(Integer.parseUnsignedInt(matcher.group(1), 16)) : OptionalInt.empty();
    }

    /**
     * {@return the image's bytes, uncompressed}
     *
     * @throws LivePatchException if it is no such image
     */
    byte[] bytes() {
        byte[] bytes = read();
        if (bytes.length < E_MACHINE + 2 || !isElf(bytes)) {
            throw new LivePatchException(file + ": not a hypervisor image: expected an ELF file, or one in gzip");
        }
        if (bytes[EI_CLASS] != ELFCLASS32 || bytes[E_MACHINE] != EM_386) {
            throw new LivePatchException(
                    "%s: not bootable: found an ELF of class %d for machine %d, expected the 32-bit x86 one that the build calls `xen`"
                            .formatted(file, bytes[EI_CLASS], bytes[E_MACHINE] & 0xff));
        }
        return bytes;
    }

    /** {@return whether a file begins as an ELF file does} */
    static boolean isElf(byte[] bytes) {
        return bytes.length > 4 && bytes[0] == 0x7f && bytes[1] == 'E' && bytes[2] == 'L' && bytes[3] == 'F';
    }

    private byte[] read() {
        try {
            byte[] bytes = PlainFile.read(file, MOST_BYTES);
            if (bytes.length > 2 && bytes[0] == 0x1f && bytes[1] == (byte) 0x8b) {
                try (InputStream unpacked = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
                    return unpacked.readNBytes(MOST_BYTES);
                }
            }
            return bytes;
        } catch (IOException e) {
            throw new LivePatchException(
                    "%s: cannot read this hypervisor image: %s".formatted(file, PlainFile.why(e)), e);
        }
    }
}
