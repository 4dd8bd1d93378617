package dev.suture.diff;

import dev.suture.Refusal;
import dev.suture.build.LineMap;
import dev.suture.build.NeutraliseLines;
import dev.suture.build.SourceText;
import dev.suture.diff.Comparison.Status;
import dev.suture.diff.Correlation.MatchedBy;
import dev.suture.elf.ElfFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/** A patch: sources before and after it, compiled, compared and selected from. */
public final class Change {
    /** Those of a hypervisor in which what {@code memcpy} copies (rsi) is seen not to be kept. */
    static final TargetTraits TRAITS = TargetTraits.HYPERVISOR.knowing(Map.of("memcpy", 1 << 6));

    private static final SpecialSections TABLES = SpecialSections.xenX86(17);

    private final List<Path> originals = new ArrayList<>();
    private final List<Path> patcheds = new ArrayList<>();
    private final List<Comparison> comparisons = new ArrayList<>();
    private final Set<String> accepted = new HashSet<>();

    private Change() {}

    /** {@return a patch of one object, {@code unit.o}} */
    public static Change of(String original, String patched, String... options) {
        return new Change().and("unit.c", original, patched, options);
    }

    /** {@return a patch of one object from C++} */
    static Change ofCxx(String original, String patched, String... options) {
        Change change = new Change();
        change.add(
                "unit.o",
                Tools.compile("g++", "unit.cc", original, cxx(options)),
                Tools.compile("g++", "unit.cc", patched, cxx(options)),
                LineNumbers.UNMOVED,
                lines(original, patched));
        return change;
    }

    private static List<String> cxx(String... options) {
        List<String> all = new ArrayList<>(List.of("-O2", "-ffunction-sections", "-fdata-sections"));
        all.addAll(List.of(options));
        return all;
    }

    /** {@return a patch of one object for which line numbers moved} */
    static Change withLines(LineNumbers lines, String original, String patched, String... options) {
        Change change = new Change();
        change.add("unit.o", Tools.gcc("unit.c", original, options), Tools.gcc("unit.c", patched, options), lines);
        return change;
    }

    /** {@return a patch of one object, from assembly} */
    public static Change ofAssembly(String original, String patched) {
        return ofObjects(
                Tools.compile("gcc", "unit.s", original, List.of()),
                Tools.compile("gcc", "unit.s", patched, List.of()));
    }

    /** {@return a patch of one object} */
    public static Change ofObjects(Path original, Path patched) {
        Change change = new Change();
        change.add("unit.o", original, patched, LineNumbers.UNMOVED);
        return change;
    }

    /** {@return this patch with one more object} */
    public Change and(String name, String original, String patched, String... options) {
        add(
                name.replace(".c", ".o"),
                Tools.gcc(name, original, options),
                Tools.gcc(name, patched, options),
                LineNumbers.UNMOVED,
                lines(original, patched));
        return this;
    }

    private void add(String name, Path original, Path patched, LineNumbers lines) {
        add(name, original, patched, lines, SourceLines.UNKNOWN);
    }

    private void add(String name, Path original, Path patched, LineNumbers numbers, SourceLines lines) {
        originals.add(original);
        patcheds.add(patched);
        comparisons.add(
                Compare.compare(Correlate.correlate(split(name, original), split(name, patched), lines), numbers));
    }

    /** The sources are compiled as they are. */
    private static SourceLines lines(String original, String patched) {
        LineMap map = NeutraliseLines.keep(text(original), text(patched)).map();
        return new SourceLines() {
            @Override
            public OptionalLong untouched(String file, long line) {
                OptionalInt found = map.compiledLine((int) line);
                return found.isPresent() ? OptionalLong.of(found.getAsInt()) : OptionalLong.empty();
            }

            @Override
            public boolean replaced(String file, long before, long after) {
                return map.replaced((int) before, (int) after);
            }
        };
    }

