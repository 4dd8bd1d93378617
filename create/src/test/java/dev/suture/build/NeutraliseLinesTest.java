package dev.suture.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.elf.ElfFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NeutraliseLinesTest {
    private static final Pattern MARKER = Pattern.compile("marker_(\\d+)_at_(\\d+)");

    @TempDir
    Path directory;

    @BeforeAll
    static void needGcc() {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/gcc")), "no gcc at /usr/bin/gcc");
    }

    private Path gcc(SourceText source, String... options) throws IOException {
        Files.writeString(directory.resolve("source.c"), source.text(), StandardCharsets.ISO_8859_1);
        Path output = Files.createTempFile(directory, "output", ".o");
        Path log = directory.resolve("gcc.log");
        List<String> command = new ArrayList<>(List.of("gcc", "-Wall", "-Werror", "-O2"));
        command.addAll(List.of(options));
        command.addAll(List.of("source.c", "-o", output.toString()));
        int status = ChildProcess.run(command, directory, Map.of(), directory.toString(), log, line -> {});
        assertThat(status).as(() -> source.text()).isZero();
        return output;
    }

    @Test
    void aFunctionBelowThePatchThatUsesItsLineCompilesToTheSameBytes() throws IOException {
        String code = """
                void report(int line);
                void first(int x)
                {
                    if ( x )
                        report(__LINE__);
                }
                void second(int x)
                {
                    report(__LINE__ + x);
                }
                """;
        SourceText original = SourceText.of(code);
        SourceText patched = SourceText.of(code.replace("    if ( x )", "    x++;\n    x *= 3;\n    if ( x )"));
        String[] options = {"-c", "-ffunction-sections"};

        ElfFile before = ElfFile.read(gcc(original, options));
        ElfFile shifted = ElfFile.read(gcc(patched, options));
        ElfFile after =
                ElfFile.read(gcc(NeutraliseLines.neutralise(original, patched).text(), options));

        assertThat(bytes(shifted, ".text.second")).isNotEqualTo(bytes(before, ".text.second"));
        assertThat(bytes(after, ".text.second")).isEqualTo(bytes(before, ".text.second"));
        assertThat(bytes(after, ".text.first")).isNotEqualTo(bytes(before, ".text.first"));
    }

    private static byte[] bytes(ElfFile file, String section) {
        return file.section(section).orElseThrow().bytes();
    }

    @Test
    void noDirectiveStandsInACommentAMacroDefinitionOrBetweenParentheses() {
        SourceText original = SourceText.of("int a;\nint b;\n");
        SourceText patched = SourceText.of("int a;\nint added;\nint b;\n");
        assertThat(NeutraliseLines.neutralise(original, patched).text().text())
                .isEqualTo("int a;\nint added;\n#line 2\nint b;\n");

        String tail = "  still a comment */\n#define TWO \\\n  2\nint f(int x,\n      int y);\nint end;\n";
        NeutralSource neutral = NeutraliseLines.neutralise(
                SourceText.of("/* a comment\n" + tail), SourceText.of("/* a comment\nmore\n" + tail));

        assertThat(neutral.text().text())
                .isEqualTo("/* a comment\nmore\n" + tail.replace("#define", "#line 3\n#define"));
        assertThat(neutral.map().compiledLine(2)).hasValue(3);
        assertThat(neutral.map().compiledLine(3)).hasValue(3);
        assertThat(neutral.map().patchedLine(3)).hasValue(4);
    }

    @Test
    void aChangeInALeftOutGroupIsMadeGoodAfterIt() throws IOException {
        SourceText original = SourceText.of("#if 0\nint a;\nint b;\n#endif\nint line = __LINE__;\n");
        SourceText patched = SourceText.of("#if 0\nint a;\nint c;\nint b;\n#endif\nint line = __LINE__;\n");

        Path output = gcc(NeutraliseLines.neutralise(original, patched).text(), "-E", "-P");

        assertThat(Files.readString(output)).contains("int line = 5;");
    }

    /** Random edits of a source with all that makes a directive unsafe: what gcc sees must be what the map says. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
    void gccSeesEveryUntouchedLineUnderTheNumberOfTheMap(long seed) throws IOException {
        Random random = new Random(seed);
        List<String> originalLines = new ArrayList<>();
        List<String> patchedLines = new ArrayList<>();
        Map<String, Integer> originalLineOfMarker = new HashMap<>();
        for (int i = 0; i < 60; i++) {
            List<String> piece = piece(random, i);
            int start = originalLines.size();
            originalLines.addAll(piece);
            for (int j = 0; j < piece.size(); j++) {
                if (piece.get(j).contains("MARK")) {
                    originalLineOfMarker.put(Integer.toString(i), start + j + 1);
                }
                int edit = random.nextInt(12);
                if (edit == 0) {
                    patchedLines.add(j == 0 ? "int added_%d_%d;".formatted(i, j) : "");
                }
                patchedLines.add(piece.get(j));
            }
        }
        SourceText original = new SourceText(originalLines, true);
        NeutralSource neutral = NeutraliseLines.neutralise(original, new SourceText(patchedLines, true));

        String seen = Files.readString(gcc(
                neutral.text(),
                "-E",
                "-P",
                "-DMARK(n)=PASTE(n, __LINE__)",
                "-DPASTE(n,l)=PASTE2(n, l)",
                "-DPASTE2(n,l)=marker_##n##_at_##l",
                "-DCALL(a,b)=a b"));

        Matcher marker = MARKER.matcher(seen);
        int markers = 0;
        while (marker.find()) {
            int originalLine = originalLineOfMarker.get(marker.group(1));
            assertThat(neutral.map().compiledLine(originalLine))
                    .as("marker " + marker.group(1))
                    .hasValue(Integer.parseInt(marker.group(2)));
            markers++;
        }
        assertThat(markers).isGreaterThan(10);
    }

    private static List<String> piece(Random random, int number) {
        return switch (random.nextInt(7)) {
            case 0 -> List.of("/* a comment (", "", " * of \" lines", " */");
            case 1 -> List.of("#if 0", "int out_%d = (1".formatted(number), ";", "#else", "", "#endif");
            case 2 -> List.of("#define M_%d(x) \\".formatted(number), "   (x + ", "");
            case 3 -> List.of("int f_%d(int a,".formatted(number), "", "   int b);");
            case 4 -> List.of("char s_%d[] = \"(/*\\\"\"; char c_%d = '\"';".formatted(number, number));
            default -> List.of("int MARK(%d);".formatted(number));
        };
    }
}
