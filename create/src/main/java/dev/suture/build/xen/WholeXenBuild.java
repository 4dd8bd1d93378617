package dev.suture.build.xen;

import dev.suture.LivePatchException;
import dev.suture.build.Cause;
import dev.suture.build.ChangedSource;
import dev.suture.build.ChildProcess;
import dev.suture.build.PayloadCode;
import dev.suture.build.ScratchTree;
import dev.suture.build.SourceText;
import dev.suture.build.Stages;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Builds the whole patched hypervisor, the link included, as somebody would who means to boot it.
 *
 * <p>A scratch copy of the tree without anything that was built gets the patches, just as they are, and then the tree's
 * own {@code make}. Code of payloads that no file of the tree is changed for ({@link PayloadCode}) becomes a part of it.
 * Only what Xen says of its own making (the date, the host) is given as it was for the tree, so that it does not count as
 * a change. A caller who trusts make to know what is out of date gets only that compiled, and nothing linked.
 */
public final class WholeXenBuild implements AutoCloseable {
    private static final String XEN = "xen/";
    private static final Pattern BUILT = Pattern.compile(".*\\.(o|a|i|gz|efi)|\\..*\\.(cmd|d)");
    private static final Pattern DEFINE = Pattern.compile("#define (XEN_[A-Z_]+)\\s+\"(.*)\"\\s*");
    /** What {@code xen/Makefile} lets its caller say, by the name under which compile.h has it. */
    private static final Map<String, String> VARIABLES = Map.of(
            "XEN_COMPILE_DATE", "XEN_BUILD_DATE",
            "XEN_COMPILE_TIME", "XEN_BUILD_TIME",
            "XEN_COMPILE_BY", "XEN_WHOAMI",
            "XEN_COMPILE_DOMAIN", "XEN_DOMAIN",
            "XEN_COMPILE_HOST", "XEN_BUILD_HOST");

    private final XenBuildRequest request;
    private final ScratchTree scratch;
    private final Path log;
    private final Map<String, String> stampsOfTree;
    private List<ChangedSource> sources = List.of();
    private Map<String, XenObject> objects = Map.of();

    private WholeXenBuild(XenBuildRequest request, ScratchTree scratch) throws IOException {
        this.request = request;
        this.scratch = scratch;
        log = scratch.directory().resolve("make.log");
        Files.deleteIfExists(log);
        stampsOfTree = defines(request.tree().xenDirectory());
    }

    /**
     * Builds. The result holds a lock on its scratch copy until it is closed.
     *
     * @param request its work directory and {@code keep} are not used
     * @param fromNothing whether nothing that was built is taken from the tree; else make decides what to build again
     * @param stages hears what takes how long
     * @throws LivePatchException if the patches do not apply or compile, or the disk is full
     */
    public static WholeXenBuild run(XenBuildRequest request, boolean fromNothing, Stages stages) {
        stages.begin("apply patches");
        PayloadCode.Completed completed = XenBuild.apply(request.tree(), request.allPatches());
        stages.begin("copy sources");
        XenTree tree = request.tree();
        ScratchTree scratch = ScratchTree.open(
                request.cache().resolve(fromNothing ? "certify" : "certify-again"),
                tree.root(),
                path -> tree.isNeededToBuild(path)
                        && !(fromNothing
                                && BUILT.matcher(path.getFileName().toString()).matches()),
                stages.progress());
        try {
            WholeXenBuild build = new WholeXenBuild(request, scratch);
            build.write(completed.patches().sources());
            build.addToMakefile(completed.sources());
            stages.begin("build the patched program");
            build.make(fromNothing, stages);
            build.objects = ReadObjects.read(scratch.root().resolve("xen"));
            return build;
        } catch (IOException e) {
            scratch.close();
            throw new LivePatchException(
                    "the build of %s stopped: %s".formatted(request.tree().root(), Cause.of(e)), e);
        } catch (RuntimeException e) {
            scratch.close();
            throw e;
        }
    }

    private void write(List<ChangedSource> changed) throws IOException {
        sources = List.copyOf(changed);
        for (ChangedSource source : sources) {
            if (source.patched().isEmpty()) {
                scratch.delete(source.path());
            } else if (request.tree().isNeededToBuild(Path.of(source.path()))) {
                scratch.write(source.path(), source.patched().get());
            }
        }
    }

