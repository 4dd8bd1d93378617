package dev.suture.dwarf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import dev.suture.LivePatchException;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever the bytes are, there is a result or a {@link LivePatchException}, soon. */
@Tag("fuzz")
@Timeout(120)
class HostileDwarfTest {
    private static final String SMALL = """
            typedef struct { int n; } t;
            struct s { int a : 3; t list[2]; union { int x; long y; }; int (*f)(struct s *, t); };
            enum e { A, B };
            static inline int helper(struct s *p) { static int calls; return p->x + ++calls; }
            int use(struct s *p, enum e e) { return helper(p) + helper(p + 1) + e; }
            __attribute__((cold)) int rare(struct s *p) { struct s copy = *p; return use(&copy, B); }
            void _start(void) { rare((struct s *) 0); }
            """;
    private static final int MUTATIONS = 4000;

    @TempDir
    Path directory;

    private byte[] object(String options) throws IOException {
        CompiledSource compiled = new CompiledSource(directory);
        return Files.readAllBytes(compiled.compile(
                options.startsWith("clang") ? "clang" : "gcc",
                ".c",
                SMALL,
                List.of(("-g -O2 " + options.replace("clang ", "")).split(" "))));
    }

    private static void readEverything(byte[] bytes, String what) {
        try {
            ElfFile elf = ElfFile.read(what, bytes);
            tryToRead(() -> {
                Types types = Types.read(elf);
                LayoutChanges.between(types, types);
            });
            tryToRead(() -> Functions.read(elf));
            tryToRead(() -> LineTable.read(elf));
        } catch (LivePatchException expected) {
            assertThat(expected).hasMessageContaining(what);
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError unexpected) {
            fail(what, unexpected);
        }
    }

