package dev.suture.isa;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.elf.Elf;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What instructions make of whole numbers. */
class NumbersTest {
    private static final Isa ISA = Isa.of(Elf.EM_X86_64);

    private static MemorySegment code(String hex) {
        return MemorySegment.ofArray(HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    private static Instruction only(MemorySegment code) {
        Instruction instruction = ISA.decode(code, 0).orElseThrow();
        assertThat(instruction.endOffset()).isEqualTo(code.byteSize());
        return instruction;
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            83 3d 00 00 00 00 05    | false | 0 | 4 | 5
            48 83 3d 00 00 00 00 ff | false | 0 | 8 | -1
            80 3d 00 00 00 00 80    | false | 0 | 1 | -128
            66 83 f8 07             | false | 1 | 2 | 7
            3d 00 01 00 00          | false | 1 | 4 | 256
            85 c0                   | true  | 1 | 4 | -1
            84 db                   | true  | 8 | 1 | -1
            f6 05 00 00 00 00 04    | true  | 0 | 1 | 4
            a8 03                   | true  | 1 | 1 | 3
            """)
    void aComparisonWithAConstantIsOne(String hex, boolean isAnd, int register, int sizeBytes, long constant) {
        MemorySegment code = code(hex);

        assertThat(ISA.test(only(code), code)).contains(new NumberTest(isAnd, register, sizeBytes, constant));
    }

    /** Of two registers, of an upper byte, and what sets flags otherwise. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({"39 d8", "85 d8", "84 e4", "80 fc 01", "83 c0 01", "8b 05 00 00 00 00", "f7 d8"})
    void whatElseThereIsIsNone(String hex) {
        MemorySegment code = code(hex);

        assertThat(ISA.test(only(code), code)).isEmpty();
    }

    @Test
    void aConditionalJumpIsTakenAsTheNumbersCompare() {
        List<Long> numbers = List.of(0L, 1L, 5L, -1L, 127L, -128L, 0x7fff_ffffL, -0x8000_0000L);
        for (long number : numbers) {
            for (long constant : numbers) {
                NumberTest test = new NumberTest(false, 1, 4, constant);
                List<Boolean> wanted = List.of(
                        Integer.compareUnsigned((int) number, (int) constant) < 0,
                        number == constant,
                        Integer.compareUnsigned((int) number, (int) constant) <= 0,
                        (int) (number - constant) < 0,
                        number < constant,
                        number <= constant);
                List<Integer> opcodes = List.of(0x72, 0x74, 0x76, 0x78, 0x7c, 0x7e);
                for (int i = 0; i < opcodes.size(); i++) {
                    assertThat(taken(opcodes.get(i), test, number)).contains(wanted.get(i));
                    assertThat(taken(opcodes.get(i) + 1, test, number)).contains(!wanted.get(i));
                }
            }
        }
        assertThat(taken(0x7a, new NumberTest(false, 1, 4, 0), 0)).isEmpty();
        assertThat(taken(0x74, new NumberTest(true, 1, 1, 4), 8)).contains(true);
        assertThat(taken(0x74, new NumberTest(true, 1, 1, -1), 0x100)).contains(true);
    }

    private static Optional<Boolean> taken(int opcode, NumberTest test, long number) {
        MemorySegment code = code("%02x00".formatted(opcode));
        return ISA.isTaken(only(code), code, test, number);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            8b 05 00 00 00 00       | 1 | 0 | 4 | 8 | false
            48 8b 1d 00 00 00 00    | 8 | 0 | 8 | 8 | false
            8a 05 00 00 00 00       | 1 | 0 | 1 | 1 | false
            0f b6 05 00 00 00 00    | 1 | 0 | 1 | 8 | false
            0f be 05 00 00 00 00    | 1 | 0 | 1 | 4 | true
            48 63 05 00 00 00 00    | 1 | 0 | 4 | 8 | true
            89 d8                   | 1 | 8 | 4 | 8 | false
            86 05 00 00 00 00       | 1 | 0 | 1 | 1 | false
            """)
    void aMoveSaysWhatIsWhere(String hex, int to, int from, int sizeBytes, int wholeBytes, boolean isSigned) {
        MemorySegment code = code(hex);

        assertThat(ISA.move(only(code), code)).contains(new Move(to, from, sizeBytes, wholeBytes, isSigned));
    }

    @Test
    void whatLeavesFlagsIsTold() {
        for (String hex :
                List.of("8b 05 00 00 00 00", "48 8d 05 00 00 00 00", "53", "0f 94 c0", "f7 d0", "b8 01 00 00 00")) {
            MemorySegment code = code(hex);
            assertThat(ISA.setsFlags(only(code), code)).as(hex).isEmpty();
        }
        MemorySegment both = code("39 d8");
        assertThat(ISA.setsFlags(only(both), both)).hasValue(1 | 1 << 3);
        MemorySegment sum = code("01 d8");
        assertThat(ISA.setsFlags(only(sum), sum)).hasValue(1 | 1 << 3);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            83 05 00 00 00 00 01 | 1
            83 05 00 00 00 00 ff | -1
            83 2d 00 00 00 00 01 | -1
            ff 0d 00 00 00 00    | -1
            8d 50 01             | 1
            8d 50 ff             | -1
            8b 05 00 00 00 00    | 0
            """)
    void whatCountsIsTold(String hex, int sign) {
        MemorySegment code = code(hex);

        assertThat(ISA.counts(only(code), code)).isEqualTo(sign);
    }
}
