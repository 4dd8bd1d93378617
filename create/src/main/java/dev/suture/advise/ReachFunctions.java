package dev.suture.advise;

import dev.suture.advise.OutlineC.Item;
import dev.suture.advise.OutlineC.Kind;
import dev.suture.build.HunkMap;
import dev.suture.build.HunkMap.HunkLines;
import dev.suture.build.ObjectPair;
import dev.suture.diff.Comparison;
import dev.suture.diff.Piece;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.LeftOut;
import dev.suture.dwarf.Function;
import dev.suture.dwarf.Functions;
import dev.suture.explain.ExplainedFunction;
import dev.suture.explain.PatchLines.PatchLine;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Finds for each hunk the functions that change because of it.
 *
 * <p>Certain are the source lines of the instructions that differ. Where those say nothing, as of a removed statement or a
 * macro, the function that the hunk is in counts, or those it is inlined into, or those that name what the hunk declares.
 */
final class ReachFunctions {
    private final Selection selection;
    private final List<ObjectPair> pairs;
    private final HunkMap map;
    private final PatchSources sources;
    private final Map<Integer, Set<Reached>> reached = new HashMap<>();
    private final Map<String, Functions> functions = new HashMap<>();

    ReachFunctions(Selection selection, List<ObjectPair> pairs, HunkMap map, PatchSources sources) {
        this.selection = selection;
        this.pairs = List.copyOf(pairs);
        this.map = map;
        this.sources = sources;
    }

    /** {@return the functions that a hunk reaches, as far as they are found by now} */
    List<Reached> of(HunkLines hunk) {
        return List.copyOf(reached.getOrDefault(hunk.index(), Set.of()));
    }

    /** A function that a hunk reaches. */
    record Reached(String object, String function, boolean isLive, String how) {
        String text() {
            return "%s (%s)%s".formatted(function, object, how);
        }
    }

    private void reach(int hunk, String object, String function, boolean isLive, String how) {
        Set<Reached> known = reached.computeIfAbsent(hunk, key -> new LinkedHashSet<>());
        boolean there = known.stream()
                .anyMatch(other ->
                        other.object().equals(object) && other.function().equals(function));
        if (!there) {
            known.add(new Reached(object, function, isLive, how));
        }
    }

    void reachByLines(ExplainedFunction function) {
        boolean isLive = function.decision() != ExplainedFunction.Decision.LEFT_OUT;
        for (PatchLine line : function.patchLines()) {
            map.at(line.file(), line.line(), line.added())
                    .ifPresent(hunk -> reach(hunk.index(), function.object(), function.name(), isLive, ""));
        }
    }

    void reachByItems(HunkLines hunk) {
        if (!PatchSources.isC(hunk.path()) && !hunk.path().endsWith(".S")) {
            reachBuilt(hunk);
        }
        if (hunk.path().endsWith(".S")) {
            for (Chosen chosen : selection.replaced()) {
                Comparison object = selection.objects().get(chosen.id().object());
                if (hunk.path().equals("xen/" + source(object.name()))) {
                    reach(hunk.index(), object.name(), chosen.piece().name(), true, "");
                }
            }
        }
        for (Item item : sources.touched(hunk)) {
            boolean named = item.kind() == Kind.FUNCTION || item.kind() == Kind.DECLARATION;
            if (named && !item.name().isEmpty()) {
                boolean found = reachNamed(hunk, item.name());
                if (!found && item.kind() == Kind.FUNCTION) {
                    reachInlined(hunk, item.name());
                }
                if (item.kind() == Kind.FUNCTION) {
                    reachDeclared(hunk, item.name());
                }
            }
        }
    }

    /** A static function's name may be that of another one in another file. */
    private boolean reachNamed(HunkLines hunk, String name) {
        boolean found = false;
        for (Chosen chosen : selection.chosen()) {
            Comparison object = selection.objects().get(chosen.id().object());
            boolean isIt = chosen.piece().kind() == Piece.Kind.FUNCTION
                    && stem(chosen.piece()).equals(name);
            if (isIt && mayHold(object.name(), hunk.path())) {
                reach(hunk.index(), object.name(), chosen.piece().name(), true, "");
                found = true;
            }
        }
        for (LeftOut left : selection.leftOut()) {
            if (RefusalKind.inSource(left.symbol()).equals(name) && mayHold(left.object(), hunk.path())) {
                reach(hunk.index(), left.object(), left.symbol(), false, "");
                found = true;
            }
        }
        return found;
    }

