package dev.suture.cli.house;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What class files do not show: documentation and size. */
class SourceRulesTest {
    private static final int MOST_LINES = 450;

    @Test
    void everyPackageSaysWhatItIsFor() {
        TreeSet<String> undocumented = new TreeSet<>();
        for (Path source : SourceTree.mainSources()) {
            boolean inPackage = !source.endsWith("module-info.java");
            if (inPackage && !Files.exists(source.resolveSibling("package-info.java"))) {
                undocumented.add(SourceTree.name(source.getParent()));
            }
        }

        assertThat(undocumented).as("packages without package-info.java").isEmpty();
    }

    @Test
    void noFileIsSoLongThatItHidesASecondJob() throws IOException {
        List<String> tooLong = new ArrayList<>();
        for (Path source : SourceTree.mainSources()) {
            int lines = Files.readAllLines(source).size();
            if (lines > MOST_LINES) {
                tooLong.add(SourceTree.name(source) + ": " + lines + " lines");
            }
        }

        assertThat(tooLong).as("files of more than %d lines", MOST_LINES).isEmpty();
    }

    @Test
    void thereIsMainCodeToLookAt() {
        assertThat(SourceTree.mainSources()).hasSizeGreaterThan(10);
    }
}
