package dev.suture.cli.xen;

import dev.suture.build.SourcePatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Three edits of {@code common/version.c}, each on top of the one before, as they come from week to week. */
final class XenSeries {
    private static final String FILE = "xen/common/version.c";

    private XenSeries() {}

    /** {@return the patches {@code first}, {@code second} and {@code third} of the source in a tree} */
    static List<SourcePatch> patches(Path tree, Path folder) throws IOException, InterruptedException {
        String original = Files.readString(tree.resolve(FILE));
        String first = edit(original, """
                const char *xen_extra_version(void)
                {
                    return XEN_EXTRAVERSION;
                """, """
                static noinline const char *suture_pick(unsigned int which)
                {
                    return which ? "-one" : "-none";
                }

                const char *noinline suture_word(unsigned int which)
                {
                    return which > 100 ? "many" : "few";
                }

                const char *xen_extra_version(void)
                {
                    static char text[12];
                    static unsigned int calls = 7;

                    calls++;
                    snprintf(text, sizeof(text), "%s%u%c", suture_pick(calls), calls, *suture_word(calls));

                    return text;
                """);
        // Changes a function that the first replaces and one that it brings; one more static local of the same name.
        String second = edit(edit(first, """
                    return which ? "-one" : "-none";
                """, """
                    static unsigned int calls = 1;

                    return which & calls++ ? "-odd" : "-even";
                """), "\"%s%u%c\"", "\"%s%u.%c\"");
        // Uses a function that the first brings.
        String third =
                edit(second, "    return XEN_CHANGESET;", "    return suture_word(strlen(xen_compile_date()) + 100);");
        return List.of(
                patch(folder, "first", original, first),
                patch(folder, "second", first, second),
                patch(folder, "third", second, third));
    }

    private static String edit(String text, String before, String after) {
        if (!text.contains(before)) {
            throw new IllegalStateException("%s has no '%s'".formatted(FILE, before));
        }
        return text.replace(before, after);
    }

    /** {@return the difference of two texts of a source as a patch} */
    static SourcePatch patch(Path folder, String name, String before, String after)
            throws IOException, InterruptedException {
        Path patch = folder.resolve(name + ".patch");
        List<String> command = new ArrayList<>(List.of("diff", "-u", "--label=a/" + FILE, "--label=b/" + FILE));
        command.add(Files.writeString(folder.resolve(name + ".before"), before).toString());
        command.add(Files.writeString(folder.resolve(name + ".after"), after).toString());
        Process diff =
                new ProcessBuilder(command).redirectOutput(patch.toFile()).start();
        diff.waitFor(1, TimeUnit.MINUTES);
        return SourcePatch.read(patch);
    }
}