    /** A makefile decides what is built, and how, from which objects' functions then come. */
    private void reachBuilt(HunkLines hunk) {
        String folder = hunk.path().substring(0, hunk.path().lastIndexOf('/') + 1);
        for (Chosen chosen : selection.chosen()) {
            String object = selection.objects().get(chosen.id().object()).name();
            String path = "xen/" + object;
            boolean isFunction = chosen.piece().kind() == Piece.Kind.FUNCTION;
            if (isFunction && path.startsWith(folder) && sources.changesWord(hunk, path.substring(folder.length()))) {
                reach(hunk.index(), object, chosen.piece().name(), true, ", whose object it builds");
            }
        }
    }

    /** A source may include another one, with macros that give its functions other names. */
    private void reachDeclared(HunkLines hunk, String name) {
        String path = hunk.placed().originalPath();
        Optional<Item> item = sources.original(path).find(Kind.FUNCTION, name);
        for (Chosen chosen : selection.replaced()) {
            Comparison object = selection.objects().get(chosen.id().object());
            boolean isIt = item.isPresent()
                    && chosen.original()
                            .flatMap(original -> function(object, original, true))
                            .map(Function::declared)
                            .filter(declared -> PatchSources.file(declared).equals(path)
                                    && item.get().has((int) declared.line()))
                            .isPresent();
            if (isIt) {
                String how = ", which is compiled from %s of %s".formatted(name, path);
                reach(hunk.index(), object.name(), chosen.piece().name(), true, how);
            }
        }
    }

    boolean mayHold(String object, String path) {
        return !path.endsWith(".c") || path.equals("xen/" + source(object)) || isIncluded(path);
    }

    /** {@return whether a file that looks like a source is compiled as part of another} */
    private boolean isIncluded(String path) {
        return pairs.stream().noneMatch(pair -> path.equals("xen/" + pair.source()));
    }

    private String source(String object) {
        return pairs.stream()
                .filter(pair -> pair.name().equals(object))
                .map(ObjectPair::source)
                .findFirst()
                .orElse("");
    }

    private static String stem(Piece piece) {
        String name = piece.name();
        int dot = name.indexOf('.');
        return dot > 0 ? name.substring(0, dot) : name;
    }

    private void reachInlined(HunkLines hunk, String name) {
        for (Chosen chosen : selection.chosen()) {
            Comparison object = selection.objects().get(chosen.id().object());
            if (chosen.piece().kind() != Piece.Kind.FUNCTION || !mayHold(object.name(), hunk.path())) {
                continue;
            }
            if (inlines(object, chosen.piece(), name)) {
                String how = ", into which %s is inlined".formatted(name);
                reach(hunk.index(), object.name(), chosen.piece().name(), true, how);
            }
        }
        for (LeftOut left : selection.leftOut()) {
            for (Comparison object : selection.objects()) {
                Optional<Piece> piece = object.patched().named(left.symbol());
                if (object.name().equals(left.object())
                        && piece.isPresent()
                        && mayHold(object.name(), hunk.path())
                        && inlines(object, piece.get(), name)) {
                    String how = ", into which %s is inlined".formatted(name);
                    reach(hunk.index(), object.name(), left.symbol(), false, how);
                }
            }
        }
    }

    private boolean inlines(Comparison object, Piece piece, String name) {
        return function(object, piece, false)
                        .filter(function -> function.inlinedNames().contains(name))
                        .isPresent()
                || object.correlation()
                        .twinOfPatched(piece)
                        .flatMap(twin -> function(object, twin, true))
                        .filter(function -> function.inlinedNames().contains(name))
                        .isPresent();
    }

    private Optional<Function> function(Comparison object, Piece piece, boolean isOriginal) {
        var elf = isOriginal ? object.original().elf() : object.patched().elf();
        return functions
                .computeIfAbsent(object.name() + isOriginal, key -> Functions.read(elf))
                .at(piece.section().index(), piece.sectionOffset());
    }

