package dev.suture.advise;

import dev.suture.advise.Advice.TypePlace;
import dev.suture.advise.OutlineC.Item;
import dev.suture.advise.OutlineC.Kind;
import dev.suture.build.xen.PatchReach.TreeObject;
import dev.suture.dwarf.Member;
import dev.suture.dwarf.TypeDefinition;
import dev.suture.dwarf.Types;
import dev.suture.dwarf.Variable;
import dev.suture.dwarf.Variables;
import dev.suture.elf.ElfFile;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Lists where values of a type come from in a hypervisor: which types embed it, which variables hold it, which code
 * allocates it or takes its size.
 *
 * <p>Embedding and variables are read from the debug information of the objects that include the type's header. What was
 * {@code sizeof} is a number once it is compiled, so allocations are looked for in the sources those objects are made
 * from: {@code xzalloc(struct T)} and its relatives, {@code sizeof(struct T)}, and {@code sizeof(*p)} where the same
 * function declares {@code struct T *p}. A type is allocated where one is that embeds it, so the places of those are
 * listed, too.
 */
final class TypePlaces {
    private static final Set<String> ALLOCATORS = Set.of(
            "xmalloc",
            "xzalloc",
            "xmalloc_array",
            "xzalloc_array",
            "xmalloc_flex_struct",
            "xzalloc_flex_struct",
            "xrealloc_array",
            "xvmalloc",
            "xvzalloc",
            "xvmalloc_array",
            "xvzalloc_array");

    private static final Set<String> FREEING = Set.of("xfree", "XFREE", "xvfree", "XVFREE");

    private final List<TreeObject> objects;
    private final PatchSources sources;
    private List<Known> known = List.of();

    /** What one object says of a type that holds another, or of a variable that does. */
    private record Known(List<Holder> holders, List<Held> variables, List<Pointer> pointers) {}

    private record Holder(String type, String member, String heldType, String place) {}

    /** A member that points to a type. */
    private record Pointer(String member, String type) {}

    private record Held(String name, String type, String heldType, boolean perCpu, String place) {}

    /**
     * @param objects those that may know the type
     */
    TypePlaces(Collection<TreeObject> objects, PatchSources sources) {
        this.objects = List.copyOf(objects);
        this.sources = sources;
    }

    /**
     * {@return the places, first what embeds the type, then variables, then code}
     *
     * @param typeName as source has it, such as {@code struct vcpu}
     */
    List<TypePlace> of(String typeName) {
        if (known.isEmpty()) {
            known = objects.parallelStream()
                    .filter(object -> object.source().endsWith(".c"))
                    .map(TypePlaces::read)
                    .toList();
        }
        List<TypePlace> places = new ArrayList<>();
        Set<String> holding = holders(typeName, places);
        Set<TypePlace> variables = new LinkedHashSet<>();
        for (Known one : known) {
            for (Held held : one.variables()) {
                if (holding.contains(held.heldType())) {
                    variables.add(new TypePlace(
                            held.perCpu() ? "per-CPU variable" : "variable",
                            held.place(),
                            "%s %s".formatted(held.type(), held.name())));
                }
            }
        }
        places.addAll(variables);
        places.addAll(code(holding, pointersTo(typeName)));
        return places;
    }

    private static Known read(TreeObject object) {
        ElfFile elf = ElfFile.read(object.file());
        List<Holder> holders = new ArrayList<>();
        Set<Pointer> pointers = new LinkedHashSet<>();
        for (TypeDefinition type : Types.read(elf).all()) {
            for (Member member : type.members()) {
                if (member.resolvedType().matches("(struct|union) \\w+ \\*")) {
                    String last = member.name().substring(member.name().lastIndexOf('.') + 1);
                    pointers.add(new Pointer(last, member.resolvedType().replace(" *", "")));
                }
                if (!member.heldType().isEmpty()) {
                    String place = PatchSources.plain(type.declared());
                    holders.add(new Holder(type.text(), member.name(), member.heldType(), place));
                }
            }
        }
        List<Held> variables = new ArrayList<>();
        for (Variable variable : Variables.read(elf).all()) {
            if (!variable.heldType().isEmpty()) {
                boolean perCpu =
                        elf.sections().get(variable.sectionIndex()).name().startsWith(".bss.percpu");
                variables.add(new Held(
                        variable.name(),
                        variable.type(),
                        variable.heldType(),
                        perCpu,
                        PatchSources.plain(variable.declared())));
            }
        }
        return new Known(holders, variables, List.copyOf(pointers));
    }