    private static SourceText text(String source) {
        return SourceText.of(source);
    }

    static ObjectPieces split(String name, Path file) {
        return SplitObject.split(name, ElfFile.read(file), TABLES);
    }

    public List<Path> originals() {
        return originals;
    }

    public List<Path> patcheds() {
        return patcheds;
    }

    Comparison comparison() {
        return comparisons.getFirst();
    }

    public Selection select() {
        return Select.select(comparisons, TRAITS.accepting(Set.copyOf(accepted)));
    }

    /** {@return this patch, of which a variable may start anew} */
    public Change accepting(String variable) {
        accepted.add(variable);
        return this;
    }

    /** {@return the verdict on what has that name in the patched object} */
    Status status(String name) {
        return comparison().status(patched(name));
    }

    Piece patched(String name) {
        return comparison().patched().named(name).orElseThrow(() -> new AssertionError("no " + name));
    }

    /** {@return what the difference of that function or variable is said to be} */
    String difference(String name) {
        return comparison().difference(patched(name)).map(Difference::what).orElse("");
    }

    /** {@return the original name of what has that name in the patched object, and how that was found out} */
    String twin(String name) {
        Correlation correlation = comparison().correlation();
        Piece piece = patched(name);
        return correlation
                .twinOfPatched(piece)
                .map(twin -> twin.name() + " "
                        + correlation.matchedBy(piece).map(MatchedBy::name).orElse("?"))
                .orElse("none");
    }

    /** {@return the verdicts on all that is named, in the order of the patched object} */
    String verdicts() {
        return comparison().patched().pieces().stream()
                .filter(Piece::isNamed)
                .map(piece -> piece.name() + " " + comparison().status(piece))
                .collect(Collectors.joining("\n"));
    }

    /** {@return what goes into the payload, what is left out, and what is refused, a line each} */
    String explain() {
        Selection selection = select();
        List<String> lines = new ArrayList<>();
        for (Selection.Chosen chosen : selection.chosen()) {
            String reason = chosen.why() == Selection.Why.REPLACED ? "" : ": " + chosen.reason();
            lines.add("%s %s%s"
                    .formatted(
                            chosen.why().name().toLowerCase(java.util.Locale.ROOT),
                            describe(selection, chosen),
                            reason));
        }
        selection
                .leftOut()
                .forEach(left -> lines.add("left out %s %s: %s".formatted(left.object(), left.symbol(), left.why())));
        selection.refusals().forEach(refusal -> lines.add(refusal.text()));
        return lines.stream().map(line -> line + "\n").collect(Collectors.joining());
    }

    private static String describe(Selection selection, Selection.Chosen chosen) {
        Piece piece = chosen.piece();
        ObjectPieces object = selection.objects().get(chosen.id().object()).patched();
        return switch (piece.kind()) {
            case FUNCTION, DATA -> piece.name();
            case FRAGMENT -> piece.symbols().isEmpty() ? piece.section().name() : piece.name();
            case STRING -> {
                byte[] bytes = object.contents(piece).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
                yield '"' + new String(bytes, 0, bytes.length - 1, StandardCharsets.ISO_8859_1) + '"';
            }
            case CONSTANT, NAMELESS_DATA, SPECIAL_ENTRY, ASSEMBLY ->
                piece.section().name();
        };
    }

    /** {@return why the patch cannot go live, as the user reads it} */
    String refusals() {
        return select().refusals().stream().map(Refusal::text).collect(Collectors.joining("\n"));
    }

    /** {@return why the patch cannot go live on another kind of target} */
    String refusals(TargetTraits traits) {
        return Select.select(comparisons, traits).refusals().stream()
                .map(Refusal::text)
                .collect(Collectors.joining("\n"));
    }

    /** {@return the names of what goes in, in order} */
    List<String> chosen() {
        Selection selection = select();
        return selection.chosen().stream()
                .map(chosen -> describe(selection, chosen))
                .toList();
    }
}
