package dev.suture.linked;

import dev.suture.LivePatchException;
import dev.suture.build.Cause;
import dev.suture.build.ObjectPair;
import dev.suture.build.make.Links;
import dev.suture.elf.ElfFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The names that code of a program uses which the patches do not reach: in objects that the build compiles, and in those
 * that it only links, such as a vendor's archive. Where that cannot be told, all names are.
 */
public final class UsersElsewhere {
    private static final int ELF_MAGIC = 0x464c457f;

    private final Links.Made links;
    private final List<ObjectPair> pairs;
    private Optional<Set<String>> known = Optional.empty();
    private boolean anybody;

    public UsersElsewhere(Links.Made links, List<ObjectPair> pairs) {
        this.links = links;
        this.pairs = pairs;
    }

    /** {@return whether such code may use a name} */
    public boolean uses(String name) {
        if (known.isEmpty()) {
            Set<String> names = new HashSet<>();
            known = Optional.of(names);
            try {
                read(names);
            } catch (IOException e) {
                throw new LivePatchException("the objects of the program cannot be read: " + Cause.of(e), e);
            }
        }
        return anybody || known.get().contains(name);
    }

    private void read(Set<String> names) throws IOException {
        for (Path object : links.untouched()) {
            if (Files.isRegularFile(object)) {
                for (byte[] contents : contents(object)) {
                    add(object, contents, names);
                }
            } else {
                anybody = true;
            }
        }
        if (links.inputs().isEmpty()) {
            anybody = true;
            return;
        }
        List<byte[]> own = new ArrayList<>();
        for (ObjectPair pair : pairs) {
            if (pair.patched().isPresent()) {
                own.add(Files.readAllBytes(pair.patched().get()));
            }
        }
        for (Path input : links.inputs().get()) {
            if (input.startsWith(links.patched().getParent().getParent()) && !ArchiveMembers.isArchive(input)) {
                // Joined anew of parts that are read here one by one.
                continue;
            }
            for (byte[] object : contents(input)) {
                if (own.stream().noneMatch(one -> Arrays.equals(one, object))) {
                    add(input, object, names);
                }
            }
        }
    }

    private static List<byte[]> contents(Path input) throws IOException {
        return ArchiveMembers.isArchive(input) ? ArchiveMembers.of(input) : List.of(Files.readAllBytes(input));
    }

    /** What a library finds in the program it finds among what that exports. */
    private void add(Path input, byte[] contents, Set<String> names) {
        if (!isElf(contents)) {
            anybody |= !isText(contents);
            return;
        }
        ElfFile elf = ElfFile.read(input.getFileName().toString(), contents);
        if (elf.isRelocatable()) {
            add(elf, names);
            Optional<Set<String>> later = CompiledWhenLinked.names(elf);
            anybody |= later.isEmpty();
            later.ifPresent(names::addAll);
        }
    }

    /** A linker script names what the linker then says that it read; any other format is not known here. */
    private static boolean isText(byte[] bytes) {
        for (byte one : bytes) {
            if (one >= 0 && one < ' ' && one != '\n' && one != '\t' && one != '\r' && one != '\f') {
                return false;
            }
        }
        return true;
    }

    private static boolean isElf(byte[] bytes) {
        return bytes.length > 64
                && (bytes[0] & 0xff | (bytes[1] & 0xff) << 8 | (bytes[2] & 0xff) << 16 | (bytes[3] & 0xff) << 24)
                        == ELF_MAGIC;
    }

    private static void add(ElfFile object, Set<String> names) {
        object.symbols().stream()
                .filter(symbol -> !symbol.isLocal() && !symbol.name().isEmpty())
                .forEach(symbol -> names.add(Part.plain(symbol)));
    }
}
