package dev.suture.build.xen;

import dev.suture.LivePatchException;
import dev.suture.Progress;
import dev.suture.build.Cause;
import dev.suture.build.ChildProcess;
import dev.suture.build.ScratchTree;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Has the tree's own make build parts of the scratch copy.
 *
 * <p>{@code make a/b.o} in Xen reads the top makefile, then starts one more make for each object. A header change needs
 * hundreds of objects, and some, like {@code arch/x86/x86_64/mm.o} or {@code guest_2.o}, have no such target at all. So
 * make reads a few lines of ours around the tree's Makefile:
 * <pre>
 *   include Makefile
 *   suture-1:
 *           $(Q)$(MAKE) $(build)=arch/x86 arch/x86/mm.o arch/x86/x86_64/mm.o
 * </pre>
 * which start one make for each directory with the flags, rules and recorded command lines of the tree, and no link.
 * The steps before the objects (generated headers) are taken from the rule of {@code $(TARGET)} in that Makefile,
 * without the one for {@code compile.h}, which would put today's date into the version.
 */
final class XenMake {
    private static final String RULE_START = "$(TARGET): ";
    static final Map<String, String> ENVIRONMENT = environment();

    private final XenTree tree;
    private final ScratchTree scratch;
    private final Path log;
    private final int jobs;
    private final Progress progress;

    XenMake(XenTree tree, ScratchTree scratch, Path log, int jobs, Progress progress) {
        this.tree = tree;
        this.scratch = scratch;
        this.log = log;
        this.jobs = jobs;
        this.progress = progress;
    }

    /** What a make around this program, or the user's shell, must not tell the make that is started. */
    private static Map<String, String> environment() {
        Map<String, String> environment = new HashMap<>();
        for (String name : List.of("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "GNUMAKEFLAGS", "O", "KBUILD_OUTPUT", "V")) {
            environment.put(name, "");
        }
        environment.put("LC_ALL", "C");
        return environment;
    }

    /** Builds objects; those that are up to date are left alone. */
    void objects(Collection<XenObject> objects) {
        Map<String, List<String>> byOwner = new TreeMap<>();
        for (XenObject object : objects) {
            byOwner.computeIfAbsent(object.owner(), owner -> new ArrayList<>()).add(object.name());
        }
        StringBuilder rules = new StringBuilder();
        List<String> targets = new ArrayList<>();
        byOwner.forEach((owner, names) -> {
            String target = "suture-" + (targets.size() + 1);
            targets.add(target);
            rules.append("%s:\n\t$(Q)$(MAKE) $(build)=%s %s\n".formatted(target, owner, String.join(" ", names)));
        });
        make(rules.toString(), targets, objects.size());
    }

    /** Builds the headers that are generated from sources. */
    void generatedHeaders() {
        List<String> steps = stepsOfTheTree();
        make("suture-headers:\n" + String.join("", steps.subList(0, steps.size() - 1)), List.of("suture-headers"), 0);
    }

    /** Builds whatever make finds to be out of date, up to the objects of each directory, without the final link. */
    void everythingUnlinked() {
        List<String> steps = stepsOfTheTree();
        String last = steps.getLast().replace("$@", "$(sort $(ALL_OBJS-y) $(ALL_LIBS-y))");
        make("suture-all:\n" + String.join("", steps.subList(0, steps.size() - 1)) + last, List.of("suture-all"), 0);
    }

    /** {@return the recipe of {@code $(TARGET)} in the tree's Makefile; the last step is the one that links} */
    private List<String> stepsOfTheTree() {
        Path makefile = scratch.root().resolve("xen/Makefile");
        List<String> steps = new ArrayList<>();
        try {
            boolean inRule = false;
            for (String line : Files.readAllLines(makefile, StandardCharsets.ISO_8859_1)) {
                if (inRule && line.startsWith("\t")) {
                    if (!line.contains("compile.h")) {
                        steps.add(line + "\n");
                    }
                } else {
                    inRule = line.startsWith(RULE_START) && line.contains("FORCE");
                }
            }
        } catch (IOException e) {
            throw new LivePatchException("cannot read " + makefile + ": " + Cause.of(e), e);
        }
        if (steps.size() < 2 || !steps.getLast().contains("ALL_OBJS")) {
            throw new XenTreeException(makefile + ": a rule \"$(TARGET): ... FORCE\" whose last step passes ALL_OBJS is"
                    + " expected. This version of Xen is built in a way that is not known.");
        }
        return steps;
    }

    private void make(String rules, List<String> targets, int objects) {
        Path makefile = scratch.directory().resolve("objects.mk");
        List<String> command = new ArrayList<>(List.of("make", "-j" + jobs, "-f", makefile.toString()));
        command.add("CC=" + tree.makefileCompiler());
        tree.crossPrefix().ifPresent(prefix -> command.add("CROSS_COMPILE=" + prefix));
        if (tree.config().containsKey("CONFIG_ARM_64")) {
            command.add("XEN_TARGET_ARCH=arm64");
        }
        command.addAll(targets);
        List<String> output = new ArrayList<>();
        int[] compiled = {0};
        int status;
        try {
            String text = "include Makefile\n.PHONY: " + String.join(" ", targets) + "\n" + rules;
            Files.writeString(makefile, text, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new LivePatchException("cannot write " + makefile + ": " + Cause.of(e), e);
        }
        status = ChildProcess.run(
                command,
                scratch.root().resolve("xen"),
                ENVIRONMENT,
                scratch.directory().toString(),
                log,
                line -> {
                    output.add(line);
                    if (line.startsWith("  CC ")) {
                        compiled[0]++;
                        progress.advance(compiled[0], objects);
                    }
                });
        if (status != 0) {
            throw new CompileException(output, log);
        }
    }
}
