package dev.suture.dwarf;

import static org.assertj.core.api.Assertions.assertThat;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever the bytes are, there is a result or a {@link LivePatchException}, soon. */
@Timeout(120)
class HostileDwarfTest {
    private static final String SMALL = """
            typedef struct { int n; } t;
            struct s { int a : 3; t list[2]; union { int x; long y; }; int (*f)(struct s *, t); };
            enum e { A, B };
            static inline int helper(struct s *p) { static int calls; return p->x + ++calls; }
            int use(struct s *p, enum e e) { return helper(p) + helper(p + 1) + e; }
            __attribute__((cold)) int rare(struct s *p) { struct s copy = *p; return use(&copy, B); }
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
                List.of(("-c -g -O2 " + options.replace("clang ", "")).split(" "))));
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
                "-gdwarf-5",
                "-gdwarf-4",
                "-gdwarf-4 -fdebug-types-section",
                "-gdwarf-5 -gz=zlib",
                "clang -gdwarf-5"
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
    @ValueSource(strings = {"-gdwarf-5", "-gdwarf-4"})
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
        byte[] original = object("-gdwarf-5");
        for (int size = 0; size < original.length; size++) {
            readEverything(Arrays.copyOf(original, size), "truncated to " + size);
        }
    }
}
