package dev.suture.isa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.elf.Elf;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class X86_64Test {
    private final Isa isa = Isa.of(Elf.EM_X86_64);

    @Test
    void anUnknownMachineIsNamed() {
        assertThat(isa.machine()).isEqualTo(Elf.EM_X86_64);
        assertThatThrownBy(() -> Isa.of(Elf.EM_AARCH64))
                .isInstanceOf(UnsupportedMachineException.class)
                .hasMessage("machine 183 (Arm, 64 bit) is not supported; expected 62 (x86-64)");
        assertThatThrownBy(() -> Isa.of(0xdead)).hasMessageStartingWith("machine 57005 is not supported");
    }

    @Test
    void aJumpLeadsToItsDestination() {
        byte[] jump = isa.jump(0xffff_82d0_4020_0004L, 0xffff_82d0_4012_3456L);
        assertThat(jump).hasSize(isa.jumpBytes()).isEqualTo(bytes("e9 4d 34 f2 ff"));
        Instruction decoded = isa.decode(MemorySegment.ofArray(jump), 0).orElseThrow();
        assertThat(decoded.flow()).isEqualTo(Instruction.Flow.JUMP);
        assertThat(decoded.branchTarget(MemorySegment.ofArray(jump)))
                .isEqualTo(OptionalLong.of(0xffff_82d0_4012_3456L - 0xffff_82d0_4020_0004L));
    }

    @Test
    void aJumpReaches2GiBFromItsEndAndNotAByteMore() {
        long address = 0x1_0000_0000L;
        long end = address + isa.jumpBytes();
        assertThat(isa.jump(address, end + Integer.MAX_VALUE)).isEqualTo(bytes("e9 ff ff ff 7f"));
        assertThat(isa.jump(address, end + Integer.MIN_VALUE)).isEqualTo(bytes("e9 00 00 00 80"));
        assertThatThrownBy(() -> isa.jump(address, end + Integer.MIN_VALUE - 1))
                .isInstanceOf(OutOfReachException.class);
        assertThatThrownBy(() -> isa.jump(address, end + Integer.MAX_VALUE + 1))
                .isInstanceOf(OutOfReachException.class)
                .hasMessage(
                        "a jump at 0x100000000 does not reach 0x180000005: it reaches about 2 GiB in both directions");
    }

    @Test
    void noOpsOfAnySizeArePaddingOfThatSize() {
        for (int sizeBytes = 0; sizeBytes < 40; sizeBytes++) {
            MemorySegment code = MemorySegment.ofArray(isa.nops(sizeBytes));
            assertThat(code.byteSize()).isEqualTo(sizeBytes);
            int instructions = 0;
            for (long offset = 0; offset < sizeBytes; instructions++) {
                Instruction nop = isa.decode(code, offset).orElseThrow();
                assertThat(isa.isPadding(nop, code))
                        .as("%d bytes at %d", sizeBytes, offset)
                        .isTrue();
                offset = nop.endOffset();
            }
            assertThat(instructions).isEqualTo((sizeBytes + 8) / 9);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "90",
                "66 90",
                "66 66 2e 90",
                "48 90",
                "cc",
                "0f 1f 00",
                "0f 1f 40 00",
                "66 0f 1f 44 00 00",
                "66 2e 0f 1f 84 00 00 00 00 00",
                "66 66 66 66 66 66 2e 0f 1f 84 00 00 00 00 00",
                "0f 1f c0",
                "48 8d 36",
                "48 8d 76 00",
                "48 8d 74 26 00",
                "48 8d b6 00 00 00 00",
                "48 8d b4 26 00 00 00 00",
                "4d 8d 40 00",
                "4d 8d 64 24 00"
            })
    void theseFillSpace(String digits) {
        assertThat(isPadding(digits)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "f3 90", // pause
                "41 90", // xchg %r8,%rax
                "66 0f 1f 01", // what Xen puts in the place of endbr64
                "f3 0f 1e fa", // endbr64
                "f4", // hlt
                "0f 0b", // ud2
                "00 00",
                "8d 76 00", // clears the upper half of rsi
                "67 48 8d 76 00", // so does this
                "48 8d 76 01",
                "48 8d 7e 00", // lea 0(%rsi),%rdi
                "49 8d 70 00", // lea 0(%r8),%rsi
                "48 8d 74 3e 00", // lea 0(%rsi,%rdi),%rsi
                "4a 8d 74 26 00", // lea 0(%rsi,%r12),%rsi
                "48 8d 2d 00 00 00 00", // lea 0(%rip),%rbp
                "eb 00"
            })
    void theseDoNotFillSpace(String digits) {
        assertThat(isPadding(digits)).isFalse();
    }

    private boolean isPadding(String digits) {
        MemorySegment code = MemorySegment.ofArray(bytes("c3 " + digits));
        Instruction instruction = isa.decode(code, 1).orElseThrow();
        assertThat(instruction.endOffset()).isEqualTo(code.byteSize());
        return isa.isPadding(instruction, code);
    }

    @ParameterizedTest
    @ValueSource(strings = {"f3 0f 1e fa 55", "66 0f 1f 01 55", "f3 0f 1e fa"})
    void aLandingPadForIndirectBranchesStays(String digits) {
        assertThat(isa.entryMarkBytes(MemorySegment.ofArray(bytes(digits)))).isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"55", "f3 0f 1e fb", "f3 0f 1e", "0f 1f 40 00", "c3"})
    void otherFunctionsHaveNothingThatStays(String digits) {
        assertThat(isa.entryMarkBytes(MemorySegment.ofArray(bytes(digits)))).isZero();
    }

    @Test
    void anOffsetOutsideOfTheCodeIsAnError() {
        MemorySegment code = MemorySegment.ofArray(bytes("90"));
        assertThat(isa.decode(code, 1)).isEmpty();
        assertThatThrownBy(() -> isa.decode(code, 2)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> isa.decode(code, -1)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    private static byte[] bytes(String digits) {
        return HexFormat.ofDelimiter(" ").parseHex(digits);
    }
}
