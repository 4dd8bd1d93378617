package dev.suture.build.xen;

import dev.suture.build.Cause;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads which objects xen-syms is linked from and what each is made from.
 *
 * <p>{@code prelink.o} names one {@code built_in.o} (or {@code lib.a}) for each top directory, those name the objects of
 * their directory and the {@code built_in.o} of the directories below. So the objects are found in link order, and
 * with each the directory whose makefile builds it: {@code arch/x86/x86_64/mm.o} belongs to {@code arch/x86}. Host
 * tools, tests and the 32-bit boot code are not among them.
 *
 * <p>An object without a list of headers is made from other objects: {@code dmi_scan.init.o} is {@code dmi_scan.o} with
 * its sections renamed to {@code .init.*}, {@code libelf.o} several objects in one. It has the inputs of those. An input
 * that is a symbolic link, like {@code arch/x86/efi/runtime.c}, counts under its own name and under that of its target.
 */
final class ReadObjects {
    private final Path xenDirectory;
    private final Map<String, XenObject> objects = new LinkedHashMap<>();
    private final Map<String, String> linkTargets = new HashMap<>();
    private final Map<String, String> lines = new HashMap<>();

    private ReadObjects(Path xenDirectory) {
        this.xenDirectory = xenDirectory;
    }

    /** {@return the objects of a built tree by name, in link order} */
    static Map<String, XenObject> read(Path xenDirectory) {
        ReadObjects work = new ReadObjects(xenDirectory);
        try {
            work.addLinked("prelink.o");
        } catch (IOException e) {
            throw new XenTreeException("cannot read what make left in " + xenDirectory + ": " + Cause.of(e), e);
        }
        if (work.objects.isEmpty()) {
            throw new XenTreeException(
                    xenDirectory + " is not built: .prelink.o.cmd names no objects. Run make in it.");
        }
        return work.objects;
    }

    /**
     * {@return {@code objects} with those called {@code names} read again, after make has built them}
     *
     * @param objects the objects of the tree before
     */
    static Map<String, XenObject> readAgain(Path xenDirectory, Map<String, XenObject> objects, Set<String> names) {
        ReadObjects work = new ReadObjects(xenDirectory);
        work.objects.putAll(objects);
        try {
            for (String name : names) {
                work.objects.put(name, work.object(name, objects.get(name).owner()));
            }
        } catch (IOException e) {
            throw new XenTreeException("cannot read what make left in " + xenDirectory + ": " + Cause.of(e), e);
        }
        return work.objects;
    }

    private void addLinked(String linked) throws IOException {
        Optional<CommandFile> command = CommandFile.read(xenDirectory, linked, lines);
        if (command.isEmpty()) {
            return;
        }
        for (String object : command.get().objectsInCommand(linked)) {
            if (object.endsWith("/built_in.o") || object.endsWith("/lib.a")) {
                addLinked(object);
            } else {
                String owner = linked.substring(0, linked.lastIndexOf('/'));
                objects.put(object, object(object, owner));
            }
        }
    }

    private XenObject object(String name, String owner) throws IOException {
        Set<String> inputs = new LinkedHashSet<>();
        List<String> commands = new ArrayList<>();
        String source = addInputs(name, inputs, commands);
        return new XenObject(name, owner, source, inputs, String.join("\n", commands));
    }

    /** {@return where {@code input} leads if it is a symbolic link, relative to {@code xen/}; else an empty string} */
    private String linkTarget(String input) {
        Path file = xenDirectory.resolve(input);
        if (!Files.isSymbolicLink(file)) {
            return "";
        }
        try {
            return xenDirectory.toRealPath().relativize(file.toRealPath()).toString();
        } catch (IOException e) {
            throw new XenTreeException("cannot follow the link " + file + ": " + Cause.of(e), e);
        }
    }

    private String addInputs(String name, Set<String> inputs, List<String> commands) throws IOException {
        Optional<CommandFile> command = CommandFile.read(xenDirectory, name, lines);
        if (command.isEmpty()) {
            return "";
        }
        commands.add(command.get().command());
        for (String input : command.get().inputs()) {
            inputs.add(input);
            String target = linkTargets.computeIfAbsent(input, this::linkTarget);
            if (!target.isEmpty()) {
                inputs.add(target);
            }
        }
        String source = command.get().source();
        if (source.isEmpty()) {
            for (String part : command.get().objectsInCommand(name)) {
                String partSource = addInputs(part, inputs, commands);
                source = source.isEmpty() ? partSource : source;
            }
        }
        return source;
    }
}
