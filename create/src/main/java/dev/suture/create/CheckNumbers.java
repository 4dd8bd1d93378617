package dev.suture.create;

import dev.suture.LivePatchException;
import dev.suture.Refusal;
import dev.suture.build.Cause;
import dev.suture.build.LineMap;
import dev.suture.build.PatchedFile;
import dev.suture.build.SourceText;
import dev.suture.diff.Comparison;
import dev.suture.diff.Piece;
import dev.suture.dwarf.SourceFiles;
import dev.suture.source.ConstantUses;
import dev.suture.source.ConstantUses.Found;
import dev.suture.source.ConstantUses.Use;
import dev.suture.types.NumberChange;
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
import java.util.stream.Collectors;

/**
 * Finds numbers with a name that memory of the running system holds and that are others with the patch.
 *
 * <p>A limit that is raised is what many fixes are made of, and nothing that lives has it. A flag that gets another bit is
 * set in objects at its old one. So what counts is what the source does with the number ({@link ConstantUses}): is it put
 * into memory, and is memory asked for it? Both together are a refusal. For a constant of an enum, of which values live
 * wherever the enum does, it is enough that nobody can tell where it goes. One that only counts the others is a limit.
 */
final class CheckNumbers {
    private static final long GREATEST_SOURCE_BYTES = 4L << 20;

    private final List<PatchedFile> files;
    private final List<Comparison> comparisons;
    private final Set<String> allowed;
    private final List<Refusal> refusals = new ArrayList<>();
    /** Macros that are gone, and those that are new. */
    private final Map<NumberChange, Map<String, String>> renamed = new LinkedHashMap<>();

    private final List<String> warnings = new ArrayList<>();

    private CheckNumbers(List<PatchedFile> files, List<Comparison> comparisons, Set<String> allowed) {
        this.files = files;
        this.comparisons = comparisons;
        this.allowed = allowed;
    }

    /**
     * {@return what was found}
     *
     * @param enumerators constants of enums with other values, and the objects that have them
     */
    static CheckNumbers check(
            List<PatchedFile> files,
            List<Comparison> comparisons,
            Map<NumberChange, List<String>> enumerators,
            Set<String> allowed) {
        CheckNumbers check = new CheckNumbers(files, comparisons, allowed);
        Map<NumberChange, List<String>> numbers = new LinkedHashMap<>(enumerators);
        check.macros().forEach(macro -> numbers.put(macro, List.of(macro.of())));
        boolean isNothing = numbers.isEmpty() && check.renamed.isEmpty();
        if (!isNothing && !comparisons.isEmpty()) {
            check.run(numbers);
        }
        return check;
    }

    List<Refusal> refusals() {
        return refusals;
    }

    List<String> warnings() {
        return warnings;
    }

    /** {@return the macros that stand for another number with the patch} */
    private List<NumberChange> macros() {
        if (files.stream().noneMatch(CheckNumbers::changesMacro)) {
            return List.of();
        }
        Map<String, String> before = new LinkedHashMap<>();
        Map<String, String> after = new HashMap<>();
        Map<String, String> definedIn = new HashMap<>();
        for (PatchedFile file : files) {
            file.original()
                    .ifPresent(text -> ConstantUses.numbers(text.text()).forEach((name, value) -> {
                        before.merge(name, value, CheckNumbers::both);
                        definedIn.put(name, file.path());
                    }));
            file.patched()
                    .ifPresent(text -> ConstantUses.numbers(text.text())
                            .forEach((name, value) -> after.merge(name, value, CheckNumbers::both)));
        }
        List<NumberChange> changed = new ArrayList<>();
        Map<String, String> fresh = new LinkedHashMap<>(after);
        fresh.keySet().removeAll(before.keySet());
        before.forEach((name, value) -> {
            String now = after.get(name);
            if (now == null && !fresh.isEmpty()) {
                renamed.put(new NumberChange(name, value, "", NumberChange.Kind.MACRO, definedIn.get(name)), fresh);
            }
            if (now != null && !isSameNumber(value, now)) {
                changed.add(new NumberChange(name, value, now, NumberChange.Kind.MACRO, definedIn.get(name)));
            }
        });
        return changed;
    }

    private static String both(String one, String other) {
        return one.equals(other) ? one : one + " or " + other;
    }

    private static boolean changesMacro(PatchedFile file) {
        return file.original().isPresent()
                && file.lines().changed().stream()
                        .anyMatch(change -> removed(file.original().get(), change).stream()
                                .anyMatch(line -> line.contains("define")
                                        || line.stripTrailing().endsWith("\\")));
    }

    private static List<String> removed(SourceText text, LineMap.Change change) {
        int from = Math.max(0, change.originalLine() - 2);
        int to = Math.min(text.lines().size(), change.originalLine() - 1 + change.originalCount());
        return from < to ? text.lines().subList(from, to) : List.of();
    }

    private static boolean isSameNumber(String one, String other) {
        return one.equals(other) || number(one).isPresent() && number(one).equals(number(other));
    }

