package dev.suture.build.make;

import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Compares what is linked in two copies of a source: all that is part of the running program. */
final class ComparePrograms {
    /** A digest of the rest. */
    private static final String BUILD_ID = ".note.gnu.build-id";

    private ComparePrograms() {}

    /**
     * {@return the first section that differs; empty if the programs are the same}
     *
     * @param oneTree where one was built; the paths of the trees are as long as each other and count as the same
     */
    static Optional<String> difference(Path one, Path oneTree, Path other, Path otherTree) {
        List<Section> before = compared(one);
        List<Section> after = compared(other);
        for (int i = 0; i < Math.max(before.size(), after.size()); i++) {
            if (i >= before.size() || i >= after.size()) {
                return Optional.of((i < before.size() ? before : after).get(i).name());
            }
            Section was = before.get(i);
            Section is = after.get(i);
            boolean same = was.name().equals(is.name())
                    && was.type() == is.type()
                    && was.flags() == is.flags()
                    && was.address() == is.address()
                    && was.sizeBytes() == is.sizeBytes()
                    && (was.contents().mismatch(is.contents()) < 0
                            || Arrays.equals(without(was.bytes(), oneTree), without(is.bytes(), otherTree)));
            if (!same) {
                return Optional.of(was.name());
            }
        }
        return Optional.empty();
    }

    private static List<Section> compared(Path file) {
        return ElfFile.read(file).sections().stream()
                .filter(section -> section.isAllocated() && !section.name().equals(BUILD_ID))
                .toList();
    }

    private static byte[] without(byte[] bytes, Path tree) {
        byte[] wanted = tree.toString().getBytes(StandardCharsets.UTF_8);
        for (int at = 0; at + wanted.length <= bytes.length; at++) {
            if (bytes[at] == wanted[0] && Arrays.equals(bytes, at, at + wanted.length, wanted, 0, wanted.length)) {
                Arrays.fill(bytes, at, at + wanted.length, (byte) 0);
            }
        }
        return bytes;
    }
}