    /** {@return the type and all that hold it, directly or through others} */
    private Set<String> holders(String typeName, List<TypePlace> places) {
        Set<String> holding = new LinkedHashSet<>(List.of(typeName));
        Set<TypePlace> found = new LinkedHashSet<>();
        boolean grew = true;
        while (grew) {
            grew = false;
            for (Known one : known) {
                for (Holder holder : one.holders()) {
                    if (holding.contains(holder.heldType())) {
                        grew |= holding.add(holder.type());
                        found.add(new TypePlace(
                                "embeds",
                                holder.place(),
                                "%s has %s %s".formatted(holder.type(), holder.heldType(), holder.member())));
                    }
                }
            }
        }
        places.addAll(found);
        return holding;
    }

    /** Members that point to a type: for each whether there is one of its name that points to another type. */
    private record Pointers(String type, Map<String, Boolean> isAmbiguous) {}

    private Pointers pointersTo(String typeName) {
        Map<String, Set<String>> types = new HashMap<>();
        known.stream()
                .flatMap(one -> one.pointers().stream())
                .forEach(pointer -> types.computeIfAbsent(pointer.member(), name -> new HashSet<>())
                        .add(pointer.type()));
        return new Pointers(
                typeName,
                types.entrySet().stream()
                        .filter(entry -> entry.getValue().contains(typeName))
                        .collect(Collectors.toMap(
                                Map.Entry::getKey, entry -> entry.getValue().size() > 1)));
    }

    private List<TypePlace> code(Set<String> types, Pointers pointers) {
        Set<String> files = new TreeSet<>();
        for (TreeObject object : objects) {
            object.inputs().stream().filter(PatchSources::isC).forEach(files::add);
        }
        return files.parallelStream()
                .flatMap(file -> code("xen/" + file, types, pointers).stream())
                .collect(Collectors.toList());
    }

    private List<TypePlace> code(String path, Set<String> types, Pointers pointers) {
        Optional<List<String>> lines = sources.originalText(path).map(text -> text.lines());
        boolean worthwhile = lines.isPresent()
                && lines.get().stream()
                        .anyMatch(line -> line.contains("sizeof")
                                || line.toLowerCase(Locale.ROOT).contains("free")
                                || ALLOCATORS.stream().anyMatch(line::contains));
        if (!worthwhile) {
            return List.of();
        }
        Map<Integer, TypePlace> found = new LinkedHashMap<>();
        for (Item item : OutlineC.of(lines.get()).items()) {
            if (item.kind() != Kind.DIRECTIVE) {
                find(path, lines.get(), item, types, found);
                findFreeing(path, lines.get(), item, types, pointers, found);
            }
        }
        return List.copyOf(found.values());
    }

    private static void find(
            String path, List<String> lines, Item item, Set<String> types, Map<Integer, TypePlace> found) {
        List<Token> tokens = item.tokens();
        for (int at = 0; at + 2 < tokens.size(); at++) {
            boolean allocates = ALLOCATORS.contains(tokens.get(at).text());
            boolean sizes = tokens.get(at).is("sizeof");
            if (!(allocates || sizes) || !tokens.get(at + 1).is("(")) {
                continue;
            }
            Optional<String> type = typeAt(tokens, at + 2).or(() -> Optional.empty());
            if (type.isEmpty()) {
                type = pointedTo(tokens, at);
            }
            if (type.filter(types::contains).isPresent()) {
                int line = tokens.get(at).line();
                found.putIfAbsent(
                        line,
                        new TypePlace(
                                allocates ? "allocates" : "sizes",
                                "%s:%d".formatted(path, line),
                                PatchSources.readable(lines.get(line - 1).strip())));
            }
        }
    }

