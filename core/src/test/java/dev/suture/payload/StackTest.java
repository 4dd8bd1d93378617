package dev.suture.payload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StackTest {
    private static final Stack STACK = new Stack(
            List.of(new Stack.Patch("0a1b", "Check the size"), new Stack.Patch("2c3d", "")),
            Map.of("f.c#calls.1", "f.c#calls.0", "f.c#calls.0", "fix#f.c#calls.0", "f.c#unused", ""),
            Map.of("f.c#f", "it stays right", "g", ""));

    @Test
    void whatIsWrittenIsReadAgain() {
        assertThat(Stack.of(STACK.toBytes())).contains(STACK);
        assertThat(Stack.of(Stack.EMPTY.toBytes())).contains(Stack.EMPTY);
    }

    @Test
    void aNameHasItsSymbolAndEveryOtherIsItsOwn() {
        assertThat(STACK.symbol("f.c#calls.1")).contains("f.c#calls.0");
        assertThat(STACK.symbol("f.c#unused")).isEmpty();
        assertThat(STACK.symbol("g")).contains("g");
    }

    @Test
    void aTruncatedSectionIsNotHalfBelieved() {
        byte[] whole = STACK.toBytes();
        for (int size = 1; size < whole.length; size++) {
            byte[] part = Arrays.copyOf(whole, size);
            assertThat(Stack.of(part))
                    .satisfiesAnyOf(
                            none -> assertThat(none).isEmpty(),
                            some -> assertThat(some.orElseThrow().toBytes()).isEqualTo(part));
        }
    }

    @Test
    void anyBytesAreReadWithoutAFailure() {
        Random random = new Random(20);
        for (int round = 0; round < 2000; round++) {
            byte[] bytes = STACK.toBytes();
            for (int change = 0; change < 3; change++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            assertThatCode(() -> Stack.of(bytes)).doesNotThrowAnyException();
        }
        assertThat(Stack.of("name\0x\0".getBytes(StandardCharsets.UTF_8))).isEmpty();
    }
}
