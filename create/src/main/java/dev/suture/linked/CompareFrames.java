package dev.suture.linked;

import dev.suture.build.make.Links;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * Compares what is around the functions and variables of two linked programs: the libraries they need, what they export,
 * which definition each name has that other objects use, and the tables that the linker gathers.
 */
final class CompareFrames {
    /** Of these the value is text, an address that moves, or a size that follows from something compared elsewhere. */
    private static final Set<Long> TEXTS = Set.of(1L, 14L, 15L, 29L);

    private static final Set<Long> NUMBERS = Set.of(16L, 20L, 22L, 24L, 30L, 0x6ffffffbL);
    private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    /** What the linkers' own scripts gather besides. */
    private static final Pattern GATHERED_BY_LINKERS =
            Pattern.compile("\\.(preinit_array|init_array|fini_array|ctors|dtors|tm_clone_table)(\\..*)?");

    private final Side original;
    private final Side patched;
    private final UsersElsewhere users;
    private final Links.Made links;
    private final BiPredicate<Part, Part> isSame;
    private final Function<String, Optional<String>> owners;
    private final List<Finding> findings = new ArrayList<>();

    /**
     * @param links what both are made from
     * @param compare the pieces of both
     * @param users who else uses names of theirs
     */
    CompareFrames(Side original, Side patched, Links.Made links, ComparePieces compare, UsersElsewhere users) {
        this.original = original;
        this.patched = patched;
        this.links = links;
        isSame = (from, to) -> compare.difference(from, to).isEmpty();
        owners = compare::differenceOfOwners;
        this.users = users;
    }

    /** {@return what differs} */
    List<Finding> compare() {
        compareDynamic();
        compareExports();
        compareSymbols();
        compareConstantsUsedElsewhere();
        compareGathered();
        return findings;
    }

    private void find(String symbol, String what) {
        findings.add(new Finding("", symbol, what));
    }

    private void compareDynamic() {
        Map<Long, List<String>> before = dynamic(original.file().elf());
        Map<Long, List<String>> after = dynamic(patched.file().elf());
        // Where a build writes the place of its own files, that of the copy is no change.
        after.replaceAll((_, texts) -> texts.stream()
                .map(text -> text.replace(
                        links.patchedTree().toString(), links.tree().toString()))
                .toList());
        Set<Long> tags = new TreeSet<>(before.keySet());
        tags.addAll(after.keySet());
        for (long tag : tags) {
            List<String> was = before.getOrDefault(tag, List.of());
            List<String> is = after.getOrDefault(tag, List.of());
            if (!was.equals(is)) {
                find("", "its dynamic section has %s for tag 0x%x, not %s".formatted(inWords(is), tag, inWords(was)));
            }
        }
        int type = original.file().elf().header().type();
        if (type != patched.file().elf().header().type()) {
            find("", "it is linked as another kind of program");
        }
    }

    private static String inWords(List<String> values) {
        return values.isEmpty() ? "nothing" : String.join(", ", values);
    }

    private static Map<Long, List<String>> dynamic(ElfFile elf) {
        Map<Long, List<String>> entries = new TreeMap<>();
        Optional<Section> section = elf.section(".dynamic");
        Optional<Section> strings = elf.section(".dynstr");
        if (section.isEmpty() || strings.isEmpty()) {
            return entries;
        }
        MemorySegment bytes = section.get().contents();
        for (long at = 0; at + 16 <= bytes.byteSize(); at += 16) {
            long tag = LittleEndian.u64(bytes, at);
            long value = LittleEndian.u64(bytes, at + 8);
            if (TEXTS.contains(tag)) {
                entries.computeIfAbsent(tag, _ -> new ArrayList<>()).add(text(strings.get(), value));
            } else if (NUMBERS.contains(tag)) {
                entries.computeIfAbsent(tag, _ -> new ArrayList<>()).add(Long.toString(value));
            }
        }
        return entries;
    }

    private static String text(Section strings, long offset) {
        byte[] bytes = strings.bytes();
        int end = (int) Math.min(offset, bytes.length);
        int from = end;
        while (end < bytes.length && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, from, end - from, StandardCharsets.ISO_8859_1);
    }

    /** What is exported anew nobody that runs can have bound. */
    private void compareExports() {
        Map<String, Symbol> before = exports(original.file());
        Map<String, Symbol> after = exports(patched.file());
        before.forEach((name, symbol) -> {
            Symbol now = after.get(name);
            // Of what several objects may have, the compiler leaves out what nobody uses; it stays where it is.
            boolean mayBeSeveral = symbol.binding() == Elf.STB_WEAK || symbol.binding() == Elf.STB_GNU_UNIQUE;
            if (now == null && !(mayBeSeveral && symbol.type() == Elf.STT_FUNC)) {
                find(name, "the patched program no longer exports it");
            } else if (now == null) {
                return;
            } else if (now.type() != symbol.type()
                    || now.visibility() != symbol.visibility()
                    || symbol.type() != Elf.STT_FUNC && now.sizeBytes() != symbol.sizeBytes()) {
                find(name, "the patched program exports it as something else");
            }
        });
        Set<String> imports = new HashSet<>();
        original.file().elf().dynamicSymbols().stream()
                .filter(Symbol::isUndefined)
                .forEach(symbol -> imports.add(symbol.name()));
        after.forEach((name, symbol) -> {
            if (!before.containsKey(name) && imports.contains(symbol.name())) {
                find(name, "the running program has it from a library, the patched one defines it");
            }
        });
    }