    private static void tryToRead(Runnable read) {
        try {
            read.run();
        } catch (DwarfFormatException expected) {
            assertThat(expected.section()).startsWith(".");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-c -gdwarf-5",
                "-c -gdwarf-4",
                "-c -gdwarf-4 -fdebug-types-section",
                "-c -gz=zlib",
                "clang -c -gdwarf-5",
                "-gdwarf-5 -nostdlib",
                "-gdwarf-4 -nostdlib"
            })
    void anyByteOfADebugSectionMayBeAnother(String options) throws IOException {
        byte[] original = object(options);
        List<Section> sections = ElfFile.read("original", original).sections().stream()
                .filter(section -> section.name().contains(".debug_") && section.sizeBytes() > 0)
                .toList();
        Random random = new Random(1);
        long start = System.nanoTime();
        for (int round = 0; round < MUTATIONS; round++) {
            byte[] mutated = original.clone();
            int changes = 1 + random.nextInt(4);
            for (int change = 0; change < changes; change++) {
                Section section = sections.get(random.nextInt(sections.size()));
                int at = (int) section.fileOffset() + random.nextInt((int) section.sizeBytes());
                mutated[at] = (byte)
                        switch (random.nextInt(4)) {
                            case 0 -> 0;
                            case 1 -> 0xff;
                            case 2 -> mutated[at] ^ 1 << random.nextInt(8);
                            default -> random.nextInt(256);
                        };
            }
            readEverything(mutated, "mutation " + round);
        }
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(100));
    }

    @ParameterizedTest
    @ValueSource(strings = {"-c -gdwarf-5", "-gdwarf-5 -nostdlib", "-gdwarf-4 -nostdlib"})
    void everyDebugSectionMayEndAnywhere(String options) throws IOException {
        byte[] original = object(options);
        ElfFile elf = ElfFile.read("original", original);
        long headers = elf.header().sectionHeaderOffset();
        for (Section section : elf.sections()) {
            if (!section.name().startsWith(".debug_")) {
                continue;
            }
            for (int size = 0; size < section.sizeBytes(); size++) {
                byte[] truncated = original.clone();
                int sizeField = (int) headers + section.index() * 64 + 32;
                for (int at = 0; at < 8; at++) {
                    truncated[sizeField + at] = (byte) ((long) size >>> 8 * at);
                }
                readEverything(truncated, section.name() + " of " + size);
            }
        }
    }

    @Test
    void everyTruncationOfTheFileGivesAResultOrAnError() throws IOException {
        byte[] original = object("-c -gdwarf-5");
        for (int size = 0; size < original.length; size++) {
            readEverything(Arrays.copyOf(original, size), "truncated to " + size);
        }
    }

    /** Debug information in assembly: what no compiler writes. */
    private ElfFile assembled(String entries) {
        String source = """
                .section .debug_abbrev,"",@progbits
                .uleb128 1; .uleb128 0x11; .byte 1; .byte 0,0
                .uleb128 2; .uleb128 0x16; .byte 0; .byte 0x03,0x08, 0x49,0x13, 0,0
                .uleb128 3; .uleb128 0x13; .byte 1; .byte 0x03,0x08, 0x0b,0x0b, 0,0
                .uleb128 4; .uleb128 0x0d; .byte 0; .byte 0x03,0x08, 0x49,0x13, 0x38,0x0b, 0,0
                .uleb128 5; .uleb128 0x13; .byte 1; .byte 0x0b,0x0b, 0,0
                .uleb128 6; .uleb128 0x2e; .byte 0; .byte 0x31,0x13, 0x11,0x01, 0x12,0x0b, 0,0
                .uleb128 7; .uleb128 0x15; .byte 1; .byte 0x49,0x13, 0,0
                .uleb128 8; .uleb128 0x05; .byte 0; .byte 0x49,0x13, 0,0
                .uleb128 9; .uleb128 0x24; .byte 0; .byte 0x03,0x08, 0x0b,0x0b, 0,0
                .byte 0
                .section .debug_info,"",@progbits
                unit: .long end - start
                start: .value 4; .long 0; .byte 8
                .uleb128 1
                %s
                .byte 0
                end:
                .text
                code: .byte 0x90
                """;
        return ElfFile.read(
                new CompiledSource(directory).compile("gcc", ".s", source.formatted(entries), List.of("-c")));
    }

    @Test
    void aTypedefOfItselfIsAnError() {
        ElfFile object = assembled("""
                t: .uleb128 2; .asciz "t"; .long t - unit
                .uleb128 3; .asciz "s"; .byte 8
                .uleb128 4; .asciz "m"; .long t - unit; .byte 0
                .byte 0
                """);

        assertThatThrownBy(() -> Types.read(object))
                .isInstanceOf(DwarfFormatException.class)
                .hasMessageContaining(".debug_info at 0xc: types refer to one another in a circle");
    }

    @Test
    void aTypeWithoutANameThatContainsItselfIsAnError() {
        ElfFile object = assembled("""
                .uleb128 3; .asciz "s"; .byte 8
                .uleb128 4; .asciz "m"; .long u - unit; .byte 0
                .byte 0
                u: .uleb128 5; .byte 8
                .uleb128 4; .asciz "x"; .long u - unit; .byte 0
                .uleb128 4; .asciz "y"; .long u - unit; .byte 0
                .byte 0
                """);

        assertThatThrownBy(() -> Types.read(object)).isInstanceOf(DwarfFormatException.class);
    }

    @Test
    void aFunctionThatIsItsOwnOriginIsAnError() {
        ElfFile object = assembled("f: .uleb128 6; .long f - unit; .quad code; .byte 1");

        assertThatThrownBy(() -> Functions.read(object))
                .isInstanceOf(DwarfFormatException.class)
                .hasMessageContaining("refer one to another");
    }

    @Test
    void descriptionsThatDoubleWithEachStepStayShort() {
        StringBuilder entries = new StringBuilder("t0: .uleb128 9; .asciz \"int\"; .byte 4\n");
        for (int step = 1; step < 100; step++) {
            entries.append("t%d: .uleb128 7; .long t%d - unit; .uleb128 8; .long t%d - unit; .byte 0%n"
                    .formatted(step, step - 1, step - 1));
        }
        ElfFile object = assembled(entries
                + ".uleb128 3; .asciz \"s\"; .byte 8; .uleb128 4; .asciz \"m\"; .long t99 - unit; .byte 0; .byte 0");

        Member member = Types.read(object).named("s").getFirst().members().getFirst();
        assertThat(member.type()).hasSizeLessThan(10_000);
    }

    @Test
    void aHundredThousandOpenLevelsAreNoProblem() {
        ElfFile object = assembled(".rept 100000; .uleb128 5; .byte 8; .endr");

        assertThat(Types.read(object).all()).isEmpty();
        assertThat(Functions.read(object).all()).isEmpty();
    }
}
