package dev.suture.build.xen;

import dev.suture.build.ChangedSource;
import dev.suture.build.ObjectPair;
import dev.suture.build.UnreachedFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What the files that a patch changes have to do with the objects of a tree.
 *
 * <p>Most sources and headers are inputs of objects, by name. Others work through something in between: makefiles,
 * Kconfig and the scripts of the build can change anything; from some headers other headers are generated
 * ({@code asm-offsets.h}, {@code compat/*.h}, {@code cpuid-autogen.h}).
 */
final class ReachOfPatch {
    private static final String XEN = "xen/";
    private static final Pattern BUILD_RULES = Pattern.compile(
            "Config\\.mk|config/.*|xen/(scripts|tools)/.*|(.*/)?(Makefile(\\..*)?|Kconfig.*|.*\\.mk|Makefrag)");
    private static final Pattern GENERATES =
            Pattern.compile("xen/include/(public/.*|xlat\\.lst|hypercall-defs\\.c|xen/lib/x86/.*)|.*\\.in");
    private static final Pattern COMPILED_C = Pattern.compile(".*\\.[ch]");
    /** Headers that scripts read line by line, and sources that are only preprocessed. */
    private static final Pattern READ_BY_SCRIPTS =
            Pattern.compile(".*/include/public/.*|.*/(hypercall-defs|asm-offsets)\\.c");

    private final Path xenDirectory;
    private final Map<String, XenObject> objects;
    private final Set<String> changed;

    /**
     * @param xenDirectory the scratch copy's {@code xen/}
     * @param objects the objects of the tree by name
     * @param changed the files the patches change, relative to the tree's root
     */
    ReachOfPatch(Path xenDirectory, Map<String, XenObject> objects, Set<String> changed) {
        this.xenDirectory = xenDirectory;
        this.objects = objects;
        this.changed = Set.copyOf(changed);
    }

    /** {@return whether line directives in {@code path} reach only a C compiler} */
    static boolean isCompiledC(String path) {
        return COMPILED_C.matcher(path).matches()
                && !READ_BY_SCRIPTS.matcher(path).matches();
    }

    boolean isChangedByPatch(String path) {
        return changed.contains(path);
    }

    /** {@return whether only make can tell what is to be built again} */
    boolean changesBuildRules() {
        return changed.stream().anyMatch(path -> BUILD_RULES.matcher(path).matches());
    }

    /** {@return whether headers may have to be generated again} */
    boolean feedsGeneratedHeaders() throws IOException {
        Set<String> feeding = new HashSet<>();
        Path offsets = xenDirectory.resolve(".asm-offsets.s.d");
        if (Files.exists(offsets)) {
            String text = Files.readString(offsets, StandardCharsets.ISO_8859_1);
            for (String word : text.split("[\\s\\\\]+")) {
                feeding.add(Path.of(word).normalize().toString());
            }
        }
        for (String target : List.of("arch/x86/asm-macros.i", "include/hypercall-defs.i")) {
            Optional<CommandFile> command = CommandFile.read(xenDirectory, target);
            command.ifPresent(file -> feeding.addAll(file.inputs()));
        }
        return changed.stream()
                .anyMatch(path -> GENERATES.matcher(path).matches()
                        || path.startsWith(XEN) && feeding.contains(path.substring(XEN.length())));
    }

    /**
     * {@return the objects made from a changed file, in link order}
     *
     * @param generated generated files that have changed too, relative to {@code xen/}
     */
    List<XenObject> objects(Set<String> generated) {
        Set<String> inputs = new HashSet<>(generated);
        changed.stream().filter(path -> path.startsWith(XEN)).forEach(path -> inputs.add(path.substring(XEN.length())));
        List<XenObject> reached = new ArrayList<>();
        for (XenObject object : objects.values()) {
            if (inputs.stream().anyMatch(object.inputs()::contains)) {
                reached.add(object);
            }
        }
        return reached;
    }

    /** {@return those of the changed files from which none of {@code pairs} is made} */
    List<UnreachedFile> unreached(List<ChangedSource> sources, Map<String, XenObject> now, List<ObjectPair> pairs) {
        Set<String> inputs = new HashSet<>();
        for (ObjectPair pair : pairs) {
            for (Map<String, XenObject> build : List.of(objects, now)) {
                if (build.containsKey(pair.name())) {
                    inputs.addAll(build.get(pair.name()).inputs());
                }
            }
        }
        List<UnreachedFile> unreached = new ArrayList<>();
        for (ChangedSource source : sources) {
            String path = source.path();
            boolean reached = path.startsWith(XEN) && inputs.contains(path.substring(XEN.length()));
            boolean mayWorkThroughOthers = BUILD_RULES.matcher(path).matches()
                    || GENERATES.matcher(path).matches();
            if (!reached && !(mayWorkThroughOthers && !pairs.isEmpty())) {
                unreached.add(new UnreachedFile(path, why(path)));
            }
        }
        return unreached;
    }

    private static String why(String path) {
        if (!path.startsWith(XEN) && !BUILD_RULES.matcher(path).matches()) {
            return "it is not part of the hypervisor's source";
        }
        if (path.startsWith("xen/arch/x86/boot/")) {
            return "it is compiled only into the 32-bit boot code, which has run by the time a live patch is loaded";
        }
        if (path.endsWith(".lds.S")) {
            return "it only says where the linker puts things";
        }
        if (BUILD_RULES.matcher(path).matches() || GENERATES.matcher(path).matches()) {
            return "with this change make builds no object anew";
        }
        return path.endsWith(".h") ? "no object that is linked includes it" : "it is not built in this configuration";
    }
}
