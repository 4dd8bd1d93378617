package dev.suture.build.xen;

import dev.suture.LivePatchException;
import dev.suture.build.AppliedPatches;
import dev.suture.build.ApplyPatches;
import dev.suture.build.Cause;
import dev.suture.build.ChangedSource;
import dev.suture.build.ObjectPair;
import dev.suture.build.SourcePatch;
import dev.suture.build.UnreachedFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What patches reach in a built tree, as far as is known before anything is compiled.
 *
 * @param applied what they make of the sources, in memory
 * @param objects the objects of the tree that are made from a changed file, in link order
 * @param unreached changed files from which no object is made
 * @param changesBuildRules the patches change makefiles, scripts or the configuration: only make knows what they reach
 * @param feedsGeneratedHeaders headers may be generated anew: make knows what more they reach
 */
public record PatchReach(
        AppliedPatches applied,
        List<TreeObject> objects,
        List<UnreachedFile> unreached,
        boolean changesBuildRules,
        boolean feedsGeneratedHeaders) {
    private static final String XEN = "xen/";

    /**
     * An object that is linked into the hypervisor.
     *
     * @param name its path relative to {@code xen/}
     * @param file where it is
     * @param source the file it is compiled from, relative to {@code xen/}; empty if it is not compiled
     * @param inputs every file it is made from, headers included, relative to {@code xen/}
     */
    public record TreeObject(String name, Path file, String source, Set<String> inputs) {
        public TreeObject {
            inputs = Set.copyOf(inputs);
        }
    }

    public PatchReach {
        objects = List.copyOf(objects);
        unreached = List.copyOf(unreached);
    }

    /**
     * Applies patches in memory and looks up what they reach.
     *
     * @throws dev.suture.build.PatchDoesNotApplyException if one does not fit
     * @throws XenTreeException if what make left in the tree cannot be read
     */
    public static PatchReach of(XenTree tree, List<SourcePatch> patches) {
        AppliedPatches applied = ApplyPatches.apply(tree.root(), List.of("", XEN), patches);
        Map<String, XenObject> all = ReadObjects.read(tree.xenDirectory());
        Set<String> changed = new LinkedHashSet<>();
        applied.sources().stream().map(ChangedSource::path).forEach(changed::add);
        ReachOfPatch reach = new ReachOfPatch(tree.xenDirectory(), all, changed);
        try {
            List<XenObject> reached = reach.objects(Set.of());
            List<ObjectPair> pairs = reached.stream()
                    .map(object -> new ObjectPair(object.name(), Optional.empty(), Optional.empty(), object.source()))
                    .toList();
            return new PatchReach(
                    applied,
                    reached.stream().map(object -> inTree(tree, object)).toList(),
                    reach.unreached(applied.sources(), all, pairs),
                    reach.changesBuildRules(),
                    reach.feedsGeneratedHeaders());
        } catch (IOException e) {
            throw new LivePatchException("cannot read %s: %s".formatted(tree.xenDirectory(), Cause.of(e)), e);
        }
    }

    /** {@return every object of a built tree, in link order} */
    public static List<TreeObject> allObjects(XenTree tree) {
        return ReadObjects.read(tree.xenDirectory()).values().stream()
                .map(object -> inTree(tree, object))
                .toList();
    }

    private static TreeObject inTree(XenTree tree, XenObject object) {
        return new TreeObject(
                object.name(), tree.xenDirectory().resolve(object.name()), object.source(), object.inputs());
    }
}
