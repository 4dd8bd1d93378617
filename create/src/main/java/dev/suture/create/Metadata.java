package dev.suture.create;

import dev.suture.Version;
import dev.suture.build.SourcePatch;
import dev.suture.effect.Effects;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a payload says about itself in {@code .modinfo}. */
final class Metadata {
    private static final Pattern ADVISORY = Pattern.compile("\\b(XSA-\\d+|CVE-\\d{4}-\\d{4,7})\\b");

    private Metadata() {}

    /**
     * {@return {@code key=value}: the payload's name, the patches' subjects, the advisories they name, this program's
     * version, what the user adds, and what does not take effect at the next call}
     *
     * @throws IOException if a patch cannot be read
     */
    static List<String> of(PayloadRequest request, List<SourcePatch> patches, Effects effects) throws IOException {
        List<String> metadata = new ArrayList<>(of(request, patches));
        metadata.addAll(effects.metadata());
        return metadata;
    }

    /**
     * {@return the same of a payload of which it is not known yet when it takes effect}
     *
     * @throws IOException if a patch cannot be read
     */
    static List<String> of(PayloadRequest request, List<SourcePatch> patches) throws IOException {
        List<String> metadata = new ArrayList<>();
        metadata.add("name=" + request.name());
        patches.stream()
                .map(SourcePatch::subject)
                .filter(subject -> !subject.isBlank())
                .forEach(subject -> metadata.add("patch=" + subject));
        Set<String> advisories = new TreeSet<>();
        for (SourcePatch patch : patches) {
            addAdvisories(patch.file(), advisories);
        }
        for (String advisory : advisories) {
            metadata.add((advisory.startsWith("XSA") ? "xsa=" : "cve=") + advisory);
        }
        metadata.add("tool=suture " + Version.text());
        metadata.addAll(request.metadata());
        return metadata;
    }

    /** Only what its author says about the patch counts, not the source that it changes. */
    private static void addAdvisories(Path patch, Set<String> advisories) throws IOException {
        for (String line : Files.readString(patch, StandardCharsets.ISO_8859_1).split("\n")) {
            if (line.startsWith("diff ") || line.startsWith("--- ")) {
                return;
            }
            Matcher matcher = ADVISORY.matcher(line);
            while (matcher.find()) {
                advisories.add(matcher.group());
            }
        }
    }
}
