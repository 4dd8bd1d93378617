package dev.suture.build.make;

import dev.suture.LivePatchException;
import dev.suture.build.Cause;
import dev.suture.build.ChildProcess;
import dev.suture.build.ScratchTree;
import dev.suture.build.SourceText;
import dev.suture.build.Stages;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * A copy of a source directory in which the build command has run, kept by the content of the source, the command and
 * the compilers. The user's own directory is only read.
 *
 * <p>Sources are patched in place in the copy, as a compiler must find them where the build had them, and put back when
 * the copy is closed. A list of what is patched is on disk before the first of them changes, so that the next run can
 * put them back if this one is killed. One run at a time holds the copy.
 */
final class BuiltCopy implements AutoCloseable {
    private final Path directory;
    private final Path source;
    private final FileChannel lock;

    private BuiltCopy(Path directory, Path source, FileChannel lock) {
        this.directory = directory;
        this.source = source;
        this.lock = lock;
    }

    /**
     * Opens the copy, and makes it and builds in it if there is none.
     *
     * @throws BuildFailedException if the command fails
     * @throws LivePatchException if the copy cannot be made
     */
    static BuiltCopy open(Path cache, Path source, String command, Stages stages) {
        try {
            Path real = source.toRealPath();
            stages.begin("read the source");
            List<Path> files = SourceFiles.of(real);
            String key = SourceFiles.key(real, files, command);
            Path directory = cache.resolve("process").resolve(real.getFileName() + "-" + key);
            Files.createDirectories(directory);
            BuiltCopy copy = new BuiltCopy(directory, real, lock(directory, stages));
            try {
                ChildProcess.end(directory.toString());
                if (Files.exists(directory.resolve("complete"))) {
                    copy.restore();
                } else {
                    copy.make(files, command, stages);
                }
                return copy;
            } catch (IOException | RuntimeException e) {
                copy.unlock();
                throw e;
            }
        } catch (IOException e) {
            throw new LivePatchException(
                    "cannot copy %s to the cache %s: %s. The cache can be moved with SUTURE_CACHE."
                            .formatted(source, cache, Cause.of(e)),
                    e);
        }
    }

    private static FileChannel lock(Path directory, Stages stages) throws IOException {
        FileChannel channel =
                FileChannel.open(directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() == null) {
                stages.begin("wait for another build of this source");
                channel.lock();
            }
            return channel;
        } catch (OverlappingFileLockException e) {
            channel.close();
            throw new LivePatchException(
                    "another build of this source runs in the same program (" + directory + ")", e);
        }
    }

    private void make(List<Path> files, String command, Stages stages) throws IOException {
        stages.begin("copy the source");
        for (String part : List.of("tree", "cached")) {
            ScratchTree.deleteDirectory(directory.resolve(part));
        }
        Files.createDirectories(tree());
        for (Path file : files) {
            copy(source.resolve(file), tree().resolve(file));
        }
        stages.begin("build the program");
        Path log = directory.resolve("build.log");
        Files.deleteIfExists(log);
        Map<String, String> environment = RecordingTools.write(directory.resolve("tools"), records());
        List<String> output = new ArrayList<>();
        int status = ChildProcess.run(
                List.of("sh", "-c", command), tree(), environment, directory.toString(), log, output::add);
        if (status != 0) {
            throw new BuildFailedException(
                    "`%s` failed in a copy of %s (exit status %d)".formatted(command, source, status),
                    output,
                    log,
                    "Give a command that builds the program from a clean source, with configuring it");
        }
        Files.createFile(directory.resolve("complete"));
    }

    private void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to.getParent());
        if (Files.isSymbolicLink(from)) {
            Path target = Files.readSymbolicLink(from);
            // A link with a whole path into the source must not lead the build out of the copy.
            boolean inside = target.isAbsolute() && target.startsWith(source);
            Files.createSymbolicLink(to, inside ? tree().resolve(source.relativize(target)) : target);
        } else {
            Files.copy(from, to, StandardCopyOption.COPY_ATTRIBUTES, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** {@return the copy's root} */
    Path tree() {
        return directory.resolve("tree");
    }

    /** {@return the user's own directory} */
    Path source() {
        return source;
    }

    /** {@return the directory around the copy, which is also what its processes are marked with} */
    Path directory() {
        return directory;
    }

    /** {@return where the records of the build's commands are} */
    Path records() {
        return directory.resolve("records");
    }

    /** {@return a directory for what can be worked out once for this state of the source} */
    Path cached() throws IOException {
        return Files.createDirectories(directory.resolve("cached"));
    }

    /** Notes which sources are going to be patched; must come before {@link #write}. */
    void notePatched(Collection<String> paths) throws IOException {
        Files.write(patchedList(), new TreeSet<>(paths));
    }

    /** Puts a patched text in the place of a source. */
    void write(String path, SourceText text) throws IOException {
        Path file = tree().resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text.text(), StandardCharsets.ISO_8859_1);
    }

    /** Deletes a source that the patches delete. */
    void delete(String path) throws IOException {
        Files.deleteIfExists(tree().resolve(path));
    }

    /** Puts the unpatched sources back. */
    void restore() throws IOException {
        if (!Files.exists(patchedList())) {
            return;
        }
        for (String path : Files.readAllLines(patchedList())) {
            Files.deleteIfExists(tree().resolve(path));
            if (Files.exists(source.resolve(path))) {
                copy(source.resolve(path), tree().resolve(path));
            }
        }
        Files.delete(patchedList());
    }

    private Path patchedList() {
        return directory.resolve("patched.list");
    }

    private void unlock() {
        try {
            lock.close();
        } catch (IOException e) {
            throw new LivePatchException("cannot release " + directory.resolve("lock") + ": " + Cause.of(e), e);
        }
    }

    /** Puts the sources back and lets another run use the copy. */
    @Override
    public void close() {
        try {
            restore();
        } catch (IOException e) {
            throw new LivePatchException("cannot put back the sources in " + tree() + ": " + Cause.of(e), e);
        } finally {
            unlock();
        }
    }
}