    /**
     * Has the makefile of a directory name the objects of sources that no makefile of the tree knows. What the patches
     * change may need them, so they are linked as well; their hooks end up where nothing looks for them.
     */
    private void addToMakefile(List<String> added) throws IOException {
        if (added.isEmpty()) {
            return;
        }
        String makefile = XEN + XenBuild.HOME_OF_ADDED + "/Makefile";
        SourceText text = SourceText.read(scratch.root().resolve(makefile));
        List<String> lines = new ArrayList<>(text.lines());
        for (String source : added) {
            String object = XenBuild.addedObject(source).name();
            lines.add("obj-y += " + object.substring(XenBuild.HOME_OF_ADDED.length() + 1));
        }
        scratch.write(makefile, new SourceText(lines, true));
    }

    private void make(boolean fromNothing, Stages stages) {
        if (!fromNothing) {
            new XenMake(request.tree(), scratch, log, request.jobs(), stages.progress()).everythingUnlinked();
            return;
        }
        List<String> command =
                new ArrayList<>(List.of("make", "CC=" + request.tree().makefileCompiler()));
        request.tree().crossPrefix().ifPresent(prefix -> command.add("CROSS_COMPILE=" + prefix));
        if (request.tree().config().containsKey("CONFIG_ARM_64")) {
            command.add("XEN_TARGET_ARCH=arm64");
        }
        VARIABLES.forEach((define, variable) -> {
            if (stampsOfTree.containsKey(define)) {
                command.add(variable + "=" + stampsOfTree.get(define));
            }
        });
        List<String> clean = new ArrayList<>(command);
        clean.add("clean");
        run(clean, stages, 0);
        command.add("-j" + request.jobs());
        run(command, stages, countOfObjects());
    }

    private int countOfObjects() {
        return ReadObjects.read(request.tree().xenDirectory()).size();
    }

    private void run(List<String> command, Stages stages, int count) {
        List<String> output = new ArrayList<>();
        int[] compiled = {0};
        int status = ChildProcess.run(
                command,
                scratch.root().resolve("xen"),
                XenMake.ENVIRONMENT,
                scratch.directory().toString(),
                log,
                line -> {
                    output.add(line);
                    if (count > 0 && line.startsWith("  CC ")) {
                        compiled[0]++;
                        stages.progress().advance(Math.min(compiled[0], count), count);
                    }
                });
        if (status != 0) {
            throw new CompileException(output, log);
        }
    }

    /** {@return the names of the objects of a built tree, such as {@code arch/x86/mm.o}, in link order} */
    public static List<String> objectsOf(XenTree tree) {
        return List.copyOf(ReadObjects.read(tree.xenDirectory()).keySet());
    }

    /** {@return the names of the objects that the patched program is linked from, in link order} */
    public List<String> objects() {
        return List.copyOf(objects.keySet());
    }

    /** {@return the file of an object, or of {@code xen-syms}} */
    public Path file(String name) {
        return scratch.root().resolve("xen").resolve(name);
    }

    /** {@return who answers questions about the objects while this is open} */
    public AskWholeXenBuild ask() {
        return new AskWholeXenBuild(request.tree(), scratch, sources, objects);
    }

    /** {@return what the hypervisor says it is compiled by} */
    public String compiler() {
        return stampsOfTree.getOrDefault("XEN_COMPILER", "");
    }

    /** {@return the files that the patches change, before and after them} */
    public SourceStates states() {
        return SourceStates.of(request);
    }

    /**
     * {@return texts that say when and where the tree was built, where the new build says something else, with what it
     * says}
     */
    public Map<String, String> stamps() {
        Map<String, String> different = new LinkedHashMap<>();
        defines(scratch.root().resolve("xen")).forEach((name, value) -> {
            String before = stampsOfTree.getOrDefault(name, value);
            boolean aboutTheBuild = name.startsWith("XEN_COMPILE_") || name.equals("XEN_CHANGESET");
            if (aboutTheBuild && !before.equals(value)) {
                different.put(before, value);
            }
        });
        return different;
    }

    /** {@return whether the build had another configuration than the tree, as make wrote it down} */
    public boolean configDiffers() {
        String file = "include/config/auto.conf";
        try {
            return Files.mismatch(request.tree().xenDirectory().resolve(file), file(file)) >= 0;
        } catch (IOException e) {
            throw new LivePatchException("cannot compare %s: %s".formatted(file, Cause.of(e)), e);
        }
    }

    private static Map<String, String> defines(Path xenDirectory) {
        Path file = xenDirectory.resolve("include/xen/compile.h");
        Map<String, String> values = new LinkedHashMap<>();
        try {
            for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
                Matcher define = DEFINE.matcher(line);
                if (define.matches()) {
                    values.put(define.group(1), define.group(2));
                }
            }
        } catch (IOException e) {
            throw new LivePatchException("cannot read %s: %s".formatted(file, Cause.of(e)), e);
        }
        return values;
    }

    /** Lets another run use the scratch copy. What was built stays there until then. */
    @Override
    public void close() {
        scratch.close();
    }
}
