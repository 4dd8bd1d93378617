package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How much a function has on the stack, from its instructions. */
class StackHeightTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "here: ret | 0",
                "push %rbx; push %r12; here: ret | 16",
                "push %rbx; sub $0x200,%rsp; here: ret | 520",
                "push $1; push 8(%rax); pop %rcx; here: ret | 8",
                "push %rbp; mov %rsp,%rbp; and $-64,%rsp; here: ret | unknown",
                "push %rbp; mov %rsp,%rbp; and $-64,%rsp; leave; here: ret | 0",
                "push %rbp; mov %rsp,%rbp; sub %rax,%rsp; lea -16(%rbp),%rsp; here: ret | 24",
                "sub $24,%rsp; test %edi,%edi; je 1f; add $24,%rsp; ret; 1: here: ud2 | 24",
                "sub $24,%rsp; jmp *%rax; here: ret | unknown",
                "test %edi,%edi; je 1f; push %rax; 1: here: ret | unknown",
                "mov (%rdi),%rsp; here: ret | unknown",
                "pop %rsp; here: ret | unknown",
                "push %rbp; mov %rsp,%rbp; pop %rbp; leave; here: ret | unknown",
                "push %rbp; mov %rsp,%rbp; mov (%rdi),%rbp; leave; here: ret | unknown",
                "1: push %rax; jmp 1b; here: ret | unknown"
            })
    void whatIsOnTheStackIsCounted(String code, String bytes) throws Exception {
        Files.writeString(folder.resolve("one.s"), "function: " + code.replace("; ", "\n") + "\n");
        Program.run(folder, List.of("as", "-o", "one.o", "one.s"));
        ElfFile elf = ElfFile.read(folder.resolve("one.o"));
        Section text = elf.section(".text").orElseThrow();
        long here = elf.symbols().stream()
                .filter(symbol -> symbol.name().equals("here"))
                .mapToLong(Symbol::value)
                .findFirst()
                .orElseThrow();
        assertThat(StackHeight.at(text.contents(), here))
                .isEqualTo(bytes.equals("unknown") ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(bytes)));
    }

    /** What compilers say themselves of their code, in its unwinding information. */
    @Test
    void itIsWhatTheUnwindingInformationOfACompilerSays() throws Exception {
        Path file = Path.of(Program.run(folder, List.of("gcc", "-print-file-name=libstdc++.so.6"))
                .strip());
        ElfFile elf = ElfFile.read(file);
        Section text = elf.section(".text").orElseThrow();
        FrameTable frames = FrameTable.read(
                elf.section(".eh_frame").orElseThrow().bytes(),
                elf.section(".eh_frame").orElseThrow().address());
        int same = 0;
        for (long at = text.address(); at < text.address() + text.sizeBytes() && same < 2000; at += 97) {
            FrameTable.Frame frame = frames.at(at).orElse(null);
            if (frame == null || !frame.isEntry()) {
                continue;
            }
            long[] registers = new long[FrameTable.REGISTERS];
            registers[7] = 1L << 40;
            registers[6] = 1L << 50;
            if (!frame.step(registers, _ -> 1) || registers[7] > 1L << 41) {
                continue;
            }
            OptionalLong height = StackHeight.at(
                    text.contents().asSlice(frame.start() - text.address(), frame.end() - frame.start()),
                    at - frame.start());
            if (height.isPresent()) {
                assertThat(height.getAsLong() + 8).as("0x%x", at).isEqualTo(registers[7] - (1L << 40));
                same++;
            }
        }
        assertThat(same).isGreaterThan(500);
    }
}
