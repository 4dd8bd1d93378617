package dev.suture.advise;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a configuration leaves out. */
class LeftOutLinesTest {
    @Test
    void branchesOfOneSymbolAreKnownAndOthersCountAsCompiled() {
        String source = """
                #ifdef CONFIG_ON
                on
                #else
                off
                #ifdef OTHER
                off, too
                #endif
                #endif
                #ifndef CONFIG_ON
                off
                #endif
                #if !defined(CONFIG_OFF)
                on
                #else
                off
                #endif
                #if CONFIG_ON > 1
                unknown
                #endif
                """;

        Map<Integer, String> left = LeftOutLines.of(source.lines().toList(), Map.of("CONFIG_ON", "y"));

        assertThat(left.keySet()).containsExactlyInAnyOrder(4, 6, 10, 15);
        assertThat(left).containsEntry(4, "CONFIG_ON is set").containsEntry(15, "CONFIG_OFF is not set");
    }
}