    /** {@return the changed functions to which no hunk leads} */
    List<Chosen> unexplained() {
        return selection.replaced().stream()
                .filter(chosen -> reached.values().stream()
                        .flatMap(Set::stream)
                        .noneMatch(function ->
                                function.function().equals(chosen.piece().name())
                                        && function.object()
                                                .equals(selection
                                                        .objects()
                                                        .get(chosen.id().object())
                                                        .name())))
                .toList();
    }

    /** What introduces or changes a macro, type or inline function reaches the changed functions that name it. */
    void reachByNames(Set<Integer> judged) {
        List<Chosen> changed = selection.replaced();
        for (HunkLines hunk : map.hunks()) {
            if (reached.containsKey(hunk.index()) || judged.contains(hunk.index())) {
                continue;
            }
            for (String name : throughMacros(introduced(hunk), hunk)) {
                for (Chosen chosen : changed) {
                    Comparison object = selection.objects().get(chosen.id().object());
                    boolean names = places(object, chosen)
                            .flatMap(file -> sources.patched(file).find(Kind.FUNCTION, stem(chosen.piece())).stream())
                            .anyMatch(item -> item.mentions(name));
                    if (names) {
                        String how = ", which uses %s".formatted(name);
                        reach(hunk.index(), object.name(), chosen.piece().name(), true, how);
                    }
                }
            }
        }
    }

    /** {@return the files that a changed function may be written in: its object's source, or what that includes} */
    private Stream<String> places(Comparison object, Chosen chosen) {
        return Stream.concat(
                        Stream.of("xen/" + source(object.name())),
                        function(object, chosen.piece(), false)
                                .map(Function::declared)
                                .map(PatchSources::file)
                                .stream())
                .distinct();
    }

    /** {@return names, and those of macros in the same file which use them, as others see the change through these} */
    private Set<String> throughMacros(Set<String> names, HunkLines hunk) {
        Set<String> all = new LinkedHashSet<>(names);
        boolean grows = true;
        while (grows) {
            grows = false;
            for (Item item : sources.patched(hunk.path()).items()) {
                if (item.kind() == Kind.MACRO && all.stream().anyMatch(item::mentions)) {
                    grows |= all.add(item.name());
                }
            }
        }
        return all;
    }

    /** What only one hunk can have changed, that one has changed, such as the use of a macro in another macro. */
    void reachByElimination(Set<Integer> judged) {
        List<HunkLines> open = map.hunks().stream()
                .filter(hunk -> !reached.containsKey(hunk.index())
                        && !judged.contains(hunk.index())
                        && !sources.changesOnlyComments(hunk)
                        && mayChangeCode(hunk))
                .toList();
        if (open.size() == 1) {
            for (Chosen chosen : unexplained()) {
                reach(
                        open.getFirst().index(),
                        selection.objects().get(chosen.id().object()).name(),
                        chosen.piece().name(),
                        true,
                        ", which no other hunk reaches");
            }
        }
    }

    /** {@return the names that a hunk gives a meaning: of macros, declarations, what is new, and what it adds to a type} */
    Set<String> introduced(HunkLines hunk) {
        Set<String> names = new LinkedHashSet<>();
        for (Item item : sources.touched(hunk)) {
            Optional<Item> before =
                    sources.original(hunk.placed().originalPath()).find(item.kind(), item.name());
            switch (item.kind()) {
                case MACRO, DECLARATION -> names.add(item.name());
                case FUNCTION, DATA, MACRO_CALL -> {
                    if (before.isEmpty()) {
                        names.add(item.name());
                    }
                }
                case TYPE ->
                    sources.addedWords(hunk).stream()
                            .filter(word -> item.declares(word)
                                    && before.filter(type -> type.mentions(word))
                                            .isEmpty())
                            .forEach(names::add);
                case DIRECTIVE -> {}
            }
        }
        names.remove("");
        return names;
    }

    /** {@return whether a hunk may change code by itself, and not only declare what others use} */
    private boolean mayChangeCode(HunkLines hunk) {
        return !PatchSources.isC(hunk.path())
                || sources.touched(hunk).stream()
                        .anyMatch(item -> item.kind() != Kind.DECLARATION && item.kind() != Kind.DIRECTIVE);
    }
}
