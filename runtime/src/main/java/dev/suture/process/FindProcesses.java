package dev.suture.process;

import dev.suture.LivePatchException;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.Supplier;

/** Finds running processes by what a user says of them. */
public final class FindProcesses {
    private static final int LONGEST_NAME = 15;
    private static final String NONE = "no process that may be looked at is that";

    private FindProcesses() {}

    /** A text that names no target, whatever runs. */
    public static final class NoTargetException extends LivePatchException {
        private static final long serialVersionUID = 1L;

        NoTargetException(String text, String why) {
            super("%s: %s".formatted(text, why));
        }
    }

    /**
     * The processes that a text names, by whose they are.
     *
     * @param meant perhaps none
     * @param others those of users who are not meant
     */
    public record Found(List<ProcessTarget> meant, List<ProcessTarget> others) {}

    /**
     * {@return the processes that a text names, whoever's they are, at least one}
     *
     * @param text {@code pid:N}; {@code exe:PATH}, the file that is run; {@code name:NAME}, what {@code ps} shows; or
     *     {@code maps:FILE}, a library that they have in memory
     * @throws NoTargetException if it is none of these
     * @throws LivePatchException if there is no such process
     */
    public static List<ProcessTarget> find(String text) {
        Question question = Question.of(text);
        if (question.kind().equals("pid")) {
            return List.of(byNumber(text, question.value()));
        }
        List<ProcessTarget> found = all(question.match());
        if (found.isEmpty()) {
            throw new ProcessException(text, NONE);
        }
        return found;
    }

    /**
     * {@return the processes that a text names, at least one} A number says itself whose is meant.
     *
     * @param text as in {@link #find(String)}
     * @param owners asked again, as is all else, when a process is open
     * @throws NoTargetException if it names none, whatever runs
     * @throws LivePatchException if there is no such process
     */
    public static Found find(String text, Owners owners) {
        Question question = Question.of(text);
        Found found = question.kind().equals("pid")
                ? new Found(List.of(byNumber(text, question.value())), List.of())
                : all(question.match(), owners);
        if (found.meant().isEmpty() && found.others().isEmpty()) {
            throw new ProcessException(text, NONE);
        }
        return found;
    }

    /**
     * {@return what finds, whenever it is asked, the processes that a text names then, perhaps none} A number stands for
     * the process that has it now.
     *
     * @param text as in {@link #find(String)}
     * @throws NoTargetException if it is none of these
     * @throws LivePatchException if it is the number of no process
     */
    public static Supplier<Found> whenever(String text, Owners owners) {
        Question question = Question.of(text);
        if (!question.kind().equals("pid")) {
            return () -> all(question.match(), owners);
        }
        int pid = byNumber(text, question.value()).pid();
        String started = started(pid);
        IntPredicate match = number -> started.equals(started(number));
        return () -> new Found(match.test(pid) ? List.of(new ProcessTarget(pid, text, match)) : List.of(), List.of());
    }

    private static String started(int pid) {
        try {
            return ProcStatus.read(pid).hasThreads() ? ReadIncarnation.started(pid) : "ended";
        } catch (IOException e) {
            return "ended";
        }
    }

    /** A text that names targets, taken apart. */
    private record Question(String kind, String value) {
        static Question of(String text) {
            int colon = text.indexOf(':');
            String kind = colon < 0 ? "" : text.substring(0, colon);
            String value = text.substring(colon + 1);
            if (!kind.matches("pid|exe|name|maps")) {
                throw new NoTargetException(text, "not a target; expected pid:N, exe:PATH, name:NAME or maps:FILE");
            }
            if (value.isEmpty() || value.indexOf(0) >= 0) {
                throw new NoTargetException(text, "not a target; nothing stands behind the colon");
            }
            return new Question(kind, value);
        }

        IntPredicate match() {
            return switch (kind) {
                case "exe" -> byFile(value);
                case "maps" -> byMapping(value);
                default -> byName(value);
            };
        }
    }

    private static ProcessTarget byNumber(String text, String value) {
        if (!value.matches("[1-9][0-9]{0,8}")) {
            throw new NoTargetException(text, "'%s' is not the number of a process".formatted(value));
        }
        int pid = Integer.parseInt(value);
        if (!Files.exists(Path.of("/proc/" + pid))) {
            throw new ProcessException(pid, "there is no such process");
        }
        return new ProcessTarget(pid, text);
    }

    private static List<ProcessTarget> all(IntPredicate match) {
        return numbers().stream()
                .filter(match::test)
                .map(pid -> new ProcessTarget(pid, "pid:" + pid, match))
                .toList();
    }

    private static Found all(IntPredicate match, Owners owners) {
        List<ProcessTarget> meant = new ArrayList<>();
        List<ProcessTarget> others = new ArrayList<>();
        for (ProcessTarget target : all(match)) {
            int pid = target.pid();
            Optional<Set<String>> strangers = owners.strangers(pid);
            if (strangers.isPresent() && strangers.get().isEmpty()) {
                meant.add(new ProcessTarget(pid, target.name(), number -> match.test(number) && owners.mean(number)));
            } else if (strangers.isPresent()) {
                others.add(target);
            }
        }
        return new Found(meant, others);
    }

    private static List<Integer> numbers() {
        List<Integer> all = new ArrayList<>();
        String[] names = new File("/proc").list();
        for (String name : names == null ? new String[0] : names) {
            if (name.matches("[1-9][0-9]*")) {
                all.add(Integer.parseInt(name));
            }
        }
        all.sort(null);
        return all;
    }

    private static Path real(String value) {
        Path wanted = Path.of(value).toAbsolutePath().normalize();
        try {
            return wanted.toRealPath();
        } catch (IOException e) {
            // Deleted, perhaps, while it still runs: then only its name is left to go by.
            return wanted;
        }
    }

    private static IntPredicate byFile(String value) {
        String wanted = real(value).toString();
        return pid -> {
            try {
                String file =
                        Files.readSymbolicLink(Path.of("/proc/" + pid + "/exe")).toString();
                return file.replaceFirst(" \\(deleted\\)$", "").equals(wanted);
            } catch (IOException e) {
                // A kernel thread, somebody else's, or gone by now.
                return false;
            }
        };
    }

    private static IntPredicate byName(String value) {
        String shortened = value.substring(0, Math.min(LONGEST_NAME, value.length()));
        return pid -> {
            try {
                // The kernel ends it with a line break; what else is in it, blanks too, is its own.
                String name = new String(Files.readAllBytes(Path.of("/proc/" + pid + "/comm")), StandardCharsets.UTF_8)
                        .replaceFirst("\n\\z", "");
                boolean isOther = pid != ProcessHandle.current().pid();
                // One that has ended and that its parent has not yet asked for still has its name.
                return name.equals(shortened) && isOther && ProcStatus.read(pid).hasThreads();
            } catch (IOException e) {
                // Gone by now.
                return false;
            }
        };
    }

    // As the kernel writes it: bytes, of which Java knows no names.
    private static IntPredicate byMapping(String value) {
        String wanted =
                new String(real(value).toString().getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        return pid -> {
            try {
                boolean isOther = pid != ProcessHandle.current().pid();
                return isOther
                        && Files.readString(Path.of("/proc/" + pid + "/maps"), StandardCharsets.ISO_8859_1)
                                .lines()
                                .map(Mapping::parse)
                                .anyMatch(mapping ->
                                        mapping.isFile() && mapping.path().equals(wanted));
            } catch (IOException e) {
                // Somebody else's, or gone by now.
                return false;
            }
        };
    }
}
