package dev.suture.build.make;

import dev.suture.LivePatchException;
import dev.suture.build.Cause;
import dev.suture.build.ChildProcess;
import dev.suture.build.PrivateTree;
import dev.suture.build.ScratchTree;
import dev.suture.build.SourceLinks;
import dev.suture.build.SourceText;
import dev.suture.build.Stages;
import dev.suture.build.watch.Observation;
import dev.suture.build.watch.Watch;
import dev.suture.cache.CacheEntry;
import dev.suture.cache.PruneCache;
import java.io.IOException;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * A copy of a source directory in which the build command has run, kept by the content of the source, the command and
 * the compilers. The user's own directory is only read.
 *
 * <p>Sources are patched in place in the copy, as a compiler must find them where the build had them, and put back when
 * the copy is closed. A list of what is patched is on disk before the first of them changes, so that the next run can
 * put them back if this one is killed. One run at a time holds the copy.
 */
final class BuiltCopy implements AutoCloseable {
    /** How large all copies together may be. */
    private static final long LARGEST_BYTES = 10L << 30;

    /** How many directories outside of the source a build may write to. */
    private static final int MOST_DIRECTORIES = 4;

    private final Path directory;
    private final Path source;
    private final Map<String, Optional<SourceText>> patched;
    private final CacheEntry lock;
    private final PrivateTree own;
    private final SourceLinks links;
    private boolean isOfBuiltSource;
    private Mounts mounts;
    /** What was there before the build ran. */
    private List<Path> before = List.of();

    private BuiltCopy(
            Path directory,
            Path source,
            Map<String, Optional<SourceText>> patched,
            CacheEntry lock,
            SourceLinks links,
            boolean isOfBuiltSource) {
        this.directory = directory;
        this.source = source;
        this.patched = patched;
        this.lock = lock;
        this.links = links;
        this.isOfBuiltSource = isOfBuiltSource;
        own = new PrivateTree(tree());
        mounts = Mounts.none(directory, "");
    }

    /**
     * Opens the copy, and makes it and builds in it if there is none.
     *
     * @throws BuildFailedException if the command fails
     * @throws LivePatchException if the copy cannot be made
     */
    static BuiltCopy open(Path cache, Path source, String command, Stages stages) {
        String now = Long.toString(Instant.now().getEpochSecond());
        return open(cache, source, command, Map.of(), now, Optional.empty(), stages);
    }

    /**
     * Opens a copy of the same source in which the build command ran with patched texts in the place of some files.
     *
     * @param contents by path; empty for a file that is not there
     */
    BuiltCopy openPatched(Path cache, String command, Map<String, Optional<SourceText>> contents, Stages stages) {
        return open(cache, source, command, contents, time(), Optional.of(mounts), stages);
    }

