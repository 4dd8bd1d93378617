package dev.suture.cli.house;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.EvaluationResult;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The rules hold for the main code of every module, and each of them bites when it is broken. */
class HouseRulesTest {
    private static JavaClasses mainCode;

    @BeforeAll
    static void readTheClassFilesOfEveryModule() {
        mainCode = new ClassFileImporter().importPaths(SourceTree.mainClassFolders());
    }

    @ParameterizedTest
    @EnumSource
    void mainCodeKeeps(HouseRules rule) {
        rule.rule().check(mainCode);
    }

    @Test
    void theRulesSeeTheClassesOfEveryModule() {
        assertThat(mainCode.contain("dev.suture.Refusal")).isTrue();
        assertThat(mainCode.contain("dev.suture.cli.Suture")).isTrue();
    }

    /** Each line: the rule, then the sources that break it, written {@code package.Class: body}. */
    static Stream<Arguments> violations() {
        return Stream.of(
                arguments(HouseRules.EDGES, List.of("elf.Low: dev.suture.isa.High high;", "isa.High:")),
                arguments(HouseRules.EDGES, List.of("diff.A: dev.suture.payload.B[] b;", "payload.B:")),
                arguments(HouseRules.EDGES, List.of("xen.A: { new dev.suture.engine.B(); }", "engine.B:")),
                arguments(HouseRules.EDGES, List.of("rehearse.A: dev.suture.offline.B b;", "offline.B:")),
                arguments(HouseRules.EDGES, List.of("elf.A: dev.suture.cli.B b;", "cli.B:")),
                arguments(HouseRules.EDGES, List.of("cli.A: dev.suture.linux.B b;", "linux.B:")),
                arguments(HouseRules.EDGES, List.of("nowhere.A:")),
                arguments(
                        HouseRules.NO_CYCLES,
                        List.of("build.A: dev.suture.build.xen.B b;", "build.xen.B: dev.suture.build.A a;")),
                arguments(HouseRules.CREATE_AND_RUNTIME_APART, List.of("link.A: dev.suture.xen.B b;", "xen.B:")),
                arguments(HouseRules.RUNTIME_AND_CREATE_APART, List.of("xen.A: dev.suture.link.B b;", "link.B:")),
                arguments(
                        HouseRules.PROCESSES_ONLY_IN_BUILD_AND_REHEARSE,
                        List.of("diff.A: { new ProcessBuilder(\"gcc\"); }")),
                arguments(
                        HouseRules.PROCESSES_ONLY_IN_BUILD_AND_REHEARSE,
                        List.of("diff.A: void a() throws Exception { Runtime.getRuntime().exec(\"gcc\"); }")),
                arguments(HouseRules.PRINT_AND_EXIT_ONLY_IN_CLI, List.of("link.A: void a() { System.out.print(1); }")),
                arguments(HouseRules.PRINT_AND_EXIT_ONLY_IN_CLI, List.of("link.A: Runnable a = () -> System.exit(1);")),
                arguments(
                        HouseRules.PRINT_AND_EXIT_ONLY_IN_CLI,
                        List.of("link.A: void a(RuntimeException e) { e.printStackTrace(); }")),
                arguments(HouseRules.WHAT_IS_PRINTED_IS_CHECKED, List.of("cli.A: void a() { System.out.print(1); }")),
                arguments(
                        HouseRules.WHAT_IS_PRINTED_IS_CHECKED,
                        List.of("cli.A: Object a = new java.io.FileOutputStream(java.io.FileDescriptor.out);")),
                arguments(
                        HouseRules.NATIVE_CALLS_ONLY_IN_LINUX_AND_WATCH,
                        List.of("process.A: Object a = java.lang.foreign.Linker.nativeLinker();")));
    }

    @ParameterizedTest
    @MethodSource("violations")
    void aRuleBites(HouseRules rule, List<String> sources, @TempDir Path folder) throws IOException {
        EvaluationResult result = rule.rule().evaluate(compile(sources, folder));

        assertThat(result.hasViolation()).isTrue();
    }

    @Test
    void whereAThingIsAllowedNoRuleBites(@TempDir Path folder) throws IOException {
        JavaClasses allowed = compile(
                List.of(
                        "build.xen.A: { new ProcessBuilder(\"make\"); }",
                        "rehearse.B: { new ProcessBuilder(\"qemu\"); }",
                        "cli.Suture: void c() { System.out.print(1); System.exit(1); }",
                        "linux.D: Object d = java.lang.foreign.Linker.nativeLinker();",
                        "link.E: dev.suture.diff.F f;",
                        "diff.F:"),
                folder);

        for (HouseRules rule : HouseRules.values()) {
            assertThat(rule.rule().evaluate(allowed).getFailureReport().getDetails())
                    .as(rule.name())
                    .isEmpty();
        }
    }

    private static JavaClasses compile(List<String> sources, Path folder) throws IOException {
        List<String> arguments =
                new ArrayList<>(List.of("-d", folder.resolve("classes").toString()));
        for (String source : sources) {
            String name = source.substring(0, source.indexOf(':'));
            String packageName = name.substring(0, name.lastIndexOf('.'));
            String className = name.substring(name.lastIndexOf('.') + 1);
            Path file = folder.resolve(packageName.replace('.', '/')).resolve(className + ".java");
            Files.createDirectories(file.getParent());
            Files.writeString(
                    file,
                    "package dev.suture.%s; public class %s { %s }"
                            .formatted(packageName, className, source.substring(source.indexOf(':') + 1)));
            arguments.add(file.toString());
        }
        StringWriter said = new StringWriter();
        int status = ToolProvider.findFirst("javac")
                .orElseThrow()
                .run(new PrintWriter(said), new PrintWriter(said), arguments.toArray(String[]::new));
        assertThat(status).as(said.toString()).isZero();
        return new ClassFileImporter().importPath(folder.resolve("classes"));
    }
}