    private static Map<String, Symbol> exports(LinkedFile file) {
        Map<String, Symbol> exports = new TreeMap<>();
        for (Symbol symbol : file.elf().dynamicSymbols()) {
            if (symbol.index() > 0 && !symbol.isUndefined() && !symbol.isLocal()) {
                exports.put(symbol.name() + "@" + file.version(symbol.index()), symbol);
            }
        }
        return exports;
    }

    /**
     * Names that both programs have must mean the same kind of thing, variables in the same size. A name that anything of a
     * program uses is in its symbol table, defined or not; so one that only one of them has is not used by the objects that
     * they have in common.
     */
    private void compareSymbols() {
        Map<String, Symbol> before = original.file().globals();
        Map<String, Symbol> after = patched.file().globals();
        before.forEach((name, symbol) -> {
            Symbol now = after.get(name);
            if (now != null) {
                compare(name, symbol, now);
            }
        });
    }

    private void compare(String name, Symbol before, Symbol now) {
        if (before.isUndefined() != now.isUndefined() || before.place() != now.place()) {
            find(
                    name,
                    now.isUndefined() ? "it is another library's in the patched program" : "it is defined otherwise");
            return;
        }
        if (now.isUndefined()) {
            return;
        }
        if (before.place() == Symbol.Place.ABSOLUTE && before.value() != now.value()) {
            find(
                    name,
                    "it is %d in the patched program and %d in the running one".formatted(now.value(), before.value()));
        } else if (before.type() != now.type()) {
            find(name, "it is of another type in the patched program");
        } else if (isVariable(original.file(), before) && before.sizeBytes() != now.sizeBytes()) {
            find(
                    name,
                    "the variable has %d bytes in the patched program and %d in the running one"
                            .formatted(now.sizeBytes(), before.sizeBytes()));
        } else if (patched.linked(name).isEmpty() != original.linked(name).isEmpty() && now.isInSection()) {
            owners.apply(name).ifPresent(why -> find(name, why));
        }
    }

    private static boolean isVariable(LinkedFile file, Symbol symbol) {
        boolean object = symbol.type() == Elf.STT_OBJECT || symbol.type() == Elf.STT_TLS;
        return object
                && symbol.isInSection()
                && file.elf().sections().get(symbol.sectionIndex()).has(Elf.SHF_WRITE);
    }

    /** An object that no compiler sees again goes on to use the constants that it uses. */
    private void compareConstantsUsedElsewhere() {
        Set<String> exported = new HashSet<>();
        patched.file().elf().dynamicSymbols().stream()
                .filter(symbol -> !symbol.isUndefined())
                .forEach(symbol -> exported.add(symbol.name()));
        for (ObjectPieces object : patched.objects()) {
            for (Piece piece : object.pieces()) {
                Part part = new Part(object, piece);
                boolean constant = piece.kind() == Piece.Kind.DATA && !part.isVariable() && piece.isGlobal();
                if (constant && differs(part)) {
                    boolean used = part.keys().stream().anyMatch(key -> exported.contains(key) || users.uses(key));
                    if (used) {
                        findings.add(new Finding(
                                object.name(), part.name(), "the constant changes, and code that stays uses it"));
                    }
                }
            }
        }
    }

    private boolean differs(Part part) {
        return !patched.addresses(part).isEmpty()
                && part.keys().stream()
                        .flatMap(key -> original.linked(key).stream())
                        .anyMatch(before -> !isSame.test(before, part));
    }

    private void compareGathered() {
        Set<String> names = new TreeSet<>();
        for (Side side : List.of(original, patched)) {
            for (ObjectPieces object : side.objects()) {
                object.pieces().stream()
                        .map(piece -> piece.section().name())
                        .filter(this::isGathered)
                        .forEach(names::add);
            }
        }
        names.forEach(this::compareGathered);
    }

    private boolean isGathered(String section) {
        if (section.startsWith(".livepatch.")) {
            return false;
        }
        if (GATHERED_BY_LINKERS.matcher(section).matches()) {
            return true;
        }
        if (IDENTIFIER.matcher(section).matches()) {
            return List.of(original, patched).stream()
                    .map(side -> side.file().globals())
                    .anyMatch(globals ->
                            globals.containsKey("__start_" + section) || globals.containsKey("__stop_" + section));
        }
        return links.scripted() && !section.matches("\\.(text|rodata|data|bss|tdata|tbss|gcc_except_table)(\\..*)?");
    }

    /** A table that is gathered from all objects must get the same entries from these. */
    private void compareGathered(String section) {
        List<Part> before = parts(original, section);
        List<Part> after = parts(patched, section);
        boolean same = before.size() == after.size();
        String first = "";
        for (int i = 0; i < Math.min(before.size(), after.size()) && first.isEmpty(); i++) {
            if (!Objects.equals(
                            before.get(i).object().name(), after.get(i).object().name())
                    || !isSame.test(before.get(i), after.get(i))) {
                first = after.get(i).name();
                same = false;
            }
        }
        if (!same) {
            find(
                    section,
                    before.size() == after.size()
                            ? "the linker gathers a table of %s, in which `%s` differs".formatted(section, first)
                            : "the linker gathers a table of %s, of %d entries instead of %d from these objects"
                                    .formatted(section, after.size(), before.size()));
        }
    }

    private static List<Part> parts(Side side, String section) {
        Map<String, List<Part>> byObject = new HashMap<>();
        List<Part> parts = new ArrayList<>();
        for (ObjectPieces object : side.objects()) {
            List<Part> own = byObject.computeIfAbsent(object.name(), _ -> new ArrayList<>());
            for (Piece piece : object.pieces()) {
                if (piece.section().name().equals(section) && piece.sizeBytes() > 0) {
                    own.add(new Part(object, piece));
                }
            }
            parts.addAll(own);
        }
        return parts;
    }
}
