package dev.suture.elf;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Any bytes at all. In a normal build only the seeds are run; core/README.md says how to let jazzer search for new ones,
 * guided by the coverage they reach.
 */
@Tag("fuzz")
class ElfFuzzTest {
    static Stream<Arguments> seeds() throws IOException, InterruptedException {
        Path directory = Files.createDirectories(Path.of("target", "fuzz-seeds"));
        byte[] c = Files.readAllBytes(Fixtures.c(directory));
        byte[] cxx = Files.readAllBytes(Fixtures.cxx(directory));
        byte[] shared = Files.readAllBytes(Fixtures.sharedObject(directory));
        return Stream.of(c, cxx, shared).map(Arguments::of);
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "60s")
    void anyBytesGiveAModelOrAFormatException(byte[] bytes) {
        if (bytes != null) {
            Everything.readHostile(bytes);
        }
    }
}
