package dev.suture.cli.factory;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** Edits lines in functions of real C source by chance, as text: whether it still compiles is for a compiler to say. */
public enum EditXen {
    NUMBER("(?<![\\w.])[0-9]+(?=[,;) ])", found -> "%d".formatted(Long.parseLong(found) + 1)),
    LESS(" < | <= | > | >= ", found -> found.contains("=") ? found.replace("=", "") : found.stripTrailing() + "= "),
    EQUAL(" == | != ", found -> found.equals(" == ") ? " != " : " == "),
    AND(" && | \\|\\| ", found -> found.equals(" && ") ? " || " : " && "),
    ERROR("-E(INVAL|BUSY|PERM|NOMEM|FAULT|SRCH|NOENT)\\b", found -> found.equals("-EINVAL") ? "-EBUSY" : "-EINVAL"),
    TEXT("\"[a-z ]{4,}", found -> found + "!"),
    CONDITION("^ +if \\( [^()]+ \\)$", found -> found.replace("( ", "( !(").replace(" )", ") )")),
    STEP_REMOVED("^ +\\w+\\([^()]*\\);$", found -> found.replaceFirst("\\w.*", ";")),
    STEP_TWICE("^ +\\w+\\([^()]*\\);$", found -> "%s%n%s".formatted(found, found)),
    COUNTED(
            "^    (?!return|break|goto|case|default)\\w[^:]*;$",
            found -> found + "\n    { static unsigned int suture_count; suture_count += 2; }"),
    SAID(
            "^    return [^;]+;$",
            found -> "    { static bool suture_once; if ( !suture_once ) suture_once = 1; }\n" + found),
    ALTERED(
            "^    return (\\w+);$",
            found -> found.replaceFirst("return (\\w+)", "return $1 + 0 * sizeof($1) ? $1 : $1"));

    private final Pattern what;
    private final UnaryOperator<String> change;

    EditXen(String what, UnaryOperator<String> change) {
        this.what = Pattern.compile(what);
        this.change = change;
    }

    /** {@return the source with one such edit; empty if it has no place for it} */
    Optional<String> apply(String source, Dice dice) {
        List<String> lines = new ArrayList<>(source.lines().toList());
        List<Integer> places = IntStream.range(0, lines.size())
                .filter(i -> lines.get(i).startsWith("    ") && !lines.get(i).contains("\\"))
                .filter(i -> what.matcher(lines.get(i)).find())
                .boxed()
                .toList();
        if (places.isEmpty()) {
            return Optional.empty();
        }
        int place = dice.pick(places);
        List<MatchResult> all = what.matcher(lines.get(place)).results().toList();
        MatchResult one = dice.pick(all);
        String line = lines.get(place);
        lines.set(place, line.substring(0, one.start()) + change.apply(one.group()) + line.substring(one.end()));
        return Optional.of(String.join("\n", lines) + "\n");
    }

    /**
     * Writes a patch of one edit.
     *
     * @param sources the files that may be edited, from the root of the tree
     * @return the kind of the edit and the file
     */
    public static String write(Path tree, List<String> sources, Dice dice, Path patch)
            throws IOException, InterruptedException {
        while (true) {
            String name = dice.pick(sources);
            EditXen edit = dice.pick(values());
            Path before = tree.resolve(name);
            Optional<String> edited = edit.apply(Files.readString(before, StandardCharsets.ISO_8859_1), dice);
            if (edited.isEmpty()) {
                continue;
            }
            Path after = Files.writeString(patch.resolveSibling("edited.c"), edited.get(), StandardCharsets.ISO_8859_1);
            Process diff = new ProcessBuilder(
                            "diff", "-u", "--label=a/" + name, "--label=b/" + name, before.toString(), after.toString())
                    .redirectOutput(patch.toFile())
                    .start();
            if (diff.waitFor() == 1) {
                return edit + " " + name;
            }
        }
    }
}