    private static BuiltCopy open(
            Path cache,
            Path source,
            String command,
            Map<String, Optional<SourceText>> patched,
            String time,
            Optional<Mounts> like,
            Stages stages) {
        try {
            Path real = source.toRealPath();
            stages.begin("read the source");
            SourceFiles.Found found = SourceFiles.of(real);
            List<Path> files = found.files();
            List<Path> linksOnly = files.stream()
                    .filter(file -> Files.isSymbolicLink(real.resolve(file)))
                    .toList();
            String key = SourceFiles.key(
                    real,
                    files,
                    SourceLinks.of(real, Path.of("/"), linksOnly, SourceFiles::isObject),
                    command,
                    patched);
            Path directory = Files.createDirectories(cache.toAbsolutePath().resolve("process"))
                    .toRealPath()
                    .resolve(ScratchTree.plainName(real) + "-" + key);
            SourceLinks links = SourceLinks.of(real, directory.resolve("tree"), linksOnly, SourceFiles::isObject);
            BuiltCopy copy = new BuiltCopy(directory, real, patched, lock(directory, stages), links, found.built());
            PruneCache.daily(directory.getParent(), LARGEST_BYTES);
            try {
                ChildProcess.end(directory.toString());
                if (copy.isComplete()) {
                    copy.restore();
                } else {
                    copy.make(files, command, time, like, stages);
                }
                copy.isOfBuiltSource |= WrittenOutside.isBuilt(copy.mounts, real);
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

    private static CacheEntry lock(Path directory, Stages stages) throws IOException {
        try {
            return CacheEntry.lock(
                    directory, () -> stages.waitFor("another build of this source" + Stages.holder(directory)));
        } catch (OverlappingFileLockException e) {
            throw new LivePatchException(
                    "another build of this source runs in the same program (" + directory + ")", e);
        }
    }

    private boolean isComplete() throws IOException {
        if (!Files.exists(completeFile())) {
            return false;
        }
        mounts = Mounts.read(mountsFile(), directory);
        Path own = directory.toRealPath();
        if (!mounts.places().values().stream().allMatch(real -> real.startsWith(own))) {
            // The cache was moved.
            return false;
        }
        return Files.readString(outsideFile()).equals(WrittenOutside.state(mounts, source));
    }

    private void make(List<Path> files, String command, String time, Optional<Mounts> like, Stages stages)
            throws IOException {
        Files.createDirectories(tree());
        mounts = Mounts.of(directory, source, tree());
        List<String> output = new ArrayList<>();
        if (mounts.any() && like.isPresent()) {
            mounts = like.get().in(tree(), directory);
        }
        Watch.Watched watched = build(files, command, time, output, stages);
        for (int i = 0; i < MOST_DIRECTORIES && mounts.any(); i++) {
            Optional<Mounts> more = moreMounts(watched);
            if (more.isEmpty()) {
                break;
            }
            Mounts previous = mounts;
            boolean succeeded = watched.status() == 0;
            mounts = more.get();
            watched = build(files, command, time, output, stages);
            if (succeeded && watched.status() != 0) {
                // What looked like a cache of objects was something that the build needs.
                mounts = previous;
                watched = build(files, command, time, output, stages);
                break;
            }
        }
        if (watched.status() != 0) {
            throw new BuildFailedException(
                    "`%s` failed in a copy of %s%s (exit status %d)"
                            .formatted(
                                    command,
                                    source,
                                    patched.isEmpty() ? "" : " with the patch applied",
                                    watched.status()),
                    output,
                    directory.resolve("build.log"),
                    (patched.isEmpty()
                                    ? "Give a command that builds the program from a clean source, with configuring it"
                                    : "Correct the patch: without it the command succeeds")
                            + (mounts.any() ? ". Outside of the copy it can write nothing but temporary files" : "")
                            + notThere());
        }
        CheckWritten.check(watched.observation(), tree().toRealPath(), before, patched.keySet())
                .write(observationFile());
        mounts.write(mountsFile());
        Files.writeString(outsideFile(), WrittenOutside.state(mounts, source));
        Files.createFile(completeFile());
    }

    private Optional<Mounts> moreMounts(Watch.Watched watched) throws IOException {
        Path tree = tree().toRealPath();
        if (watched.status() != 0) {
            return WrittenOutside.find(mounts, watched.observation(), tree);
        }
        Optional<Path> kept = KeptObjects.find(commands(), watched.observation(), mounts);
        return kept.isEmpty() ? Optional.empty() : WrittenOutside.with(mounts, List.of(kept.get()), tree);
    }

    private Watch.Watched build(List<Path> files, String command, String time, List<String> output, Stages stages)
            throws IOException {
        prepare(files, stages);
        output.clear();
        Watch.Watched watched = run(command, time, output, stages);
        if (watched.disturbed()) {
            // A program that traces others cannot while it is traced itself: once more, with nobody looking.
            prepare(files, stages);
            output.clear();
            watched = new Watch.Watched(runUnobserved(command, time, output), watched.observation(), false);
        }
        return watched;
    }

    private void prepare(List<Path> files, Stages stages) throws IOException {
        stages.begin(patched.isEmpty() ? "copy the source" : "copy the patched source");
        // Whoever is ended from here on leaves nothing that looks like a whole copy.
        Files.deleteIfExists(completeFile());
        Files.deleteIfExists(observationFile());
        for (String part : List.of("tree", "cached")) {
            ScratchTree.deleteDirectory(directory.resolve(part));
        }
        Files.createDirectories(tree());
        for (Path file : files) {
            if (!Files.isSymbolicLink(source.resolve(file))) {
                own.put(new SourceLinks.Copied(file, source.resolve(file), Optional.empty()));
            }
        }
        for (SourceLinks.Copied file : links.files()) {
            own.put(file);
        }
        for (Map.Entry<String, Optional<SourceText>> file : patched.entrySet()) {
            if (file.getValue().isPresent()) {
                write(file.getKey(), file.getValue().get());
            } else {
                delete(file.getKey());
            }
        }
        before = new ArrayList<>(files);
        before.addAll(WrittenOutside.copy(mounts, source, tree()));
    }

    private Watch.Watched run(String command, String time, List<String> output, Stages stages) throws IOException {
        stages.begin(patched.isEmpty() ? "build the program" : "build the patched program");
        Map<String, String> environment = environment(time);
        return Watch.run(
                List.of("sh", "-c", command),
                directory,
                List.of(tree(), source),
                mounts.all(),
                words -> run(words, environment, output),
                () -> ChildProcess.end(directory.toString()));
    }

    private int runUnobserved(String command, String time, List<String> output) throws IOException {
        return run(List.of("sh", "-c", command), environment(time), output);
    }

    private int run(List<String> words, Map<String, String> environment, List<String> output) {
        return mounts.run(true, words, tree(), environment, directory.resolve("build.log"), output::add);
    }

    private Map<String, String> environment(String time) throws IOException {
        Files.deleteIfExists(directory.resolve("build.log"));
        Map<String, String> environment = RecordingTools.write(directory.resolve("tools"), records());
        if (!patched.isEmpty()) {
            // Patched sources may include what Suture brings along.
            String others = System.getenv("CPATH");
            Path more = tree().resolve(MakeBuild.ADDED + "include");
            environment.put("CPATH", others == null || others.isEmpty() ? more.toString() : others + ":" + more);
        }
        if (mounts.any()) {
            // The machine's own cannot be written to.
            Path temporary = directory.resolve("tmp");
            ScratchTree.deleteDirectory(temporary);
            environment.put("TMPDIR", Files.createDirectories(temporary).toString());
        }
        environment.put("SOURCE_DATE_EPOCH", time);
        Files.writeString(directory.resolve("time"), time);
        return environment;
    }

    private Path mountsFile() {
        return directory.resolve("mounts");
    }

    private Path outsideFile() {
        return directory.resolve("outside");
    }

    /** {@return what the programs of the build see where} */
    Mounts mounts() {
        return mounts;
    }

    private Path completeFile() {
        return directory.resolve("complete");
    }

    private Path observationFile() {
        return directory.resolve("observation");
    }

    /** {@return what the programs of the build did} */
    Observation observation() {
        return Observation.read(observationFile());
    }

    private String notThere() {
        return links.leftOut().stream()
                .map(link -> ". The copy lacks %s, which %s".formatted(link.path(), link.why()))
                .collect(Collectors.joining());
    }

    /**
     * {@return whether a build has run in the user's own directory} Files that it generated are there then, up to date,
     * and what they are made from was not observed.
     */
    boolean isOfBuiltSource() {
        return isOfBuiltSource;
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

    /** {@return what compilers take for the present, in seconds since 1970: the time when the copy was built} */
    String time() {
        try {
            return Files.readString(directory.resolve("time"));
        } catch (IOException e) {
            throw new LivePatchException("cannot read %s: %s".formatted(directory.resolve("time"), Cause.of(e)), e);
        }
    }

    /** {@return where the records of the build's commands are} */
    Path records() {
        return directory.resolve("records");
    }

    /** {@return what the build's commands were, of compilers that could be recorded and of others} */
    ReadCommands commands() throws IOException {
        ReadCommands commands = ReadCommands.read(records(), mounts);
        for (Path database : CompileDatabase.find(tree())) {
            commands.addDatabase(database, tree().toRealPath(), mounts);
        }
        return commands;
    }

    /** {@return the programs and shared libraries in the copy} */
    List<Path> programs() throws IOException {
        return SourceFiles.programs(tree().toRealPath());
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
        links.require(path);
        own.write(path, text);
    }

    /** Deletes a source that the patches delete. */
    void delete(String path) throws IOException {
        own.delete(path);
    }

    /** Puts the unpatched sources back. */
    void restore() throws IOException {
        if (!Files.exists(patchedList())) {
            return;
        }
        for (String path : Files.readAllLines(patchedList())) {
            Path place = own.place(path);
            Files.deleteIfExists(place);
            if (Files.exists(source.resolve(path))) {
                Files.copy(source.resolve(path), place, StandardCopyOption.COPY_ATTRIBUTES);
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
