package dev.suture.build.make;

import dev.suture.LivePatchException;
import dev.suture.build.Cause;
import dev.suture.build.ChildProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Where the programs of a build see the directories of its copy: at their own place, and in the place of the source.
 *
 * <p>A build may name its source by a whole path ({@code cmake -S /home/me/app}, a makefile that was configured there).
 * So its programs run in a mount namespace of their own, in which the copy is mounted over the source: whatever path they
 * take, they find the copy. While the build command runs, all else is read-only there, so that nothing but the copy is
 * ever written.
 *
 * <p>A path is <em>seen</em>, as the programs of the build have it, or <em>real</em>, as this program has it.
 *
 * @param directory of the copy and all that belongs to it, a real path
 * @param places the real directories by the paths at which they are mounted; empty if nothing can be mounted
 * @param namespace the words that start a program in a namespace where it may mount
 * @param unavailable why nothing can be mounted; empty if it can
 * @see "mount_namespaces(7), user_namespaces(7), unshare(1)"
 */
record Mounts(Path directory, Map<Path, Path> places, List<String> namespace, String unavailable) {
    /**
     * Mounts, and becomes the command. What cannot be made read-only must be out of reach for the programs of the build as
     * well, such as another user's FUSE, or what lies below a later mount. Arguments: the user or -, whether to seal, the directory of the copy, where to run,
     * pairs of a place and what is mounted there, relative to the directory of the copy, which may be hidden meanwhile.
     */
    static final String ENTER = """
            user=$1; seal=$2; directory=$4; kept="|"
            fail() { echo "suture: cannot mount $1" >&2; exit 125; }
            cd "$3" || fail "$3"
            shift 4
            while [ "$1" != -- ]; do
                mount -n -c --bind "$2" "$1" || fail "$1"
                kept="$kept$1|"
                shift 2
            done
            shift
            if [ "$seal" = true ]; then
                all=$(cat /proc/self/mountinfo)
                while read -r _ _ _ _ at options _; do
                    at=$(printf %b. "$at"); at=${at%.}
                    case $kept in *"|$at|"*) continue ;; esac
                    case $at in /dev | /dev/* | /proc | /proc/* | /sys | /sys/*) continue ;; esac
                    case ,$options, in *,ro,*) continue ;; esac
                    said=$(mount -n -c -o "remount,bind,$options,ro" "$at" 2>&1) || ! stat -L -- "$at" >/dev/null 2>&1 ||
                        { echo "$said" >&2; fail "$at"; }
                done <<ALL
            $all
            ALL
            fi
            cd "$directory" || fail "$directory"
            [ "$user" = - ] || exec unshare --user --map-user="${user%:*}" --map-group="${user#*:}" -- "$@"
            exec "$@"
            """;

    private static final List<String> AS_ROOT = List.of("unshare", "--mount", "--", "sh", "-c", ENTER, "sh", "-");

    Mounts {
        Map<Path, Path> sorted = new LinkedHashMap<>();
        // What is mounted later is within or beside what was mounted before.
        places.entrySet().stream()
                .sorted(Map.Entry.comparingByKey(Comparator.comparingInt(Path::getNameCount)))
                .forEach(entry -> sorted.put(entry.getKey(), entry.getValue()));
        places = sorted;
    }

    /** {@return that nothing is mounted} */
    static Mounts none(Path directory, String why) {
        return new Mounts(directory, Map.of(), List.of(), why);
    }

    /**
     * {@return the copy in the place of the source, if this machine lets that be done}
     *
     * @param directory of the copy, which is there
     * @param source a real path
     * @param tree the copy, which is there
     */
    static Mounts of(Path directory, Path source, Path tree) throws IOException {
        Path own = directory.toRealPath();
        if (own.startsWith(source) || Stream.of(source, own).anyMatch(path -> hasControl(path.toString()))) {
            return none(own, "%s is in it".formatted(own));
        }
        Optional<String> hidden = Optional.ofNullable(System.getenv("PATH")).flatMap(path -> programsIn(source, path));
        if (hidden.isPresent()) {
            return none(own, hidden.get());
        }
        String why = "";
        Map<Path, Path> places = Map.of(source, tree.toRealPath());
        for (List<String> namespace : List.of(AS_ROOT, asUser())) {
            Mounts mounts = new Mounts(own, places, namespace, "");
            List<String> said = new ArrayList<>();
            try {
                int status =
                        mounts.run(true, List.of("true"), own, Map.of(), directory.resolve("mount.log"), said::add);
                if (status == 0) {
                    return mounts;
                }
                why = said.isEmpty() ? "unshare ended with " + status : said.getFirst();
            } catch (LivePatchException e) {
                why = e.getMessage();
            }
        }
        return none(own, "this machine does not let a directory be mounted over it (%s)".formatted(why));
    }

