package dev.suture.process;

import dev.suture.LivePatchException;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Whose processes are meant where they are found by what they are. Any user can give a process a name, run a program and
 * map a library; so the processes of other users than the caller are meant only if these users are named, or all are.
 *
 * <p>A process has several users at a time if it changed its own: a daemon that may become its first one again, a program
 * with the set-user-ID bit that somebody started. It then is of all of these but the caller, and each has to be meant.
 */
public final class Owners {
    /** Of whoever calls. */
    public static final Owners CALLER = new Owners(Optional.of(List.of()));

    /** Of everybody. */
    public static final Owners ANYBODY = new Owners(Optional.empty());

    /** A name or number that no user has. */
    public static final class NoUserException extends LivePatchException {
        private static final long serialVersionUID = 1L;

        NoUserException(String name) {
            super("%s: there is no such user".formatted(name));
        }

        NoUserException(String name, UserPrincipal other) {
            super("%s: that is the name of a user who has another number (%s)".formatted(name, other));
        }
    }

    /** The users; none of them for the caller alone, empty for everybody. */
    private final Optional<List<UserPrincipal>> users;

    private Owners(Optional<List<UserPrincipal>> users) {
        this.users = users;
    }

    /**
     * {@return exactly the users of these names or numbers}
     *
     * @param names at least one
     * @throws NoUserException if there is no user of one of the names
     */
    public static Owners of(List<String> names) {
        return new Owners(Optional.of(names.stream().map(Owners::named).toList()));
    }

    // Digits may be a name, too; who gives them may mean the one user or the other.
    private static UserPrincipal named(String nameOrNumber) {
        UserPrincipal user = user(nameOrNumber).orElseThrow(() -> new NoUserException(nameOrNumber));
        if (nameOrNumber.matches("\\d+") && !numbered(nameOrNumber).equals(Optional.of(user))) {
            throw new NoUserException(nameOrNumber, user);
        }
        return user;
    }

    // No user has a name with a sign before it.
    private static Optional<UserPrincipal> numbered(String number) {
        return user("+" + number);
    }

    // The name service knows numbers, too, and takes two users of one number for the same.
    private static Optional<UserPrincipal> user(String nameOrNumber) {
        try {
            return Optional.of(
                    FileSystems.getDefault().getUserPrincipalLookupService().lookupPrincipalByName(nameOrNumber));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** {@return whether a process that is there is of nobody else} */
    boolean mean(int pid) {
        return users.isEmpty() || strangers(pid).map(Set::isEmpty).orElse(false);
    }

    /** {@return the users of a process that are not meant, by name or number; empty if it is gone} */
    public Optional<Set<String>> strangers(int pid) {
        try {
            if (users.isEmpty()) {
                return Optional.of(Set.of());
            }
            String caller = callerNumber();
            Set<String> numbers = numbers(pid);
            Set<String> others = numbers.stream()
                    .filter(it -> !it.equals(caller))
                    .collect(Collectors.toCollection(LinkedHashSet::new));
            boolean isOfCallerAlone = others.isEmpty();
            if (users.get().isEmpty() || !isOfCallerAlone) {
                return Optional.of(others.stream()
                        .filter(number -> !isNamed(number))
                        .map(number -> name(pid, number))
                        .collect(Collectors.toCollection(LinkedHashSet::new)));
            }
            return Optional.of(isNamed(caller) ? Set.of() : Set.of(name(pid, caller)));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private boolean isNamed(String number) {
        return numbered(number).map(users.orElseThrow()::contains).orElse(false);
    }

    /** {@return the user who calls, by name or number} */
    public static String caller() {
        try {
            return name((int) ProcessHandle.current().pid(), callerNumber());
        } catch (IOException e) {
            return "somebody";
        }
    }

    private static String callerNumber() throws IOException {
        String[] own =
                ProcStatus.read((int) ProcessHandle.current().pid()).text("Uid").split("\\s+");
        if (own.length != 4) {
            throw new IOException("who calls is not known");
        }
        return own[1];
    }

    /** Real, effective, saved, and for files. */
    private static Set<String> numbers(int pid) throws IOException {
        String text = ProcStatus.read(pid).text("Uid");
        if (!text.matches("\\d+(\\s+\\d+){3}")) {
            throw new IOException("nothing is known of process " + pid);
        }
        return Stream.of(text.split("\\s+")).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    // There is no asking for the name of a number; but files have owners with names, and processes are files.
    private static String name(int pid, String number) {
        try {
            Path process = Path.of("/proc/" + pid);
            boolean isIts = Integer.toUnsignedString((int) Files.getAttribute(process, "unix:uid"))
                    .equals(number);
            return isIts ? Files.getOwner(process).getName() : number;
        } catch (IOException e) {
            return number;
        }
    }
}
