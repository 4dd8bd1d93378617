package dev.suture.build.xen;

import dev.suture.LivePatchException;
import dev.suture.build.Cause;
import dev.suture.build.ChildProcess;
import dev.suture.build.ScratchTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Compiles objects from the user's sources as they are now, without a patch, by the commands that made the tree's objects.
 *
 * <p>Nothing that make knows takes part: a source that was edited after the build and got its old time back is compiled
 * like any other. The compiler reads in the user's tree and writes into the work directory.
 */
final class CompileUnpatched {
    /** How many objects are compiled before anybody knows whether they are needed. */
    private static final int LIKELY_NEEDED = 2;

    private final XenTree tree;
    private final ScratchTree scratch;
    private final Path workDirectory;
    private final Map<String, XenObject> objects;
    private final Map<String, CompletableFuture<Optional<Path>>> made = new ConcurrentHashMap<>();

    /** @param objects those of the tree, by name */
    CompileUnpatched(XenTree tree, ScratchTree scratch, Path workDirectory, Map<String, XenObject> objects) {
        this.tree = tree;
        this.scratch = scratch;
        this.workDirectory = workDirectory;
        this.objects = Map.copyOf(objects);
    }

    /** Begins with these objects beside whatever else is compiled, unless they are so many that few of them will be needed. */
    void begin(Collection<XenObject> likely) {
        if (likely.size() <= LIKELY_NEEDED) {
            likely.forEach(object -> start(object.name()));
        }
    }

    /**
     * {@return the object of that name; empty if the tree has no command for it, or the compiler fails}
     *
     * @param name such as {@code common/domain.o}
     */
    Optional<Path> object(String name) {
        try {
            return start(name).join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof LivePatchException known) {
                throw known;
            }
            throw e;
        }
    }

    private CompletableFuture<Optional<Path>> start(String name) {
        return made.computeIfAbsent(name, key -> CompletableFuture.supplyAsync(() -> compile(key)));
    }

    private Optional<Path> compile(String name) {
        XenObject object = objects.get(name);
        if (object == null || object.command().isEmpty() || object.source().isEmpty()) {
            return Optional.empty();
        }
        Path output = workDirectory.resolve("unpatched").resolve(name).toAbsolutePath();
        List<String> command = new ArrayList<>(RecordedWords.compilerAndOptions(object.command(), object.source()));
        command.addAll(List.of("-c", object.source(), "-o", output.toString()));
        try {
            Files.createDirectories(output.getParent());
        } catch (IOException e) {
            throw new LivePatchException("cannot write to %s: %s".formatted(workDirectory, Cause.of(e)), e);
        }
        int status = ChildProcess.run(
                command,
                tree.xenDirectory(),
                Map.of("LC_ALL", "C"),
                scratch.directory().toString(),
                Path.of(output + ".log"),
                _ -> {});
        if (status == 0 && Files.exists(output)) {
            return Optional.of(output);
        }
        // A tree without its generated headers: what the copy has of that object was compiled from the same source.
        return scratch.isKeptAside("xen/" + name) ? Optional.of(scratch.unpatched("xen/" + name)) : Optional.empty();
    }
}
