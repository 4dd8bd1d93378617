package dev.suture.dwarf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FunctionsTest {
    private static final String SAMPLE = """
            extern void report(const char *, int) __attribute__((cold));
            static inline int innermost(int v) {
                static int count;
                return v * 3 + ++count;
            }
            static inline int helper(int *p) {
                static int calls;
                return innermost(p[1]) + ++calls;
            }
            int use(int *p) {
                static int calls;
                { static int inner; inner++; }
                calls++;
                return helper(p)
                    + helper(p + 1);
            }
            static __attribute__((noinline)) int part(int *p, int v) {
                if (__builtin_expect(v > 3, 0)) {
                    report("large", v);
                    __builtin_trap();
                }
                return *p;
            }
            int call_part(int *p) { return part(p, p[1]) + part(p, 3); }
            """;
    private static final String MAIN = """
            void report(const char *s, int v) { (void) s; (void) v; }
            int main(int argc, char **argv) { int a[4] = {argc, argc, argc, 0}; (void) argv; return use(a) + call_part(a); }
            """;

    @TempDir
    Path directory;

    private CompiledSource compiled;

    @BeforeEach
    void compileIn() {
        compiled = new CompiledSource(directory);
    }

    private ElfFile sample(String compilerAndOptions) {
        List<String> options = new ArrayList<>(List.of(compilerAndOptions.split(" ")));
        String compiler = options.removeFirst();
        options.addAll(List.of("-c", "-g"));
        return ElfFile.read(compiled.compile(compiler, ".c", SAMPLE, options));
    }

    private static Function only(Functions functions, String name) {
        assertThat(functions.named(name)).as(name).hasSize(1);
        return functions.named(name).getFirst();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gcc -O2 -gdwarf-5",
                "gcc -O2 -gdwarf-4",
                "gcc -O2 -gdwarf-3 -gstrict-dwarf",
                "gcc -O2 -gdwarf-5 -ffunction-sections -fdata-sections",
                "gcc -O2 -gdwarf-4 -ffunction-sections -fdata-sections",
                "gcc -O2 -gdwarf-5 -gz=zlib",
                "gcc -O0 -gdwarf-5",
                "clang -O2 -gdwarf-5 -ffunction-sections",
                "clang -O2 -gdwarf-4",
            })
    void everyFunctionSymbolHasItsFunctionWithTheSameCode(String command) {
        ElfFile object = sample(command);
        Functions functions = Functions.read(object);

        List<Symbol> symbols =
                object.symbols().stream().filter(Symbol::isFunction).toList();
        assertThat(symbols).hasSizeGreaterThanOrEqualTo(3);
        for (Symbol symbol : symbols) {
            String name = symbol.name().replaceAll("\\..*", "");
            CodeRange expected =
                    new CodeRange(symbol.sectionIndex(), symbol.value(), symbol.value() + symbol.sizeBytes());
            assertThat(functions.named(name))
                    .as(symbol.name())
                    .anySatisfy(function -> assertThat(function.ranges()).contains(expected));
            assertThat(functions.at(symbol.sectionIndex(), symbol.value()))
                    .map(Function::name)
                    .contains(name);
        }
    }

    @Test
    void aFunctionWithRarelyUsedPartsHasBothPieces() {
        ElfFile object = sample("gcc -O2 -ffunction-sections");
        Function part = only(Functions.read(object), "part");

        assertThat(part.ranges().stream()
                        .map(range ->
                                object.sections().get(range.sectionIndex()).name()))
                .containsExactly(".text.part", ".text.unlikely.part");
        assertThat(part.isExternal()).isFalse();
        assertThat(part.declared()).isEqualTo(new SourceLine("source.c", 17));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gcc -O2 -gdwarf-5", "gcc -O2 -gdwarf-4", "clang -O2"})
    void inlinedCallsNestAndSayWhereTheCallIs(String command) {
        Function use = only(Functions.read(sample(command)), "use");

        assertThat(use.isExternal()).isTrue();
        assertThat(use.inlined())
                .extracting(InlinedCall::callee, InlinedCall::call)
                .containsExactlyInAnyOrder(
                        tuple("helper", new SourceLine("source.c", 14)),
                        tuple("helper", new SourceLine("source.c", 15)));
        assertThat(use.inlined())
                .allSatisfy(helper -> assertThat(helper.inlined())
                        .extracting(InlinedCall::callee, InlinedCall::call)
                        .containsExactly(tuple("innermost", new SourceLine("source.c", 8))));
        assertThat(use.inlinedNames()).containsExactlyInAnyOrder("helper", "innermost");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gcc -O2",
                "gcc -O2 -fdata-sections",
                "gcc -O2 -gdwarf-4",
                "gcc -O0",
                "clang -O2 -gdwarf-5",
            })
    void staticVariablesKnowTheFunctionTheyAreDeclaredIn(String command) {
        List<StaticLocal> locals = Functions.read(sample(command)).staticLocals();

        assertThat(locals.stream().map(local -> local.name() + " of " + local.function()))
                .containsExactlyInAnyOrder("count of innermost", "calls of helper", "calls of use", "inner of use");
        if (command.startsWith("gcc")) {
            assertThat(locals).allSatisfy(local -> assertThat(local.symbol()).matches(local.name() + "\\.\\d+"));
        }
    }

    @Test
    void staticVariablesOfALinkedProgramHaveTheirSymbols() {
        Path program = compiled.compile("gcc", ".c", SAMPLE + MAIN, List.of("-g", "-O2"));
        List<StaticLocal> locals = Functions.read(ElfFile.read(program)).staticLocals();

        assertThat(locals)
                .hasSize(4)
                .allSatisfy(local -> assertThat(local.symbol()).matches(local.name() + "\\.\\d+"));
    }

    @Test
    void namesForTheLinkerAreThereInCpp() {
        Functions functions = Functions.read(compiled.cpp("""
                namespace n { struct s { int v; int method(int); }; }
                int n::s::method(int x) { static int seen; return v + x + ++seen; }
                """));

        assertThat(only(functions, "method").linkageName()).isEqualTo("_ZN1n1s6methodEi");
        assertThat(functions.staticLocals().getFirst().functionLinkageName()).isEqualTo("_ZN1n1s6methodEi");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"-gdwarf-5 -O2", "-gdwarf-4 -O2", "-gdwarf-2 -gstrict-dwarf -O2", "-O0", "-O2 -static -gz=zlib"})
    void functionsAndLinesOfALinkedProgramAreWhatAddr2lineSays(String options) {
        CompiledSource.assumeInstalled("addr2line");
        List<String> all = new ArrayList<>(List.of(options.split(" ")));
        all.add("-g");
        Path program = compiled.compile("gcc", ".c", SAMPLE + MAIN, all);
        ElfFile elf = ElfFile.read(program);
        Functions functions = Functions.read(elf);
        LineTable lines = LineTable.read(elf);

        List<String> command = new ArrayList<>(List.of("addr2line", "-s", "-f", "-e", program.toString()));
        StringBuilder found = new StringBuilder();
        for (String name : List.of("use", "part", "call_part", "main")) {
            for (CodeRange range : only(functions, name).ranges()) {
                Section section = elf.sections().get(range.sectionIndex());
                for (long offset = range.startOffset(); offset < range.endOffset(); offset++) {
                    command.add("0x%x".formatted(section.address() + offset));
                    LineRow row = lines.at(range.sectionIndex(), offset).orElseThrow();
                    Function function =
                            functions.at(range.sectionIndex(), offset).orElseThrow();
                    found.append(innermost(function, range.sectionIndex(), offset))
                            .append('\n')
                            .append(row.file())
                            .append(':')
                            .append(row.line())
                            .append('\n');
                }
            }
        }

        String said = CompiledSource.run(directory, command).replaceAll(" \\(discriminator \\d+\\)", "");
        assertThat(found.toString()).isEqualTo(said);
    }

    private static String innermost(Function function, int section, long offset) {
        String name = function.name();
        List<InlinedCall> calls = function.inlined();
        while (true) {
            Optional<InlinedCall> inner = calls.stream()
                    .filter(call -> call.ranges().stream().anyMatch(range -> range.contains(section, offset)))
                    .findFirst();
            if (inner.isEmpty()) {
                return name;
            }
            name = inner.get().callee();
            calls = inner.get().inlined();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"-gdwarf-5", "-gdwarf-4", "-gdwarf-3 -gstrict-dwarf", "-gdwarf-5 -gz=zlib"})
    void rowsOfAnObjectAreInTheSectionOfTheirCode(String options) {
        ElfFile object = sample("gcc -O2 -ffunction-sections " + options);
        LineTable lines = LineTable.read(object);

        Section part = object.section(".text.part").orElseThrow();
        List<LineRow> rows = lines.rows(part.index());
        assertThat(rows.getFirst().sectionOffset()).isZero();
        assertThat(rows.getFirst().line()).isEqualTo(17);
        assertThat(rows.getLast().isEndOfSequence()).isTrue();
        assertThat(rows.getLast().sectionOffset()).isEqualTo(part.sizeBytes());
        assertThat(rows).allSatisfy(row -> assertThat(row.file()).isEqualTo("source.c"));
        Section unlikely = object.section(".text.unlikely.part").orElseThrow();
        assertThat(lines.rows(unlikely.index()).stream().map(LineRow::line)).contains(19L);
        assertThat(lines.rows()).hasSizeGreaterThan(rows.size());
    }
}
