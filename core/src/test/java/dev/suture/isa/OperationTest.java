package dev.suture.isa;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.BuiltXen;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import dev.suture.isa.Operation.Memory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What instructions do with registers and memory, by example and by what objdump writes of them. */
class OperationTest {
    private static final Isa ISA = Isa.of(Elf.EM_X86_64);
    private static final List<String> NAMES = List.of(
            "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
            "r15");

    /** Mnemonics that write no operand. */
    private static final Pattern LOOKS = Pattern.compile(
            "(cmp|test|bt|push|jmp|call|nop|mul|imul|div|idiv)[bwlq]?|prefetch.*|u?comis[sd]|ptest|incssp[dq]");

    private static final Pattern ADDRESS = Pattern.compile("\\((%[a-z0-9]+)?(?:,(%[a-z0-9]+))?(?:,[1248])?\\)");

    @TempDir
    private Path directory;

    @BeforeEach
    void objdumpIsThere() {
        Objdump.assumeInstalled();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            mov %rax, %rbx              | NONE    |         | rbx     | rax     |
            mov %rax, 8(%rdi)           | WRITTEN | rdi     |         | rax     |
            mov %eax, 8(%rdi,%r9,4)     | WRITTEN | rdi r9  |         | rax     |
            mov %ax, (%rdi)             | WRITTEN | rdi     |         |         |
            mov %ah, (%rdi)             | WRITTEN | rdi     |         |         |
            mov 8(%r12), %r13           | READ    | r12     | r13     |         |
            mov $1, %esi                | NONE    |         | rsi     |         |
            movq $1, (%rsi)             | WRITTEN | rsi     |         |         |
            movabs $1, %r10             | NONE    |         | r10     |         |
            lea 8(%rax,%rcx,2), %rdx    | ADDRESS | rax rcx | rdx     | rax rcx |
            lea (%rip), %rdx            | ADDRESS |         | rdx     |         |
            add %rcx, %rdx              | NONE    |         | rdx     | rcx rdx |
            add $8, %rdx                | NONE    |         | rdx     | rdx     | rdx
            sub %rcx, %rdx              | NONE    |         | rdx     |         | rcx rdx
            and $-8, %rdx               | NONE    |         | rdx     |         | rdx
            xor %edx, %edx              | NONE    |         | rdx     |         |
            xor %edx, %ecx              | NONE    |         | rcx     |         | rcx rdx
            add (%rsi), %rax            | READ    | rsi     | rax     | rax     |
            add %rax, (%rsi)            | WRITTEN | rsi     |         |         | rax
            cmp %rax, (%rsi)            | READ    | rsi     |         |         |
            testb $1, (%rsi)            | READ    | rsi     |         |         |
            btl $3, (%rsi)              | READ    | rsi     |         |         |
            lock btsl $3, (%rsi)        | WRITTEN | rsi     |         |         |
            incl (%rsi)                 | WRITTEN | rsi     |         |         |
            sete (%rsi)                 | WRITTEN | rsi     |         |         |
            sete %cl                    | NONE    |         | rcx     |         | rcx
            movzbl (%rsi), %eax         | READ    | rsi     | rax     |         |
            movzbl %sil, %eax           | NONE    |         | rax     |         | rsi
            movslq (%rdi,%rax,4), %rax  | READ    | rdi rax | rax     |         |
            cmove %rsi, %rax            | NONE    |         | rax     | rax rsi |
            cmove (%rsi), %rax          | READ    | rsi     | rax     | rax     |
            xchg %rax, (%rsi)           | WRITTEN | rsi     | rax     | rax     |
            lock cmpxchg %rcx, (%rsi)   | WRITTEN | rsi     | rax     | rcx     |
            push %rbx                   | WRITTEN | rsp     |         | rbx     |
            push (%rbx)                 | READ    | rbx     |         |         |
            pop %rbx                    | READ    | rsp     | rbx     |         |
            call *(%rax)                | READ    | rax     |         |         |
            rep stos %rax, (%rdi)       | WRITTEN | rdi     | rcx rdi | rax rdi |
            rep movsq                   | WRITTEN | rsi rdi | rcx rsi rdi | rsi rdi |
            movups %xmm0, (%rsi)        | WRITTEN | rsi     |         |         |
            movups (%rsi), %xmm0        | READ    | rsi     |         |         |
            lfence                      | NONE    |         |         |         |
            """)
    void registersAndMemory(String source, Memory memory, String through, String writes, String keeps, String mixes)
            throws IOException, InterruptedException {
        MemorySegment code = assembled(source);

        Operation operation = ISA.operation(ISA.decode(code, 0).orElseThrow(), code);

        assertThat(operation.isKnown()).isTrue();
        assertThat(operation.memory()).isEqualTo(memory);
        assertThat(names(operation.through())).containsExactlyInAnyOrderElementsOf(words(through));
        assertThat(names(operation.writes())).containsExactlyInAnyOrderElementsOf(words(writes));
        assertThat(names(operation.keeps())).containsExactlyInAnyOrderElementsOf(words(keeps));
        assertThat(names(operation.mixes())).containsExactlyInAnyOrderElementsOf(words(mixes));
    }

    @ParameterizedTest
    @CsvSource({"movq %rax", "pinsrw $1"})
    void whatBringsAValueIntoAVectorIsNotUnderstood(String begin) throws IOException, InterruptedException {
        MemorySegment code = assembled(begin + (begin.contains("$") ? ", %eax" : "") + ", %xmm0");

        assertThat(ISA.operation(ISA.decode(code, 0).orElseThrow(), code)).isEqualTo(Operation.UNKNOWN);
    }

    @Test
    void theLibraryIsUnderstoodAsObjdumpWritesIt(TestReporter reporter) throws IOException, InterruptedException {
        compare(Path.of("/usr/lib/x86_64-linux-gnu/libc.so.6").toRealPath(), 80, reporter);
    }

    @Test
    void theHypervisorIsUnderstoodAsObjdumpWritesIt(TestReporter reporter) throws IOException, InterruptedException {
        compare(BuiltXen.directory().resolve("xen-syms"), 99, reporter);
    }

    private static void compare(Path file, int percentKnown, TestReporter reporter)
            throws IOException, InterruptedException {
        Section text = ElfFile.read(file).section(".text").orElseThrow();
        int[] counts = new int[2];
        List<String> wrong = new ArrayList<>();
        Objdump.disassemble(file, List.of("-j", ".text"), line -> {
            Optional<Instruction> decoded = ISA.decode(text.contents(), line.address() - text.address());
            if (decoded.isEmpty() || line.text().startsWith("(bad)")) {
                return;
            }
            Operation operation = ISA.operation(decoded.get(), text.contents());
            counts[0]++;
            counts[1] += operation.isKnown() ? 1 : 0;
            if (operation.isKnown() && !agrees(operation, line.text()) && wrong.size() < 20) {
                wrong.add("%x %s: %s".formatted(line.address(), line.text(), operation));
            }
        });
        reporter.publishEntry(file.toString(), "%d instructions, %d understood".formatted(counts[0], counts[1]));
        assertThat(wrong).isEmpty();
        assertThat(counts[1] * 100L).isGreaterThan(counts[0] * (long) percentKnown);
    }

    /** Objdump writes the destination last, and in parentheses what an address is made of. */
    private static boolean agrees(Operation operation, String text) {
        String plain = text.replaceFirst("\\s+[#<].*", "")
                .replaceAll("^((rep[nz]*|lock|data16|cs|ds|es|ss|bnd|rex[.A-Z]*) )+", "");
        String mnemonic = plain.replaceFirst("\\s.*", "");
        String operands = plain.substring(mnemonic.length()).strip();
        Matcher address = ADDRESS.matcher(operands);
        if (mnemonic.equals("xchg") && operands.equals("%ax,%ax")) {
            return operation.writes() == 0; // A no-op.
        }
        boolean usesStack = mnemonic.matches("(push|pop|leave|ret).*");
        boolean ofString = mnemonic.matches("(movs|stos|cmps|scas|lods|ins|outs)[bwlq]?") && operands.contains("(%r");
        if (address.find()
                && !usesStack
                && !ofString
                && !mnemonic.startsWith("nop")
                && !mnemonic.startsWith("prefetch")) {
            Set<String> through = new LinkedHashSet<>();
            for (int group = 1; group <= 2; group++) {
                Optional.ofNullable(address.group(group))
                        .map(name -> name.substring(1))
                        .filter(name -> !name.equals("rip") && !name.equals("riz") && !name.equals("eip"))
                        .map(OperationTest::whole)
                        .ifPresent(through::add);
            }
            boolean sameAddress = Set.copyOf(names(operation.through())).equals(through);
            boolean written = operands.endsWith(")") && !LOOKS.matcher(mnemonic).matches();
            Memory expected = mnemonic.startsWith("lea") ? Memory.ADDRESS : written ? Memory.WRITTEN : Memory.READ;
            if (!sameAddress || operation.memory() != expected) {
                return false;
            }
        }
        Matcher lastRegister = Pattern.compile("(?:^|,)%([a-z0-9]+)$").matcher(operands);
        if (lastRegister.find() && !LOOKS.matcher(mnemonic).matches()) {
            String name = whole(lastRegister.group(1));
            return !NAMES.contains(name) || names(operation.writes()).contains(name) || name.equals("rsp");
        }
        return true;
    }

    private static String whole(String register) {
        if (register.matches("r[0-9]+[dwb]")) {
            return register.substring(0, register.length() - 1);
        }
        if (register.matches("e[a-z]{2}")) {
            return "r" + register.substring(1);
        }
        if (register.matches("[abcd][lh]")) {
            return "r" + register.charAt(0) + "x";
        }
        if (register.matches("(si|di|bp|sp)l")) {
            return "r" + register.substring(0, 2);
        }
        return register.matches("[abcd]x|si|di|bp|sp") ? "r" + register : register;
    }

    private static List<String> names(int registers) {
        List<String> names = new ArrayList<>();
        for (int at = 0; at < NAMES.size(); at++) {
            if ((registers >> at & 1) != 0) {
                names.add(NAMES.get(at));
            }
        }
        return names;
    }

    private static List<String> words(String cell) {
        return cell == null ? List.of() : List.of(cell.split(" "));
    }

    private MemorySegment assembled(String source) throws IOException, InterruptedException {
        return ElfFile.read(Objdump.assemble(directory, source + "\n"))
                .section(".text")
                .orElseThrow()
                .contents();
    }
}