    /** {@return why programs may be looked for in the source, in words} An empty element is the current directory. */
    static Optional<String> programsIn(Path source, String path) {
        for (String programs : path.split(":", -1)) {
            if (!programs.startsWith("/")) {
                return Optional.of("programs are looked for in `%s` of wherever one runs, and so in it (PATH)"
                        .formatted(programs.isEmpty() ? "." : programs));
            }
            if (Path.of(programs).normalize().startsWith(source)) {
                return Optional.of("it has %s, where programs are looked for (PATH)".formatted(programs));
            }
        }
        return Optional.empty();
    }

    private static boolean hasControl(String path) {
        return path.chars().anyMatch(c -> c < ' ' || c == '|');
    }

    /** Who may not mount may in a user namespace, where the machine has these; the build is to find its own user again. */
    private static List<String> asUser() throws IOException {
        Path self = Path.of("/proc/self");
        String user = "%s:%s".formatted(Files.getAttribute(self, "unix:uid"), Files.getAttribute(self, "unix:gid"));
        return List.of("unshare", "--user", "--map-root-user", "--mount", "--", "sh", "-c", ENTER, "sh", user);
    }

    /** {@return the same with one more directory} */
    Mounts with(Path at, Path real) {
        Map<Path, Path> more = new LinkedHashMap<>(places);
        more.put(at, real);
        return new Mounts(directory, more, namespace, unavailable);
    }

    /** {@return the same for another copy of the source} */
    Mounts in(Path tree, Path of) throws IOException {
        Path root = tree.toRealPath();
        Path here = directory.resolve("tree");
        Map<Path, Path> others = new LinkedHashMap<>();
        places.forEach((place, real) -> others.put(place, root.resolve(here.relativize(real))));
        return new Mounts(of.toRealPath(), others, namespace, unavailable);
    }

    /**
     * {@return what is mounted, with the directory of all copies itself} Mounted over itself it can be kept when all else
     * is sealed, and stays where something hides its place.
     */
    Map<Path, Path> all() {
        return any() ? with(directory.getParent(), directory.getParent()).places() : Map.of();
    }

    boolean any() {
        return !places.isEmpty();
    }

    /**
     * {@return the real path of a seen one, which is absolute} Outside of what is mounted both are the same, and so are links
     * there, which may lead to what is.
     */
    Path real(Path seen) {
        Path path = place(seen).isPresent() ? seen : behindLinks(seen);
        return place(path)
                .map(place -> all().get(place).resolve(place.relativize(path)).normalize())
                .orElse(seen);
    }

    /** {@return where the innermost mount is that a path is in} */
    private Optional<Path> place(Path seen) {
        return all().keySet().stream().filter(seen::startsWith).max(Comparator.comparingInt(Path::getNameCount));
    }

    private Path behindLinks(Path seen) {
        for (int i = 1; any() && i <= seen.getNameCount(); i++) {
            Path start = Path.of("/").resolve(seen.subpath(0, i));
            if (Files.isSymbolicLink(start)) {
                try {
                    Path target = start.toRealPath();
                    if (place(target).isPresent()) {
                        return target.resolve(start.relativize(seen));
                    }
                } catch (IOException e) {
                    // It leads nowhere.
                    return seen;
                }
            }
        }
        return seen;
    }

    /**
     * Runs a command of the build to its end.
     *
     * @param seal whether it can write nothing but the copy
     * @param at where it runs, a seen path
     * @return its exit status
     */
    int run(
            boolean seal,
            List<String> command,
            Path at,
            Map<String, String> environment,
            Path log,
            Consumer<String> listener) {
        String mark = directory.toString();
        if (!any()) {
            return ChildProcess.run(command, at, environment, mark, log, listener);
        }
        List<String> words = new ArrayList<>(namespace);
        // What runs later writes to the directory of another copy as well.
        Path own = seal ? directory : directory.getParent();
        words.addAll(List.of(Boolean.toString(seal), own.toString(), at.toString()));
        with(own, own).places().forEach((place, real) -> {
            words.add(place.toString());
            words.add("./" + own.relativize(real));
        });
        words.add("--");
        words.addAll(command);
        return ChildProcess.run(words, directory, environment, mark, log, listener);
    }

    /** Writes what {@link #read} reads. */
    void write(Path file) throws IOException {
        List<String> words = new ArrayList<>(List.of(namespace.isEmpty() ? "" : namespace.getLast(), unavailable));
        places.forEach((place, real) -> words.addAll(List.of(place.toString(), real.toString())));
        Files.writeString(file, String.join("\0", words));
    }

    /** {@return what was mounted when the copy was built} */
    static Mounts read(Path file, Path directory) {
        try {
            String[] words = Files.readString(file).split("\0", -1);
            Map<Path, Path> places = new LinkedHashMap<>();
            for (int i = 2; i + 1 < words.length; i += 2) {
                places.put(Path.of(words[i]), Path.of(words[i + 1]));
            }
            List<String> namespace = words[0].equals("-") ? AS_ROOT : asUser();
            return new Mounts(directory.toRealPath(), places, namespace, words[1]);
        } catch (IOException e) {
            throw new LivePatchException("cannot read %s: %s".formatted(file, Cause.of(e)), e);
        }
    }
}
