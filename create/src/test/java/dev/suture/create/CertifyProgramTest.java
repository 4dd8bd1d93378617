package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Progress;
import dev.suture.build.SourcePatch;
import dev.suture.certify.CertifyProgram;
import dev.suture.certify.CertifyProgramRequest;
import dev.suture.certify.Finding;
import dev.suture.certify.ProgramCertificate;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** One program and two patches of it, and what certificates say of payloads that are one of them, both, or damaged. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CertifyProgramTest {
    private static final String COMMAND =
            "gcc -O2 -g -c a.c && gcc -O2 -g -c b.c && gcc -O2 -g -c m.c && gcc -o prog a.o b.o m.o -Wl,--build-id";
    private static final String A = """
            int calls;
            __attribute__((noinline)) int first(int x) { volatile int y = x; calls++; return y + 1; }
            __attribute__((noinline)) int third(int x)
            {
                int sum;
                { static int n; n += x; sum = n; }
                { static int n; n += 10 * x; sum += n; }
                return sum + 3;
            }
            __attribute__((constructor)) static void early(void) { calls = 7; }
            """;
    private static final String MAIN = """
            #include <stdio.h>
            int first(int x), second(int x);
            int main(void) { while (getchar() >= 0) printf("%d %d\\n", first(1), second(1)); }
            """;
    private static final String B =
            "__attribute__((noinline)) int second(int x) { volatile int y = x; return y + 2; }\n";

    private Path directory;

    private Path one;
    private Path two;
    private Path ofOne;
    private Path ofBoth;

    @BeforeAll
    void makePayloads(@TempDir Path folder) throws IOException {
        directory = folder;
        source("source", A, B);
        source("running", A, B);
        PatchedProgram.run(List.of("sh", "-c", COMMAND), directory.resolve("running"), Map.of(), 0);
        one = patch("one", A.replace("y + 1", "y + 100"), B);
        two = patch("two", A, B.replace("y + 2", "y + 200"));
        ofOne = payload("of-one", List.of(one));
        ofBoth = payload("of-both", List.of(one, two));
    }

    private void source(String name, String a, String b) throws IOException {
        Files.createDirectories(directory.resolve(name));
        Files.writeString(directory.resolve(name).resolve("a.c"), a);
        Files.writeString(directory.resolve(name).resolve("b.c"), b);
        Files.writeString(directory.resolve(name).resolve("m.c"), MAIN);
    }

    private Path patch(String name, String a, String b) throws IOException {
        source(name, a, b);
        String text = PatchedProgram.run(List.of("diff", "-ruN", "source", name), directory, Map.of(), 1);
        return Files.writeString(directory.resolve(name + ".patch"), text);
    }

    private Path payload(String name, List<Path> patches) {
        Path file = directory.resolve(name + ".livepatch");
        CreateReport report = CreateProcessPayload.create(
                new ProcessRequest(
                        directory.resolve("source"),
                        COMMAND,
                        directory.resolve("running/prog"),
                        Optional.empty(),
                        patches.stream().map(SourcePatch::read).toList(),
                        directory.resolve("cache"),
                        false,
                        2,
                        file,
                        name,
                        Optional.empty(),
                        List.of(),
                        Set.of()),
                Progress.NONE);
        assertThat(report.refusals()).isEmpty();
        return file;
    }

    @Test
    void whichOfTwoVariablesOfOneNameItIsIsNotProved() throws IOException {
        Path three = patch("three", A.replace("sum + 3", "sum + 300"), B);

        ProgramCertificate certificate = certify(payload("of-three", List.of(three)), three);

        assertThat(certificate.unproved()).extracting(Finding::name).allMatch(name -> name.startsWith("n."));
        assertThat(certificate.unproved()).hasSize(2);
        assertThat(certificate.missing()).isEmpty();
    }

    private ProgramCertificate certify(Path payload, Path... patches) {
        return certify(payload, false, patches);
    }

    private ProgramCertificate certify(Path payload, boolean fromNothing, Path... patches) {
        return CertifyProgram.certify(
                        new CertifyProgramRequest(
                                payload,
                                List.of(),
                                directory.resolve("source"),
                                COMMAND,
                                directory.resolve("running/prog"),
                                Optional.empty(),
                                List.of(),
                                List.of(patches).stream().map(SourcePatch::read).toList(),
                                directory.resolve("cache"),
                                fromNothing,
                                2),
                        Progress.NONE)
                .certificate();
    }

    @Test
    void aPayloadIsExactlyItsPatch() {
        ProgramCertificate certificate = certify(ofOne, true, one);

        assertThat(certificate.reasons()).isEmpty();
        assertThat(certificate.isExact()).isTrue();
        assertThat(certificate.replaced()).containsExactly("first");
        assertThat(certify(ofBoth, one, two).replaced()).containsExactlyInAnyOrder("first", "second");
    }

    @Test
    void aFunctionTooManyIsExtra() {
        ProgramCertificate certificate = certify(ofBoth, one);

        assertThat(certificate.isExact()).isFalse();
        assertThat(certificate.missing()).isEmpty();
        assertThat(certificate.extra()).extracting(Finding::name).contains("second");
    }

    @Test
    void aFunctionThatThePayloadHasNotIsMissing() {
        ProgramCertificate certificate = certify(ofOne, one, two);

        assertThat(certificate.extra()).isEmpty();
        assertThat(certificate.missing()).extracting(Finding::name).containsExactly("second");
    }

    @Test
    void thePayloadOfAnotherPatchIsNoPartOfThisOne() {
        ProgramCertificate certificate = certify(ofOne, two);

        assertThat(certificate.missing()).extracting(Finding::name).contains("second");
        assertThat(certificate.extra()).extracting(Finding::name).contains("first");
    }

    @Test
    void aFunctionThatWasTakenOutOfTheTableIsMissingAndItsCodeExtra() throws IOException {
        Path less = edited("less", (bytes, payload) -> {
            Section table = payload.section(".livepatch.funcs").orElseThrow();
            shrink(bytes, table, table.sizeBytes() / 2);
            Section relocations = payload.section(".rela.livepatch.funcs").orElseThrow();
            shrink(bytes, relocations, relocations.sizeBytes() / 2);
        });

        ProgramCertificate certificate = certify(less, one, two);

        assertThat(certificate.missing()).hasSize(1);
        assertThat(certificate.extra())
                .anySatisfy(finding -> assertThat(finding.why()).contains("in .text"));
    }

    private static void shrink(MemorySegment file, Section section, long sizeBytes) {
        long headers = LittleEndian.u64(file, 0x28);
        LittleEndian.putU64(file, headers + 64L * section.index() + 32, sizeBytes);
    }

    @Test
    void codeThatWasChangedIsNotThePatchs() throws IOException {
        Path other = edited("other", (bytes, payload) -> {
            Section text = payload.sections().stream()
                    .filter(Section::isCode)
                    .findFirst()
                    .orElseThrow();
            long at = text.fileOffset() + text.contents().byteSize() - 2;
            bytes.set(java.lang.foreign.ValueLayout.JAVA_BYTE, at, (byte) (LittleEndian.u8(bytes, at) ^ 0x10));
        });

        ProgramCertificate certificate = certify(other, one, two);

        assertThat(certificate.missing()).hasSize(1);
        assertThat(certificate.missing().getFirst().why()).contains("is not what the patched program has");
    }

    @Test
    void anAddressInTheTableIsNoticed() throws IOException {
        Path elsewhere = edited("elsewhere", (bytes, payload) -> {
            Section table = payload.section(".livepatch.funcs").orElseThrow();
            LittleEndian.putU64(bytes, table.fileOffset() + 16, 0x401000);
        });

        assertThat(certify(elsewhere, one, two).extra())
                .anySatisfy(finding -> assertThat(finding.why()).contains("at which address it is"));
    }

    @Test
    void aConstructorIsOverAndListed() throws IOException {
        Path three = patch("three", A.replace("y + 1", "y + 100").replace("calls = 7", "calls = 8"), B);

        ProgramCertificate certificate = certify(ofOne, three);

        assertThat(certificate.startOnly()).extracting(Finding::name).containsExactly("early");
        assertThat(certificate.reasons()).isEmpty();
    }

    /** The lower one brings a function and a counter, which the upper one uses. */
    private void makeStack() throws IOException {
        String lower = A.replace(
                "__attribute__((noinline)) int first(int x) { volatile int y = x; calls++; return y + 1; }", """
                __attribute__((noinline)) static int twice(int x) { return 2 * x + x / 100; }
                __attribute__((noinline)) int first(int x) { static int seen = 3; calls++; return twice(x) + seen++; }""");
        source("lower", lower, B);
        source("upper", lower.replace("twice(x) + seen++", "twice(x + 5) + seen++"), B);
        makePatches();
        payload("lower", List.of(directory.resolve("lower.patch")));
    }

    private void makePatches() throws IOException {
        for (String[] step : new String[][] {{"source", "lower"}, {"lower", "upper"}}) {
            Files.writeString(
                    directory.resolve(step[1] + ".patch"),
                    PatchedProgram.run(List.of("diff", "-ruN", step[0], step[1]), directory, Map.of(), 1));
        }
    }

    private CreateReport upper(Path lower) {
        return CreateProcessPayload.create(
                new ProcessRequest(
                        directory.resolve("source"),
                        COMMAND,
                        directory.resolve("running/prog"),
                        Optional.empty(),
                        List.of(SourcePatch.read(directory.resolve("lower.patch"))),
                        List.of(SourcePatch.read(directory.resolve("upper.patch"))),
                        directory.resolve("cache"),
                        false,
                        2,
                        new PayloadRequest(
                                directory.resolve("upper.livepatch"),
                                "upper",
                                Optional.of(lower.toString()),
                                List.of(),
                                Set.of())),
                Progress.NONE);
    }

    private ProgramCertificate certifyUpper(Path lower) {
        return CertifyProgram.certify(
                        new CertifyProgramRequest(
                                directory.resolve("upper.livepatch"),
                                List.of(lower),
                                directory.resolve("source"),
                                COMMAND,
                                directory.resolve("running/prog"),
                                Optional.empty(),
                                List.of(SourcePatch.read(directory.resolve("lower.patch"))),
                                List.of(SourcePatch.read(directory.resolve("upper.patch"))),
                                directory.resolve("cache"),
                                false,
                                2),
                        Progress.NONE)
                .certificate();
    }

    @Test
    void onTopOfAnotherPayloadWhatThatBringsIsLookedAt() throws IOException {
        makeStack();
        Path lower = directory.resolve("lower.livepatch");

        CreateReport report = upper(lower);

        assertThat(report.refusals()).isEmpty();
        assertThat(report.unproved()).isEmpty();
        assertThat(report.stages()).extracting(CreateReport.StageTime::name).contains("compare linked programs");
        assertThat(certifyUpper(lower).reasons()).isEmpty();

        byte[] bytes = Files.readAllBytes(lower);
        ElfFile payload = ElfFile.read(lower);
        Section data = payload.sections().stream()
                .filter(section -> section.name().startsWith(".data") && section.sizeBytes() == 4)
                .findFirst()
                .orElseThrow();
        LittleEndian.putU32(MemorySegment.ofArray(bytes), data.fileOffset(), 77);
        Path altered = Files.write(directory.resolve("altered.livepatch"), bytes);

        ProgramCertificate certificate = certifyUpper(altered);

        assertThat(certificate.isExact()).isFalse();
        assertThat(certificate.unproved())
                .anySatisfy(finding -> assertThat(finding.why()).contains("on the word of"));
    }

    @Test
    void codeOfThePayloadBelowThatIsAnotherIsNoProof() throws IOException {
        makeStack();
        Path lower = directory.resolve("lower.livepatch");
        assertThat(upper(lower).refusals()).isEmpty();
        byte[] bytes = Files.readAllBytes(lower);
        ElfFile payload = ElfFile.read(lower);
        Symbol twice = payload.symbols().stream()
                .filter(symbol -> symbol.isInSection() && symbol.name().endsWith("#twice"))
                .findFirst()
                .orElseThrow();
        Section text = payload.sections().get(twice.sectionIndex());
        long last = text.fileOffset() + twice.value() + twice.sizeBytes() - 1;
        bytes[(int) last - 1] ^= 0x10;
        Path altered = Files.write(directory.resolve("altered.livepatch"), bytes);

        assertThat(certifyUpper(altered).missing())
                .anySatisfy(
                        finding -> assertThat(finding.why()).contains("of a payload below is not that of the program"));
    }

    /** The payload below was compiled with the lines of the source that it found. */
    @Test
    void aLineInThePayloadBelowIsTakenOnItsWord() throws IOException {
        String far = "\n".repeat(20);
        String before = far + A;
        String lower = "int more;\n\n\n"
                + before.replace(
                        "__attribute__((noinline)) int first(int x) { volatile int y = x; calls++; return y + 1; }",
                        """
                __attribute__((noinline)) static int line(int x) { volatile int at = __LINE__; return x + at; }
                __attribute__((noinline)) int first(int x) { calls++; return line(x) + 3; }""");
        source("source", before, B);
        try {
            source("lower", lower, B);
            source("upper", lower.replace("line(x) + 3", "line(x + 5) + 3"), B);
            makePatches();
            payload("lower", List.of(directory.resolve("lower.patch")));
            Path below = directory.resolve("lower.livepatch");

            assertThat(upper(below).refusals()).isEmpty();
            assertThat(certifyUpper(below).missing()).isEmpty();
            assertThat(certifyUpper(below).unproved()).extracting(Finding::name).contains("line");
        } finally {
            source("source", A, B);
        }
    }

    private interface Edit {
        void apply(MemorySegment bytes, ElfFile payload);
    }

    private Path edited(String name, Edit edit) throws IOException {
        byte[] bytes = Files.readAllBytes(ofBoth);
        edit.apply(MemorySegment.ofArray(bytes), ElfFile.read(ofBoth));
        return Files.write(directory.resolve(name + ".livepatch"), bytes);
    }
}