    /** What is freed is known by the member that points to it, or by the variable the function declares. */
    private void findFreeing(
            String path,
            List<String> lines,
            Item item,
            Set<String> types,
            Pointers pointers,
            Map<Integer, TypePlace> found) {
        List<Token> tokens = item.tokens();
        for (int at = 0; at + 2 < tokens.size(); at++) {
            if (!FREEING.contains(tokens.get(at).text()) || !tokens.get(at + 1).is("(")) {
                continue;
            }
            int end = at + 2;
            while (end < tokens.size() && !tokens.get(end).is(")")) {
                end++;
            }
            String last = tokens.get(end - 1).text();
            boolean variable = end == at + 3;
            boolean frees = variable
                    ? declaredPointer(tokens, last).filter(types::contains).isPresent()
                    : pointers.isAmbiguous().containsKey(last)
                            && (!pointers.isAmbiguous().get(last)
                                    || pointsTo(path, tokens, tokens.subList(at + 2, end), pointers.type()));
            if (frees) {
                int line = tokens.get(at).line();
                found.putIfAbsent(
                        line,
                        new TypePlace(
                                "frees",
                                "%s:%d".formatted(path, line),
                                PatchSources.readable(lines.get(line - 1).strip())));
            }
        }
    }

    /** {@return whether a chain of members certainly leads to a type} */
    private boolean pointsTo(String path, List<Token> function, List<Token> expression, String typeName) {
        Optional<String> root = declaredPointer(function, expression.getFirst().text());
        List<String> members = expression.stream()
                .skip(1)
                .filter(Token::isName)
                .map(Token::text)
                .toList();
        return root.isPresent()
                && objects.stream()
                        .filter(object -> object.inputs().contains(path.substring("xen/".length())))
                        .findFirst()
                        .flatMap(
                                object -> MemberPath.type(Types.read(ElfFile.read(object.file())), root.get(), members))
                        .filter((typeName + " *")::equals)
                        .isPresent();
    }

    /** {@return the type that begins there if it is not a pointer to it: {@code struct T} or a typedef's name} */
    private static Optional<String> typeAt(List<Token> tokens, int at) {
        boolean tag = tokens.get(at).is("struct") || tokens.get(at).is("union");
        int behind = at + (tag ? 2 : 1);
        if (behind >= tokens.size() || !tokens.get(at).isName()) {
            return Optional.empty();
        }
        boolean whole = tokens.get(behind).is(")") || tokens.get(behind).is(",");
        String text = tag
                ? tokens.get(at).text() + " " + tokens.get(at + 1).text()
                : tokens.get(at).text();
        return whole ? Optional.of(text) : Optional.empty();
    }

    /** {@return for {@code sizeof(*p)} or {@code xzalloc(typeof(*p))} what p points to, if the function declares it} */
    private static Optional<String> pointedTo(List<Token> tokens, int call) {
        int star = call + 2;
        if (tokens.get(star).is("typeof") && star + 2 < tokens.size()) {
            star += 2;
        }
        if (star + 2 >= tokens.size()
                || !tokens.get(star).is("*")
                || !tokens.get(star + 2).is(")")) {
            return Optional.empty();
        }
        return declaredPointer(tokens, tokens.get(star + 1).text());
    }

    /** {@return what a pointer points to that a function declares, itself or among its parameters} */
    private static Optional<String> declaredPointer(List<Token> tokens, String pointer) {
        for (int at = 0; at + 3 < tokens.size(); at++) {
            boolean tag = tokens.get(at).is("struct") || tokens.get(at).is("union");
            if (tag && declarators(tokens, at + 2).contains(pointer)) {
                return Optional.of(
                        tokens.get(at).text() + " " + tokens.get(at + 1).text());
            }
        }
        return Optional.empty();
    }

    /** {@return the names of pointers behind a type: those of {@code *a = f(1, 2), *b;} are a and b} */
    private static Set<String> declarators(List<Token> tokens, int first) {
        Set<String> names = new LinkedHashSet<>();
        int at = first;
        while (at + 1 < tokens.size() && tokens.get(at).is("*")) {
            while (at + 1 < tokens.size()
                    && (tokens.get(at).is("*") || tokens.get(at).is("const"))) {
                at++;
            }
            names.add(tokens.get(at).text());
            int depth = 0;
            while (at < tokens.size() && (depth > 0 || !tokens.get(at).text().matches("[,;){]"))) {
                depth += tokens.get(at).is("(") ? 1 : tokens.get(at).is(")") ? -1 : 0;
                at++;
            }
            at += at < tokens.size() && tokens.get(at).is(",") ? 1 : tokens.size();
        }
        return names;
    }
}