    private static Optional<Long> number(String text) {
        String digits = text.replaceAll("[()\\s]", "").replaceAll("(?i)(?<=\\d)(u?l{0,2}|l{1,2}u)$", "");
        try {
            boolean isOctal = digits.length() > 1 && digits.startsWith("0") && !digits.startsWith("0x");
            return Optional.of(isOctal ? Long.parseLong(digits, 8) : Long.decode(digits));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private void run(Map<NumberChange, List<String>> numbers) {
        Set<String> memory = comparisons.stream()
                .flatMap(comparison -> comparison.original().pieces().stream())
                .filter(Piece::holdsState)
                .map(piece -> piece.name().replaceAll("\\.\\d+$", ""))
                .collect(Collectors.toSet());
        List<String> originals = new ArrayList<>();
        List<String> patched = new ArrayList<>();
        for (PatchedFile file : files) {
            file.original().ifPresent(text -> originals.add(text.text()));
            file.patched().ifPresent(text -> patched.add(text.text()));
        }
        for (String text : others()) {
            originals.add(text);
            patched.add(text);
        }
        ConstantUses before = new ConstantUses(originals, memory);
        ConstantUses after = new ConstantUses(patched, memory);
        numbers.forEach((number, objects) -> judge(number, objects, before, after, number.name()));
        renamed.forEach((gone, fresh) -> judgeRenamed(gone, fresh, before, after));
    }

    /** {@return the sources, headers included, that the patches leave alone} */
    private List<String> others() {
        Set<Path> paths = new LinkedHashSet<>();
        for (Comparison comparison : comparisons) {
            paths.addAll(SourceFiles.of(comparison.patched().elf()));
        }
        List<String> texts = new ArrayList<>();
        for (Path path : paths) {
            boolean isPatched = files.stream().anyMatch(file -> path.endsWith(Path.of(file.path())));
            try {
                if (!isPatched && Files.isRegularFile(path) && Files.size(path) <= GREATEST_SOURCE_BYTES) {
                    texts.add(SourceText.read(path).text());
                }
            } catch (IOException e) {
                throw new LivePatchException("cannot read %s: %s".formatted(path, Cause.of(e)), e);
            }
        }
        return texts;
    }

    /** A macro that is gone lives on under another name, if the code that kept the one keeps the other. */
    private void judgeRenamed(NumberChange gone, Map<String, String> fresh, ConstantUses before, ConstantUses after) {
        List<String> kept = before.of(gone.name()).stream()
                .filter(found -> found.use() == Use.KEPT)
                .map(Found::code)
                .toList();
        fresh.forEach((name, value) -> {
            boolean isSameCode = !kept.isEmpty()
                    && !isSameNumber(gone.original(), value)
                    && after.of(name).stream()
                            .map(found -> found.code().replace(name, gone.name()))
                            .anyMatch(kept::contains);
            if (isSameCode) {
                judge(
                        new NumberChange(gone.name(), gone.original(), name + " = " + value, gone.kind(), gone.of()),
                        List.of(gone.of()),
                        before,
                        after,
                        name);
            }
        });
    }

    private void judge(
            NumberChange number, List<String> objects, ConstantUses before, ConstantUses after, String nameInPatched) {
        List<Found> uses = before.of(number.name());
        List<Found> now = after.of(nameInPatched);
        Optional<Found> kept = first(uses, Use.KEPT);
        Optional<Found> passedOn = first(uses, Use.PASSED_ON);
        Optional<Found> asked = first(now, Use.ASKED).or(() -> first(uses, Use.ASKED));
        String change = "`%s` is %s in the running system and %s with the patch"
                .formatted(number.name(), number.original(), number.patched());
        boolean isEnumerator = number.kind() == NumberChange.Kind.ENUMERATOR;
        boolean mayBeKept = kept.isPresent() || passedOn.isPresent() || !before.isComplete();
        if (allowed.contains(number.name()) || allowed.contains(number.of())) {
            warnings.add("allowed as you asked: " + change);
        } else if (kept.isPresent() && asked.isPresent() || isEnumerator && mayBeKept) {
            refusals.add(new Refusal(
                    String.join(", ", objects),
                    number.name(),
                    "%s, and memory holds the old one: %s".formatted(change, where(kept.or(() -> passedOn), asked)),
                    "Leave the old numbers as they are, and give what is new one of its own. If nothing that lives holds"
                            + " it, pass --allow-type '%s'.".formatted(number.name())));
        } else if (kept.isPresent() || passedOn.isPresent() && asked.isPresent() || !before.isComplete()) {
            warnings.add("%s; look whether anything that lives holds the old one: %s"
                    .formatted(change, where(kept.or(() -> passedOn), asked)));
        }
    }

    private static Optional<Found> first(List<Found> uses, Use use) {
        return uses.stream().filter(found -> found.use() == use).findFirst();
    }

    private static String where(Optional<Found> kept, Optional<Found> asked) {
        Set<String> words = new LinkedHashSet<>();
        kept.ifPresent(found ->
                words.add("`%s` %s it".formatted(found.code(), found.use() == Use.KEPT ? "keeps" : "passes on")));
        asked.ifPresent(found -> words.add("`%s` asks for it".formatted(found.code())));
        return words.isEmpty() ? "its sources cannot be read" : String.join(", ", words);
    }
}
