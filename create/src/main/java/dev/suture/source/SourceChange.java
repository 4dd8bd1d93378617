package dev.suture.source;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What a patch changes in one source, once the preprocessor is done with it, and what that reaches.
 *
 * <p>A name is changed if what declares it is not, token by token and in the same order, what it was, but for prototypes
 * that only repeat the head of a function. A function is
 * untouched if neither it nor any name that it mentions is changed, nor any that these mention, and so on: its callees with
 * their bodies, the types and constants it uses, the initialisers it reads, and everything these are made of.
 */
public final class SourceChange {
    private final TranslationUnit original;
    private final TranslationUnit patched;
    private final Set<String> changed = new TreeSet<>();
    /** Everything that code which the patch changes can lead to. */
    private Set<String> reachable = Set.of();

    private SourceChange(TranslationUnit original, TranslationUnit patched) {
        this.original = original;
        this.patched = patched;
    }

    /**
     * {@return what differs between two versions of a source}
     *
     * @param original the source before the patch, as the preprocessor wrote it
     * @param patched the same with the patch
     * @return empty if one of them cannot be read, or if they differ in what is not understood
     */
    public static Optional<SourceChange> between(String original, String patched) {
        return TranslationUnit.readBoth(original, patched)
                .filter(both ->
                        saySame(both.original().unknown(), both.patched().unknown()))
                .map(both -> {
                    SourceChange change = new SourceChange(both.original(), both.patched());
                    change.findChanged();
                    return change;
                });
    }

    private void findChanged() {
        original.declarations().forEach((name, before) -> addIfChanged(name, before, patched.of(name)));
        patched.declarations().forEach((name, after) -> addIfChanged(name, original.of(name), after));
        reachable = Set.copyOf(reach(changed).keySet());
    }

    private void addIfChanged(String name, List<Declaration> before, List<Declaration> after) {
        if (!saySame(before, after) && !saySame(withoutRepetitions(before), withoutRepetitions(after))) {
            changed.add(name);
        }
    }

    private static List<Declaration> withoutRepetitions(List<Declaration> declarations) {
        return declarations.stream()
                .filter(declaration -> declarations.stream().noneMatch(declaration::repeatsHeadOf))
                .toList();
    }

    private static boolean saySame(List<Declaration> before, List<Declaration> after) {
        return before.size() == after.size()
                && IntStream.range(0, before.size()).allMatch(i -> before.get(i).saysSameAs(after.get(i)));
    }

    /**
     * {@return the names that are reached from some, each with the one that mentions it first} What is not understood may
     * be anything, and so may be used by everything.
     */
    private Map<String, String> reach(Collection<String> from) {
        Map<String, String> reached = new HashMap<>();
        ArrayDeque<String> open = new ArrayDeque<>();
        // An enumeration declares many names.
        Set<Declaration> read = Collections.newSetFromMap(new IdentityHashMap<>());
        for (String name : from) {
            reached.put(name, name);
            open.add(name);
            patched.unknown().forEach(declaration -> follow(declaration, name, read, reached, open));
        }
        while (!open.isEmpty()) {
            String name = open.remove();
            patched.of(name).forEach(declaration -> follow(declaration, name, read, reached, open));
        }
        return reached;
    }

    private void follow(
            Declaration declaration,
            String name,
            Set<Declaration> read,
            Map<String, String> reached,
            ArrayDeque<String> open) {
        if (!read.add(declaration)) {
            return;
        }
        for (String mentioned : declaration.mentions()) {
            boolean isDeclared = !patched.of(mentioned).isEmpty() || changed.contains(mentioned);
            if (isDeclared && reached.putIfAbsent(mentioned, name) == null) {
                open.add(mentioned);
            }
        }
    }

    /** {@return whether the source has that function, with a body, in both versions} */
    public boolean knows(String function) {
        return hasBody(original, function) && hasBody(patched, function);
    }

    private static boolean hasBody(TranslationUnit unit, String function) {
        return unit.of(function).stream().anyMatch(declaration -> declaration.kind() == Declaration.Kind.FUNCTION);
    }

    /**
     * {@return what a function uses that the patch changes, as the chain of names that leads there; empty if there is
     * nothing}
     *
     * @param function its name; the first of the chain
     */
    public List<String> pathToChange(String function) {
        Map<String, String> reached = reach(List.of(function));
        Optional<String> found =
                reached.keySet().stream().filter(changed::contains).min(Comparator.naturalOrder());
        List<String> path = new ArrayList<>();
        found.ifPresent(last -> {
            String name = last;
            path.add(name);
            while (!reached.get(name).equals(name)) {
                name = reached.get(name);
                path.addFirst(name);
            }
        });
        return path;
    }

    /** {@return whether code that the patch changes uses a function, be it through others} */
    public boolean isUsedByChangedCode(String function) {
        return reachable.contains(function);
    }

    /** What the objects of a source say of its variables. */
    public interface Variables {
        /** {@return whether a variable of that name, in each object that has one, can be seen by others} */
        boolean isForAll(String name);

        /** {@return whether an object has something writable of that name} */
        boolean isWritable(String name);
    }

    /**
     * {@return a variable of whose contents the compiler may have concluded something, because it sees all that writes to
     * it, and which a function uses as well as code that the patch changes; a function stands for the variables that live
     * in it}
     */
    public Optional<String> sharedState(String function, Variables variables) {
        Optional<Declaration> anything = Stream.concat(original.unknown().stream(), patched.unknown().stream())
                .filter(Declaration::mayDeclareVariable)
                .findFirst();
        if (anything.isPresent()) {
            return anything.map(declaration -> declaration.tokens().getFirst().text());
        }
        return reach(List.of(function)).keySet().stream()
                .filter(reachable::contains)
                .filter(name -> holdsState(name, variables))
                .min(Comparator.naturalOrder());
    }

    private boolean holdsState(String name, Variables variables) {
        return Stream.concat(original.of(name).stream(), patched.of(name).stream())
                .anyMatch(declaration -> switch (declaration.storage()) {
                    case NONE -> false;
                    case CONSTANT -> variables.isWritable(name);
                    case FOR_ALL -> !variables.isForAll(name);
                    case OWN -> true;
                });
    }
}
