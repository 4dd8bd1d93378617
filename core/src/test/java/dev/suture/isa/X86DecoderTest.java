package dev.suture.isa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.isa.Instruction.Flow;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class X86DecoderTest {
    private final Isa isa = Isa.of(Elf.EM_X86_64);

    @TempDir
    private Path directory;

    /** Source; then flow, displacement at, its bytes, immediate at, its bytes. What is expected is from the manuals. */
    private static final String CONSTANTS_AND_FLOW = """
            movw $0x1234, 8(%r12)                       | NEXT          | 5 | 1 | 6 | 2
            movl $0x12345678, 0x1000(%rax,%rbx,4)       | NEXT          | 3 | 4 | 7 | 4
            movabs $0x1122334455667788, %r10            | NEXT          | 0 | 0 | 2 | 8
            movabs 0x1122334455667788, %al              | NEXT          | 1 | 8 | 0 | 0
            movabs %rax, 0x1122334455667788             | NEXT          | 2 | 8 | 0 | 0
            addr32 mov 0x11223344, %eax                 | NEXT          | 2 | 4 | 0 | 0
            .byte 0x67, 0xa1, 1, 2, 3, 4                | NEXT          | 2 | 4 | 0 | 0
            mov 0x10(%eax), %ecx                        | NEXT          | 3 | 1 | 0 | 0
            cmpl $1, 0x20(%rip)                         | NEXT          | 2 | 4 | 6 | 1
            mov %gs:0x28, %rax                          | NEXT          | 5 | 4 | 0 | 0
            testb $4, 1(%rdi)                           | NEXT          | 2 | 1 | 3 | 1
            notb 1(%rdi)                                | NEXT          | 2 | 1 | 0 | 0
            testw $0x1234, (%rdi)                       | NEXT          | 0 | 0 | 3 | 2
            testq $0x1234, (%rdi)                       | NEXT          | 0 | 0 | 3 | 4
            divq (%rdi)                                 | NEXT          | 0 | 0 | 0 | 0
            push $0x12345678                            | NEXT          | 0 | 0 | 1 | 4
            pushw $0x1234                               | NEXT          | 0 | 0 | 2 | 2
            push $1                                     | NEXT          | 0 | 0 | 1 | 1
            imul $0x1234, %ax, %bx                      | NEXT          | 0 | 0 | 3 | 2
            enter $0x1234, $5                           | NEXT          | 0 | 0 | 1 | 3
            ret                                         | RETURN        | 0 | 0 | 0 | 0
            ret $8                                      | RETURN        | 0 | 0 | 1 | 2
            lretq                                       | RETURN        | 0 | 0 | 0 | 0
            iretq                                       | RETURN        | 0 | 0 | 0 | 0
            sysretq                                     | RETURN        | 0 | 0 | 0 | 0
            sysexitq                                    | RETURN        | 0 | 0 | 0 | 0
            rsm                                         | RETURN        | 0 | 0 | 0 | 0
            uiret                                       | RETURN        | 0 | 0 | 0 | 0
            syscall                                     | NEXT          | 0 | 0 | 0 | 0
            vmcall                                      | NEXT          | 0 | 0 | 0 | 0
            int $0x80                                   | NEXT          | 0 | 0 | 1 | 1
            int3                                        | TRAP          | 0 | 0 | 0 | 0
            ud2                                         | TRAP          | 0 | 0 | 0 | 0
            ud1 8(%rax), %eax                           | TRAP          | 3 | 1 | 0 | 0
            hlt                                         | TRAP          | 0 | 0 | 0 | 0
            call .+0x1234                               | CALL          | 0 | 0 | 1 | 4
            data16 rex.W call .+0x1234                  | CALL          | 0 | 0 | 3 | 4
            cs jmp .+0x12345                            | JUMP          | 0 | 0 | 2 | 4
            jmp .                                       | JUMP          | 0 | 0 | 1 | 1
            jne .+0x1000                                | CONDITIONAL   | 0 | 0 | 2 | 4
            jecxz .                                     | CONDITIONAL   | 0 | 0 | 2 | 1
            loop .                                      | CONDITIONAL   | 0 | 0 | 1 | 1
            xbegin .                                    | CONDITIONAL   | 0 | 0 | 2 | 4
            xabort $1                                   | NEXT          | 0 | 0 | 2 | 1
            call *%rax                                  | INDIRECT_CALL | 0 | 0 | 0 | 0
            notrack jmp *8(,%rax,8)                     | INDIRECT_JUMP | 4 | 4 | 0 | 0
            lcall *(%rax)                               | INDIRECT_CALL | 0 | 0 | 0 | 0
            rex.W ljmp *8(%rax)                         | INDIRECT_JUMP | 3 | 1 | 0 | 0
            endbr64                                     | NEXT          | 0 | 0 | 0 | 0
            mov %cr3, %rax                              | NEXT          | 0 | 0 | 0 | 0
            bt $3, 4(%rax)                              | NEXT          | 3 | 1 | 4 | 1
            extrq $1, $2, %xmm3                         | NEXT          | 0 | 0 | 4 | 2
            insertq $1, $2, %xmm4, %xmm3                | NEXT          | 0 | 0 | 4 | 2
            pshufb 0x40(%rax), %xmm1                    | NEXT          | 5 | 1 | 0 | 0
            palignr $3, 0x40(%rax), %xmm1               | NEXT          | 5 | 1 | 6 | 1
            pfadd 0x40(%rax), %mm1                      | NEXT          | 3 | 1 | 0 | 0
            xcryptecb                                   | NEXT          | 0 | 0 | 0 | 0
            vzeroupper                                  | NEXT          | 0 | 0 | 0 | 0
            vpshufd $1, 0x40(%rax), %xmm1               | NEXT          | 4 | 1 | 5 | 1
            vpermq $1, 0x40(%r8), %ymm1                 | NEXT          | 5 | 1 | 6 | 1
            vpgatherdd %xmm1, 0x40(%rax,%xmm2,4), %xmm3 | NEXT          | 6 | 1 | 0 | 0
            vblendvps %xmm1, 0x40(%rip), %xmm2, %xmm3   | NEXT          | 5 | 4 | 9 | 1
            vpaddd 0x40(%rax), %zmm1, %zmm2{%k1}        | NEXT          | 6 | 1 | 0 | 0
            vpternlogd $0x55, 0x44(%rip), %zmm1, %zmm2  | NEXT          | 6 | 4 | 10 | 1
            vcmpph $1, 0x44(%rip), %zmm1, %k1           | NEXT          | 6 | 4 | 10 | 1
            vaddph 0x44(%rip), %zmm1, %zmm2             | NEXT          | 6 | 4 | 0 | 0
            vfmadd132ph 0x1(%rax), %zmm1, %zmm2         | NEXT          | 6 | 4 | 0 | 0
            vpcomltb 0x40(%rax), %xmm1, %xmm2           | NEXT          | 5 | 1 | 6 | 1
            vphaddbw 0x40(%rax), %xmm2                  | NEXT          | 5 | 1 | 0 | 0
            bextr $0x12345678, 0x40(%rax), %ecx         | NEXT          | 5 | 1 | 6 | 4
            lwpins $0x12345678, 0x40(%rax), %ecx        | NEXT          | 5 | 1 | 6 | 4
            fwait                                       | NEXT          | 0 | 0 | 0 | 0
            fldcw 0x40(%rip)                            | NEXT          | 2 | 4 | 0 | 0
            """;

    @TestFactory
    Stream<DynamicTest> constantsAndFlow() throws IOException, InterruptedException {
        Objdump.assumeInstalled();
        List<String> rows = CONSTANTS_AND_FLOW.lines().toList();
        StringBuilder source = new StringBuilder();
        for (int row = 0; row < rows.size(); row++) {
            source.append(".section .text.%d,\"ax\"\n%s\n"
                    .formatted(row, rows.get(row).split("\\|")[0]));
        }
        ElfFile object = ElfFile.read(Objdump.assemble(directory, source.toString()));
        return IntStream.range(0, rows.size()).mapToObj(row -> {
            MemorySegment code = object.section(".text." + row).orElseThrow().contents();
            return dynamicTest(rows.get(row).split("\\|")[0].strip(), () -> checkRow(rows.get(row), code));
        });
    }

    private void checkRow(String row, MemorySegment code) {
        String[] cells = row.split("\\s*\\|\\s*");
        assertThat(isa.decode(code, 0))
                .contains(new Instruction(
                        0,
                        (int) code.byteSize(),
                        Flow.valueOf(cells[1]),
                        Integer.parseInt(cells[2]),
                        Integer.parseInt(cells[3]),
                        Integer.parseInt(cells[4]),
                        Integer.parseInt(cells[5]),
                        row.contains("(%rip)")));
    }

    /** Xen emulates what follows {@code ud2} and the letters xen; a CPU sees a trap and, behind it, letters. */
    @Test
    void xensForcedEmulationPrefixIsATrap() {
        MemorySegment code = code("0f 0b 78 65 6e 0f a2");
        assertThat(isa.decode(code, 0)).contains(new Instruction(0, 2, Flow.TRAP, 0, 0, 0, 0, false));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "06",
                "0e",
                "16",
                "1e",
                "27",
                "37",
                "60",
                "82 c0 01",
                "9a 01 02 03 04 05 06",
                "c6 c8 01",
                "ce",
                "d4 0a",
                "d6",
                "ea 01 02 03 04 05 06",
                "f7",
                "fe d0",
                "ff f8",
                "ff d8",
                "8d c0",
                "8e c8",
                "8f c8",
                "0f 04",
                "0f 0a",
                "0f 24 c0",
                "0f 36",
                "0f 0f c1 01",
                "0f b8 c0",
                "0f ba c0 01",
                "0f a6 00",
                "0f 38 ff c0",
                "0f 3a 00 c0 01",
                "66 e9 01 02 03 04",
                "66 0f 84 01 02 03 04",
                "66 eb 01",
                "48 c5 f8 77",
                "66 c5 f8 77",
                "f3 c5 f8 77",
                "c4 e0 78 10 c1",
                "c4 e5 78 10 c1",
                "62 f0 7c 48 10 c1",
                "62 f4 7c 48 10 c1",
                "62 f1 78 48 10 c1",
                "8f eb 78 10 c1"
            })
    void noInstructionIn64BitMode(String digits) {
        assertThat(isa.decode(code(digits), 0)).isEmpty();
    }

    @Test
    void anInstructionHasAtMost15Bytes() {
        assertThat(isa.decode(code("66 ".repeat(14) + "90"), 0).map(Instruction::sizeBytes))
                .contains(15);
        assertThat(isa.decode(code("66 ".repeat(15) + "90"), 0)).isEmpty();
        assertThat(isa.decode(code("2e ".repeat(11) + "c7 00 01 02 03 04"), 0)).isEmpty();
    }

    /** Also: what is cut off is no instruction, nothing is read behind the end, and nothing changes where it starts. */
    @Test
    void anyBytesAreDecodedOrNotWithoutAnError() {
        Random random = new Random(20260101);
        byte[] bytes = new byte[24];
        for (int round = 0; round < 300_000; round++) {
            random.nextBytes(bytes);
            if (round % 3 == 0) {
                byte[] starts = {0x0f, (byte) 0xc4, (byte) 0xc5, 0x62, (byte) 0x8f, 0x66, 0x48, (byte) 0xf3, (byte) 0xff
                };
                bytes[0] = starts[random.nextInt(starts.length)];
            }
            Optional<Instruction> decoded = isa.decode(MemorySegment.ofArray(bytes), 0);
            if (decoded.isPresent()) {
                checkExtent(bytes, decoded.get());
            }
        }
    }

    private void checkExtent(byte[] bytes, Instruction instruction) {
        String digits = HexFormat.of().formatHex(bytes);
        MemorySegment whole = MemorySegment.ofArray(bytes);
        int sizeBytes = instruction.sizeBytes();
        assertThat(sizeBytes).as(digits).isBetween(1, 15);
        assertThat(instruction.displacementAt() + instruction.displacementBytes())
                .as(digits)
                .isLessThanOrEqualTo(sizeBytes);
        assertThat(instruction.immediateAt() + instruction.immediateBytes())
                .as(digits)
                .isLessThanOrEqualTo(sizeBytes);
        isa.isPadding(instruction, whole);
        instruction.branchTarget(whole);
        for (int cut = 0; cut < sizeBytes; cut++) {
            assertThat(isa.decode(whole.asSlice(0, cut), 0)).as(digits).isEmpty();
        }
        assertThat(isa.decode(whole.asSlice(0, sizeBytes), 0)).as(digits).contains(instruction);
    }

    private static MemorySegment code(String digits) {
        return MemorySegment.ofArray(HexFormat.ofDelimiter(" ").parseHex(digits.strip()));
    }
}
