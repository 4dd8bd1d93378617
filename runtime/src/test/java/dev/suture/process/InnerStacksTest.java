package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.elf.ElfFile;
import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Outcome;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Stacks within frames of other stacks, and programs that switch to them by code of their own. */
class InnerStacksTest {
    private static final String NEW_RESUMES = """
            int goes_in(int);
            int new_resumes(int x) { int y = goes_in(x); __asm__ volatile(""); return y + 1000; }
            REPLACES(new_resumes, "resumes");
            """;

    @TempDir
    private static Path folder;

    private static Path program;
    private static Payload payload;

    @BeforeAll
    static void compile() {
        program = Program.compile(folder, "inner-stack.c", "inner");
        payload = Program.payloadOf(folder, "resumes.c", NEW_RESUMES, program, "");
    }

    @ParameterizedTest
    @ValueSource(strings = {"first", "thread"})
    void whoIsOnAStackWithinHisOwnComesBackToWhatIsBelow(String who) throws Exception {
        try (Program running = Program.start(program)) {
            ScenariosTest.load(running.target(), "p", payload);
            assertThat(running.ask(who)).isEqualTo("inside");
            Outcome reverted = running.target().revert("p", ApplyOptions.DEFAULT);
            ProcessTargetTest.done(reverted);
            Outcome unloaded = running.target().unload("p", ApplyOptions.DEFAULT);
            ProcessTargetTest.done(unloaded);
            assertThat(((Outcome.Done) unloaded).notes().toString()).contains("bytes of memory stay");
            assertThat(running.ask("12345")).isEqualTo("1007");
            assertThat(running.ask(who)).isEqualTo("inside");
            assertThat(running.ask("12345")).isEqualTo("7");
        }
    }

    @Test
    void nothingGoesInPlaceWhereTheProgramSwitchesStacksItself() {
        try (Program running = Program.start(program)) {
            ApplyOptions inPlace =
                    new ApplyOptions(Duration.ofSeconds(30), ApplyOptions.DEFAULT.policy(), false, Map.of(), true);
            ProcessTargetTest.done(running.target().upload("p", payload, inPlace));
            assertThat(running.target().payloads().getFirst().inPlace()).isEmpty();
        }
    }

    @Test
    void bytesAcrossTwoInstructionsAreNoSwitch() throws Exception {
        Files.writeString(folder.resolve("across.c"), """
                __asm__(".globl f; .type f,@function; f: .cfi_startproc; .byte 0xb8,0,0,0,0x48,0x89,0xfc; ret;"
                        ".cfi_endproc; .size f,.-f");
                int main(void) { return 0; }
                """);
        Files.writeString(folder.resolve("switch.c"), """
                __asm__(".globl f; .type f,@function; f: .cfi_startproc; .byte 0xb8,0,0,0,0,0x48,0x89,0xfc; ret;"
                        ".cfi_endproc; .size f,.-f");
                int main(void) { return 0; }
                """);
        for (String name : List.of("across", "switch")) {
            Program.run(folder, List.of("gcc", "-o", name, name + ".c"));
            assertThat(StackSwitches.isInCode(ElfFile.read(folder.resolve(name))))
                    .isEqualTo(name.equals("switch"));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "mov %rdi,%rsp | true",
                "mov %r8,%rsp | true",
                "mov (%rdi),%rsp | true",
                "mov 56(%r13),%rsp | true",
                "mov 0x1000(%rip),%rsp | true",
                "xchg %rax,%rsp | true",
                "xchg %rsp,(%rdi) | true",
                "xchg %rbx,%rsp | true",
                "mov %rbp,%rsp | false",
                "mov -56(%rbp),%rsp | false",
                "mov -560(%rbp),%rsp | false",
                "lea -8(%rbp),%rsp | false",
                "leave | false",
                "sub $4096,%rsp | false",
                "and $-64,%rsp | false",
                "mov %rsp,%rdi | false",
                "mov 8(%rsp),%rax | false",
                "mov %r12,(%rsp) | false",
                "mov 8(%rbx),%r12 | false",
                "xchg %rax,(%rsp) | false",
                "mov (%r12),%rsp | true",
                "mov %rsp,%rbx; mov %rbx,%rsp | false",
                "mov %rsp,%r14; mov %r14,%rsp | false",
                "mov %rsp,%r14; mov %r13,%rsp | true",
                "mov %rsp,%rax; mov %rdi,%rsp | true"
            })
    void whatGivesTheStackPointerAValueIsSeen(String instruction, boolean isSwitch) throws Exception {
        Files.writeString(folder.resolve("one.s"), "nop\n" + instruction + "\nnop\nnop\n");
        Program.run(folder, List.of("as", "-o", "one.o", "one.s"));
        byte[] code = ElfFile.read(folder.resolve("one.o"))
                .section(".text")
                .orElseThrow()
                .contents()
                .toArray(ValueLayout.JAVA_BYTE);
        assertThat(StackSwitches.candidates(code).isEmpty()).isNotEqualTo(isSwitch);
    }
}
