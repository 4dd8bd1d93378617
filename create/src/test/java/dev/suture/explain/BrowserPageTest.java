package dev.suture.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.diff.Change;
import dev.suture.explain.PatchLines.PatchLine;
import dev.suture.explain.Review.ShownHunk;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page as a real browser draws it, asked by a script that only the test puts in. */
class BrowserPageTest {
    private static final String OUTER = "int outer(int);\n";
    private static final String LONG =
            "a_name_that_is_longer_than_any_telephone_is_wide_and_has_no_place_to_break_it".repeat(3);
    /** Writes what it finds where {@code --dump-dom} shows it. */
    private static final String ASK = """
            <script>
            addEventListener('load', () => {
              const root = document.documentElement, style = getComputedStyle(document.body);
              const broken = [...document.querySelectorAll('a[href]')]
                  .filter(a => !document.getElementById(a.getAttribute('href').slice(1))).length;
              root.setAttribute('data-found', [innerWidth, root.scrollWidth, style.backgroundColor, style.color,
                  document.querySelectorAll('a[href^="#f"]').length, document.querySelectorAll('a[href^="#h"]').length,
                  broken, matchMedia('(prefers-color-scheme: dark)').matches].join('|'));
            });
            </script></body>
            """;

    @TempDir
    private Path directory;

    private static Optional<Path> browser() {
        return List.of(System.getenv("PATH").split(File.pathSeparator)).stream()
                .map(folder -> Path.of(folder, "chromium"))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private String page() {
        Change change = Change.of(
                OUTER + "int f(void) {\n  return outer(1); }", OUTER + "int f(void) {\n  return outer(2); }", "-g");
        ExplainedPatch explained = Explain.explain(change.select(), new OneLine(), Disassembly.NONE, name -> true);
        ShownHunk hunk = new ShownHunk(
                "unit.c",
                2,
                List.of(" int f(void) {", "-  return outer(1); }", "+  return outer(2); } /* " + LONG + " */"),
                List.of(new PatchLine("unit.c", 3, false), new PatchLine("unit.c", 3, true)));
        Review review = new Review(List.of("From " + LONG), List.of("At the next call."), List.of(LONG), List.of(hunk));
        return ExplainPage.of("Live patch " + LONG, review, explained);
    }

    /** The third line of a unit is replaced. */
    private static final class OneLine implements PatchLines {
        @Override
        public boolean isKnown() {
            return true;
        }

        @Override
        public Optional<PatchLine> removed(String file, long line) {
            return line == 3 ? Optional.of(new PatchLine("unit.c", 3, false)) : Optional.empty();
        }

        @Override
        public List<PatchLine> added(String file, long line) {
            return line == 3 ? List.of(new PatchLine("unit.c", 3, true)) : List.of();
        }

        @Override
        public Optional<Kept> kept(String file, long line) {
            return Optional.empty();
        }

        @Override
        public List<PatchLine> within(String file, int first, int last) {
            return List.of();
        }
    }

    /** {@return what the script found: width, width of the contents, background, color, links to functions, to hunks, broken ones, dark} */
    private String[] look(int width, String... more) throws IOException, InterruptedException {
        Optional<Path> chromium = browser();
        assumeTrue(chromium.isPresent(), "chromium is missing: apt-get install chromium");
        // A window is never narrower than 500 pixels, a frame in it is.
        String text = page().replaceFirst("content=\"default-src[^\"]*\"", "content=\"\"")
                .replace("</body>", ASK);
        Path file = Files.writeString(directory.resolve("page.html"), text);
        Path frame = Files.writeString(directory.resolve("frame.html"), """
                <!DOCTYPE html><html><body><iframe src="page.html" style="width:%dpx;height:900px;border:0"></iframe>
                <script>addEventListener('load', () => setTimeout(() => document.body.setAttribute('data-found',
                    frames[0].document.documentElement.getAttribute('data-found')), 100));</script></body></html>
                """.formatted(width));
        assertThat(file).exists();
        List<String> command = new ArrayList<>(List.of(
                chromium.get().toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--allow-file-access-from-files",
                "--virtual-time-budget=3000",
                "--user-data-dir=" + directory.resolve("profile" + width + more.length)));
        command.addAll(List.of(more));
        command.addAll(List.of("--dump-dom", frame.toUri().toString()));
        Path output = directory.resolve("dom");
        Process process = new ProcessBuilder(command)
                .redirectOutput(output.toFile())
                .redirectError(directory.resolve("errors").toFile())
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        String dom = Files.readString(output, StandardCharsets.UTF_8);
        assertThat(dom).contains("<body data-found=\"");
        int start = dom.indexOf("<body data-found=\"") + "<body data-found=\"".length();
        return dom.substring(start, dom.indexOf('"', start)).split("\\|");
    }

    @Test
    void nothingIsWiderThanATelephone() throws IOException, InterruptedException {
        String[] found = look(360);

        assertThat(found[0]).isEqualTo("360");
        assertThat(Integer.parseInt(found[1])).isLessThanOrEqualTo(360);
    }

    @Test
    void hunksAndFunctionsLeadToEachOther() throws IOException, InterruptedException {
        String[] found = look(1200);

        assertThat(found[4]).as("links to functions").isEqualTo("2");
        assertThat(found[5]).as("links to hunks").isEqualTo("1");
        assertThat(found[6]).as("links that lead nowhere").isEqualTo("0");
    }

    @Test
    void whoWantsItDarkGetsItDark() throws IOException, InterruptedException {
        String[] light = look(800);
        String[] dark = look(800, "--blink-settings=preferredColorScheme=0");

        assertThat(light).contains("false", "rgb(255, 255, 255)");
        assertThat(dark).contains("true", "rgb(13, 17, 23)", "rgb(230, 237, 243)");
    }
}
