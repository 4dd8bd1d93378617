package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.LivePatchException;
import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Outcome;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs that cannot be patched, or hardly: what is said then, and that they live on. */
@Tag("harm")
class FaultsTest {
    private static final String THOUSAND =
            "int new_answer(int x) { return x + 1000; } REPLACES(new_answer, \"answer\");";
    private static final boolean IS_ROOT = isRoot();
    private static final String NOBODY = "65534";

    @TempDir
    private static Path folder;

    private static Path faults;
    private static Path file;
    private static Payload payload;

    @BeforeAll
    static void compile() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        faults = Program.compile(folder, "faults.c", "faults", "-ldl");
        payload = Program.payloadOf(folder, "faulty.c", THOUSAND, faults, "");
        file = folder.resolve("faulty.livepatch");
    }

    private static boolean isRoot() {
        try {
            return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void loads(Program program) {
        ScenariosTest.load(program.target(), "fault", payload);
        assertThat(program.ask("answer")).isEqualTo("1001");
        ProcessTargetTest.done(program.target().revert("fault", ApplyOptions.DEFAULT));
        assertThat(program.ask("answer")).isEqualTo("2");
        ProcessTargetTest.done(program.target().unload("fault", ApplyOptions.DEFAULT));
        assertThat(program.ask("answer")).isEqualTo("2");
    }

    private static String failure(ProcessTarget target) {
        try {
            Outcome outcome = target.upload("fault", payload);
            return outcome instanceof Outcome.Done
                    ? target.apply("fault", ApplyOptions.DEFAULT).toString()
                    : outcome.toString();
        } catch (LivePatchException e) {
            return e.getMessage();
        }
    }

    /** What a suture of another user says to loading the payload into each program. */
    private static List<String> asNobody(Program... programs) throws Exception {
        String classes = Stream.of("target/classes", "target/test-classes", "../core/target/classes")
                .map(path -> Path.of(path).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
        List<String> command = new ArrayList<>(List.of(
                "setpriv",
                "--reuid=" + NOBODY,
                "--regid=" + NOBODY,
                "--clear-groups",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classes,
                "dev.suture.process.AsAnotherUser"));
        for (Program program : programs) {
            command.addAll(List.of(String.valueOf(program.pid()), file.toString()));
        }
        File errors = folder.resolve("errors.txt").toFile();
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectError(errors)
                .start();
        List<String> lines = process.inputReader().lines().toList();
        assumeTrue(
                process.waitFor() == 0 && lines.size() == programs.length,
                "another user cannot read the compiled classes here");
        return lines;
    }

    private static Program startAsNobody(Path binary) {
        return Program.start(binary, "setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups");
    }

    @Test
    void withoutPermissionItIsSaidWhoseProcessItIsAndWhatWouldHelp() throws Exception {
        assumeTrue(IS_ROOT, "needs root, to run suture as somebody else");
        Path gone = Files.copy(faults, folder.resolve("gone"));
        try (Program others = Program.start(faults);
                Program own = startAsNobody(faults);
                Program undumpable = startAsNobody(faults);
                Program filtered = startAsNobody(faults);
                Program deleted = startAsNobody(gone)) {
            Files.delete(gone);
            assertThat(undumpable.ask("undumpable")).isEqualTo("0");
            assertThat(filtered.ask("kill mmap")).isEqualTo("0");
            List<String> said = asNobody(others, own, undumpable, filtered, deleted);
            assertThat(said.get(0))
                    .isEqualTo(
                            "process %d: opening its memory is not permitted: it runs as user id 0 and suture as %s;"
                                    + " run suture as that user, or with CAP_SYS_PTRACE (root)",
                            others.pid(), NOBODY);
            assertThat(said.get(1)).isEqualTo("done");
            assertThat(own.ask("answer")).isEqualTo("1001");
            assertThat(said.get(2)).contains("the process is not dumpable").contains("CAP_SYS_PTRACE");
            assertThat(said.get(3)).contains("it has a seccomp filter").contains("CAP_SYS_ADMIN");
            assertThat(filtered.ask("answer")).isEqualTo("2");
            assertThat(said.get(4)).as("a program of which the file is gone").isEqualTo("done");
            assertThat(deleted.ask("answer")).isEqualTo("1001");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"kill mmap", "fail mmap", "kill getpid"})
    void aSeccompFilterIsSetAsideByWhoMay(String filter) {
        assumeTrue(IS_ROOT, "needs CAP_SYS_ADMIN, to set a seccomp filter aside");
        assumeTrue(
                Files.exists(Path.of("/proc/sys/kernel/ns_last_pid")),
                "needs a kernel with checkpoint and restore, which can set a seccomp filter aside");
        try (Program program = Program.start(faults)) {
            assertThat(program.ask(filter)).isEqualTo("0");
            loads(program);
        }
    }

    @Test
    void aFilterThatOnlyOneThreadHasIsNoticed() {
        try (Program program = Program.start(faults)) {
            for (int i = 0; i < 3; i++) {
                assertThat(program.ask("filtered thread")).isEqualTo("0");
            }
            loads(program);
        }
    }

    @Test
    void aProgramThatMayMakeNoFilesAndOpenNoneIsPatched() {
        try (Program program = Program.start(faults)) {
            assertThat(program.ask("limit files 0")).isEqualTo("0");
            assertThat(program.ask("limit descriptors 3")).isEqualTo("0");
            loads(program);
        }
    }

    @Test
    void aProgramThatMayHaveNoMoreMemoryIsLeftAlone() {
        try (Program program = Program.start(faults)) {
            assertThat(program.ask("limit memory 4096")).isEqualTo("0");
            assertThat(failure(program.target())).contains("ENOMEM").contains("RLIMIT_AS");
            assertThat(program.ask("answer")).isEqualTo("2");
        }
    }

    @Test
    void aProgramOfWhichTheFirstThreadHasEndedIsPatchedAllTheSame() throws Exception {
        try (Program program = Program.start(faults, "env", "--", "sh", "-c", "exec \"$0\" without-first-thread")) {
            Thread.sleep(50);
            assertThat(ProcStatus.read(program.pid()).hasEnded()).isTrue();
            assertThat(program.ask("answer")).isEqualTo("2");
            loads(program);
        }
    }

    @Test
    void aProgramOf32BitsIsNamedAsThat() throws Exception {
        Files.writeString(folder.resolve("small.s"), """
                .globl _start
                _start: movl $4, %eax
                movl $1, %ebx
                movl $text, %ecx
                movl $6, %edx
                int $0x80
                1: movl $29, %eax
                int $0x80
                jmp 1b
                text: .ascii "ready\\n"
                """);
        Process compiler = new ProcessBuilder("gcc", "-m32", "-nostdlib", "-static", "-o", "small", "small.s")
                .directory(folder.toFile())
                .start();
        assumeTrue(compiler.waitFor() == 0, "needs an assembler for 32 bits (gcc -m32)");
        try (Program program = Program.start(folder.resolve("small"))) {
            assertThat(failure(program.target()))
                    .contains("it is a 32-bit program, and suture patches 64-bit ones only");
        }
    }

    @Test
    void aProgramInOtherNamespacesIsFoundAndPatched() throws Exception {
        assumeTrue(IS_ROOT, "needs root, to make namespaces");
        Process unshare = new ProcessBuilder("unshare", "--mount", "--pid", "--fork", "true").start();
        assumeTrue(unshare.waitFor() == 0, "needs a root file system of its own, to make namespaces");
        String script = "mount -t tmpfs none /mnt && cp '%s' /mnt/hidden && exec /mnt/hidden".formatted(faults);
        try (Program program =
                Program.start(faults, "unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", script)) {
            String children = Files.readString(
                            Path.of("/proc/%d/task/%d/children".formatted(program.pid(), program.pid())))
                    .strip();
            int pid = Integer.parseInt(children.split(" ")[0]);
            ProcessTarget target = new ProcessTarget(pid, "pid:" + pid);
            assertThat(Files.exists(Path.of("/mnt/hidden"))).isFalse();
            ScenariosTest.load(target, "hidden", payload);
            assertThat(program.ask("answer")).isEqualTo("1001");
            ProcessTargetTest.done(target.revert("hidden", ApplyOptions.DEFAULT));
            assertThat(program.ask("answer")).isEqualTo("2");
        }
    }

    @Test
    void inAChangedRootTheDebugFilesOfThatRootAreUsed() throws Exception {
        assumeTrue(IS_ROOT, "needs root, to change the root");
        Path root = Files.createDirectories(folder.resolve("root"));
        Path whole = Program.compile(folder, "faults.c", "whole", "-static");
        Payload secret = Program.payloadOf(
                folder,
                "secret.c",
                "int new_secret(int x) { return 4; } REPLACES(new_secret, \"faults.c#secret\");",
                whole,
                "");
        Program.run(folder, List.of("objcopy", "--only-keep-debug", "whole", "root/whole.debug"));
        Program.run(
                folder,
                List.of("objcopy", "--strip-all", "--add-gnu-debuglink=root/whole.debug", "whole", "root/whole"));
        try (Program program = Program.start(Path.of("/whole"), "chroot", root.toString())) {
            ScenariosTest.load(program.target(), "secret", secret);
            assertThat(program.ask("secret")).isEqualTo("4");
        }
        Files.delete(root.resolve("whole.debug"));
        try (Program program = Program.start(Path.of("/whole"), "chroot", root.toString())) {
            assertThat(program.target().upload("secret", secret).toString())
                    .contains("/whole has no symbol table, and none was found in")
                    .contains("/usr/lib/debug/.build-id/")
                    .contains("/whole.debug");
        }
    }

    @Test
    void afterAnUpgradeOnDiskThePayloadForTheOldFileFitsAndThatForTheNewOneDoesNot() throws Exception {
        Path upgraded = Files.copy(faults, folder.resolve("upgraded"));
        Path next = Program.compile(folder, "faults.c", "next", "-ldl", "-DNEXT=1", "-O1");
        Payload forNext = Program.payloadOf(folder, "fornext.c", THOUSAND, next, "");
        try (Program program = Program.start(upgraded)) {
            Files.move(next, upgraded, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            assertThat(program.target().upload("next", forNext).toString())
                    .contains("it is for a program or library with build id "
                            + forNext.changedFile().orElseThrow())
                    .contains("after an upgrade on disk these may be older ones");
            loads(program);
        }
    }

    @Test
    void whatHasEndedAndWhatIsNoProgramIsSaid() throws Exception {
        Process parent = new ProcessBuilder("sh", "-c", "sleep 0.1 & echo $!; exec sleep 60").start();
        try {
            int pid = Integer.parseInt(parent.inputReader().readLine());
            Thread.sleep(400);
            assertThatThrownBy(() -> new ProcessTarget(pid, "zombie").payloads())
                    .hasMessage("process %d: it has ended".formatted(pid));
        } finally {
            parent.destroyForcibly();
        }
        int kernel = IntStream.range(1, 200)
                .filter(FaultsTest::isKernelThread)
                .findFirst()
                .orElse(0);
        assumeTrue(kernel != 0, "needs to see a thread of the kernel");
        assertThatThrownBy(() -> new ProcessTarget(kernel, "kernel").payloads()).hasMessageContaining("kernel thread");
    }

    private static boolean isKernelThread(int pid) {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return (Long.parseLong(fields[6]) & 0x0020_0000) != 0;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void aProgramThatEndsOrBecomesAnotherInAHookIsReportedLost() {
        String ends = "extern void _exit(int); void loaded(void) { _exit(3); }";
        String executes = "extern int execl(const char *, const char *, ...);"
                + " void loaded(void) { execl(\"/bin/cat\", \"cat\", (char *)0); }";
        Map<String, String> hooks = Map.of(
                "ends", ends + " HOOK(preapply, loaded);",
                "endsstopped", ends + " HOOK(load, loaded);" + THOUSAND,
                "executes", executes + " HOOK(preapply, loaded);",
                "executesstopped", executes + " HOOK(load, loaded);" + THOUSAND);
        hooks.forEach((name, text) -> {
            Payload hook = Program.payloadOf(folder, name + ".c", text, faults, "");
            try (Program program = Program.start(faults)) {
                ProcessTargetTest.done(program.target().upload(name, hook));
                assertThatThrownBy(() -> program.target().apply(name, ApplyOptions.DEFAULT))
                        .hasMessageContaining(
                                name.startsWith("ends")
                                        ? "it ended while it was being worked on"
                                        : "it executed another program");
                if (name.startsWith("executes")) {
                    assertThat(program.ask("still there")).isEqualTo("still there");
                }
            }
        });
    }

    private static final String ENDS = "it ended while it was being worked on|it has ended|there is no such process";

    @Test
    void aProgramThatEndsAtAnyMomentEndsAsItWouldHave() throws Exception {
        // Two thirds of them between 10 and 18 ms: where apply begins with reading what upload left.
        for (int i = 0; i < 36; i++) {
            try (Program program = Program.start(faults)) {
                program.ask("end " + (i < 12 ? 1000 + i * 1500 : 4600 + i * 350));
                String said = failure(program.target());
                assertThat(said).matches("process \\d+: (" + ENDS + ")|Done.*");
                String line;
                do {
                    line = program.read();
                } while (!line.startsWith("ended"));
                assertThat(line).as(said).isEqualTo("ended 0");
            }
        }
    }

    @Test
    void aProgramThatBecomesAnotherAgainAndAgainLivesOn() throws Exception {
        List<String> said = new ArrayList<>();
        try (Program program = Program.start(faults, "env", "--", "sh", "-c", "exec \"$0\" execs 0")) {
            for (int i = 0; i < 25; i++) {
                said.add(failure(program.target()));
                assertThat(ProcessHandle.of(program.pid()).orElseThrow().isAlive())
                        .as(said.toString())
                        .isTrue();
            }
        }
        assertThat(said).allMatch(line -> line.matches("(?s)process \\d+: .*|Done.*|Refused.*"));
    }

    @Test
    void childrenThatAreMadeMeanwhileAreWholeAndRunTheOldOrTheNewCode() {
        try (Program program = Program.start(faults)) {
            program.ask("forks");
            for (int i = 0; i < 15; i++) {
                loads(program);
            }
            assertThat(program.ask("wrong")).isEqualTo("0");
            assertThat(Integer.parseInt(program.ask("children"))).isPositive();
        }
    }

    @Test
    void anUnwinderThatCameAfterThePayloadIsNotToldThatItGoes() {
        try (Program program = Program.start(faults)) {
            ScenariosTest.load(program.target(), "early", payload);
            assertThat(program.ask("unwinder")).isEqualTo("0");
            ProcessTargetTest.done(program.target().revert("early", ApplyOptions.DEFAULT));
            ProcessTargetTest.done(program.target().unload("early", ApplyOptions.DEFAULT));
            assertThat(program.ask("answer")).isEqualTo("2");
            loads(program);
        }
    }

    @Test
    void nothingIsLeftInTheTemporaryFolders() throws IOException {
        try (Program program = Program.start(faults)) {
            List<Path> before = temporary();
            loads(program);
            ScenariosTest.load(program.target(), "left", payload);
            assertThat(temporary()).isEqualTo(before);
        }
    }

    private static List<Path> temporary() throws IOException {
        List<Path> all = new ArrayList<>();
        for (Path place : List.of(folder, Path.of("/dev/shm"))) {
            try (Stream<Path> files = Files.list(place)) {
                files.sorted().forEach(all::add);
            }
        }
        return all;
    }

    /** A parent hears of its children's stops, too, and must not take that news from the tracer. */
    @Test
    void aChildOfSutureIsPatchedLikeAnyOther() throws Exception {
        Process child = new ProcessBuilder(faults.toString()).start();
        assertThat(child.inputReader().readLine()).isEqualTo("ready");
        ProcessTarget target = new ProcessTarget((int) child.pid(), "pid:" + child.pid());
        for (int i = 0; i < 10; i++) {
            ScenariosTest.load(target, "fault", payload);
            child.outputWriter().write("answer\n");
            child.outputWriter().flush();
            assertThat(child.inputReader().readLine()).isEqualTo("1001");
            ProcessTargetTest.done(target.revert("fault", ApplyOptions.DEFAULT));
            ProcessTargetTest.done(target.unload("fault", ApplyOptions.DEFAULT));
        }
        child.destroy();
        assertThat(child.waitFor()).as("ended by SIGTERM").isEqualTo(128 + 15);
    }
}
