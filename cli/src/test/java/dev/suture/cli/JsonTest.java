package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class JsonTest {
    /** What a report may hold. */
    record Report(Path file, Optional<Path> maybe, Optional<String> nothing, ExitCode exitCode) {}

    @Test
    void pathsAreTextAndWhatIsMissingIsNull() {
        String json =
                Json.text(new Report(Path.of("/a/b c"), Optional.of(Path.of("d")), Optional.empty(), ExitCode.REFUSED));

        assertThat(json)
                .contains("\"file\" : \"/a/b c\"")
                .contains("\"maybe\" : \"d\"")
                .contains("\"nothing\" : null")
                .contains("\"exitCode\" : \"REFUSED\"");
    }
}
