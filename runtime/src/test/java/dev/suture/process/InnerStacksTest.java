package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.elf.ElfFile;
import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Outcome;
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
                __asm__(".globl f; .type f,@function; f: .cfi_startproc; .byte 0xb0,0x5c; ret;"
                        ".cfi_endproc; .size f,.-f");
                int main(void) { return 0; }
                """);
        Files.writeString(folder.resolve("switch.c"), """
                __asm__(".globl f; .type f,@function; f: .cfi_startproc; .byte 0xb0,0,0x5c; ret;"
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
                "push %rbp; mov %rsp,%rbp; mov %rbp,%rsp | false",
                "push %rbp; mov %rsp,%rbp; mov -56(%rbp),%rsp | false",
                "push %rbp; mov %rsp,%rbp; mov -560(%rbp),%rsp | false",
                "push %rbp; mov %rsp,%rbp; lea -8(%rbp),%rsp | false",
                "push %rbp; mov %rsp,%rbp; leave | false",
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
                "mov %rsp,%rax; mov %rdi,%rsp | true",
                "pop %rsp | true",
                "pop %r12 | false",
                "popq 8(%rax) | false",
                "mov 8(%rbp),%rsp | true",
                "mov (%rax,%rbx,8),%rsp | true",
                "mov table(,%rax,8),%rsp | true",
                "lea (%rdi),%rsp | true",
                "lea 64(%rax),%rsp | true",
                "lea 8(%rsp),%r10; and $-64,%rsp; push %rbp; mov %rsp,%rbp; lea -8(%r10),%rsp | false",
                "add %rax,%rsp | true",
                "sub %rax,%rsp | false",
                "cmove %rax,%rsp | true",
                "movq %xmm0,%rsp | true",
                "movq %xmm4,%xmm0 | false",
                "xor %rsp,%rsp | true",
                "inc %rsp | true",
                "mov $table,%rsp | true",
                "movl $0,%esp | true",
                "cmp %rax,%rsp | false",
                "test %rsp,%rsp | false",
                "iretq | true",
                "mov %rdi,%rbp; leave | true",
                "mov %rdi,%rbp; mov %rbp,%rsp | true",
                "push %rbp; mov %rsp,%rbp; mov 8(%rdi),%rbp; leave | true",
                "push %rbp; mov %rsp,%rbp; leave | false"
            })
    void whatGivesTheStackPointerAValueIsSeen(String instruction, boolean isSwitch) throws Exception {
        // Once as a function, and once where nothing says that there is one.
        for (String around : List.of(".cfi_startproc\n%s\n.cfi_endproc\n", "%s\n")) {
            Files.writeString(
                    folder.resolve("one.s"),
                    (around + ".bss\ntable: .skip 8\n").formatted("nop\n" + instruction + "\nnop\nnop\nret"));
            Program.run(folder, List.of("as", "-o", "one.o", "one.s"));
            Program.run(folder, List.of("ld", "-o", "one", "one.o", "-e", "0"));
            boolean isKnownWhereFunctionsAre = around.contains("cfi") || !instruction.endsWith("leave");
            assertThat(StackSwitches.isInCode(ElfFile.read(folder.resolve("one"))))
                    .as(around)
                    .isEqualTo(isSwitch && isKnownWhereFunctionsAre);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                ".cfi_undefined rip; mov %rdi,%rsp; ret | true",
                ".cfi_def_cfa rsi,64; mov %rsi,%rsp; ret | true",
                ".cfi_def_cfa rsp,64; lea (%rax),%rsp; ret | true",
                ".cfi_def_cfa rsp,64; mov %rdi,%rbx; mov %rbx,%rsp; ret | true",
                ".cfi_def_cfa rbp,16; mov %rdi,%rbp; leave; ret | true",
                ".cfi_def_cfa rbp,16; mov %rbx,%rsp; leave; ret | false",
                ".cfi_def_cfa rbp,16; lea -8(%r10),%rsp; ret | false"
            })
    void whatBeginsMidwayHasOnlyWhatTheOtherHalfCanHaveKept(String code, boolean isSwitch) throws Exception {
        Files.writeString(folder.resolve("half.s"), ".cfi_startproc; %s; .cfi_endproc\n".formatted(code));
        Program.run(folder, List.of("as", "-o", "half.o", "half.s"));
        Program.run(folder, List.of("ld", "-o", "half", "half.o", "-e", "0"));
        assertThat(StackSwitches.isInCode(ElfFile.read(folder.resolve("half")))).isEqualTo(isSwitch);
    }

    @Test
    void aTableThatMakesNoSenseHidesNoSwitch() throws Exception {
        // It ends where the size of its only function would be.
        Files.writeString(folder.resolve("broken.s"), """
                f: nop; nop; ret
                .section .eh_frame,"a",@unwind
                c: .long 1f-0f
                0: .long 0; .byte 1; .asciz "zR"; .uleb128 1; .sleb128 -8; .byte 16; .uleb128 1; .byte 0x1b
                .balign 8
                1: .long 3f-2f
                2: .long 2b-c; .long f-.
                3:
                """);
        Program.run(folder, List.of("as", "-o", "broken.o", "broken.s"));
        Program.run(folder, List.of("ld", "-o", "broken", "broken.o", "-e", "0"));
        assertThat(StackSwitches.isInCode(ElfFile.read(folder.resolve("broken"))))
                .isTrue();
    }

    @Test
    void onlyTheLibrariesThatDefineTheirVersionsAreNotSearched() throws Exception {
        Files.writeString(folder.resolve("like.c"), """
                void _Unwind_RaiseException(void) {}
                void __tls_get_addr(void) {}
                """);
        Files.writeString(folder.resolve("other.map"), "OTHER_1.0 { global: *; };");
        Program.run(folder, List.of("gcc", "-shared", "-fPIC", "-o", "like.so", "like.c"));
        Program.run(
                folder,
                List.of("gcc", "-shared", "-fPIC", "-Wl,--version-script=other.map", "-o", "versioned.so", "like.c"));
        for (String library : List.of("like.so", "versioned.so")) {
            assertThat(StackSwitches.isKnown(ElfFile.read(folder.resolve(library))))
                    .isFalse();
        }
        for (String library : List.of("libc.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2")) {
            Path file = Path.of(Program.run(folder, List.of("gcc", "-print-file-name=" + library))
                    .strip());
            assertThat(StackSwitches.isKnown(ElfFile.read(file))).as(library).isTrue();
        }
    }
}
