package dev.suture.build.make;

import dev.suture.build.watch.Observation;
import dev.suture.build.watch.Observation.Use;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Makes sure that all that a build made was made by programs that were seen: a server that compiles for others would have
 * read the sources unseen as well.
 */
final class CheckWritten {
    private CheckWritten() {}

    /**
     * {@return the observation, an unknown one if a file came from nowhere}
     *
     * @param tree where the build ran, a real path
     * @param files what was there before, relative to it
     * @param patched more that was there
     */
    static Observation check(Observation observation, Path tree, List<Path> files, Set<String> patched)
            throws IOException {
        if (observation.unknown().isPresent()) {
            return observation;
        }
        Set<String> known = new HashSet<>(patched);
        files.forEach(file -> known.add(file.toString()));
        Set<String> written = new HashSet<>();
        for (Use use : observation.uses()) {
            switch (use.kind()) {
                case READ, ASK, LOOK -> {}
                case WRITE -> written.add(use.path());
                case RENAME, LINK -> written.add(use.to());
            }
        }
        Optional<Path> unseen;
        try (Stream<Path> all = Files.walk(tree)) {
            unseen = all.filter(Files::isRegularFile)
                    .filter(file -> !known.contains(tree.relativize(file).toString()))
                    .filter(file -> !isWritten(file, tree, written))
                    .findFirst();
        }
        return unseen.map(file -> Observation.unknown(
                        "%s was made by a program that was not seen".formatted(tree.relativize(file))))
                .orElse(observation);
    }

    /** {@return whether it was written, or was below a directory that got another name} */
    private static boolean isWritten(Path file, Path tree, Set<String> written) {
        for (Path path = file; path.startsWith(tree) && !path.equals(tree); path = path.getParent()) {
            if (written.contains(path.toString())) {
                return true;
            }
        }
        return false;
    }
}
