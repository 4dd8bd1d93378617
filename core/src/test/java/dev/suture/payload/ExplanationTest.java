package dev.suture.payload;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ExplanationTest {
    private static final Explanation EXPLANATION = new Explanation(
            List.of(
                    new Explanation.Function("a.c#f", "a.o", "its size changes"),
                    new Explanation.Function("g", "b.o", "")),
            List.of(new Explanation.Added(".rodata.str1.1+0x3", "a.o", "STRING", 7, ".rodata.str", "`f` uses it")),
            List.of(new Explanation.LeftOut("h", "a.o", "it is unchanged")));

    @Test
    void whatIsWrittenIsRead() {
        assertThat(Explanation.of(EXPLANATION.toBytes())).isEqualTo(EXPLANATION);
    }

    @Test
    void nothingIsReadFromNothing() {
        assertThat(Explanation.of(new byte[0])).isEqualTo(new Explanation(List.of(), List.of(), List.of()));
    }

    @Test
    void whatMakesNoSenseEndsIt() {
        byte[] bytes = "function\0f\0a.o\0why\0nonsense\0function\0g\0b.o\0why\0".getBytes(StandardCharsets.UTF_8);

        assertThat(Explanation.of(bytes).functions()).containsExactly(new Explanation.Function("f", "a.o", "why"));
    }

    @Test
    void damagedBytesAreReadAsFarAsTheyMakeSense() {
        byte[] whole = EXPLANATION.toBytes();
        Random random = new Random(1);
        for (int length = 0; length <= whole.length; length++) {
            byte[] damaged = Arrays.copyOf(whole, length);
            assertThat(Explanation.of(damaged).functions()).hasSizeLessThanOrEqualTo(2);
            if (length > 0) {
                damaged[random.nextInt(length)] = (byte) random.nextInt();
                assertThat(Explanation.of(damaged).added()).hasSizeLessThanOrEqualTo(1);
            }
        }
    }
}
