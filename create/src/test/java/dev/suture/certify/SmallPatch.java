package dev.suture.certify;

import dev.suture.diff.Change;
import dev.suture.diff.LineNumbers;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.SplitObject;
import dev.suture.diff.Tools;
import dev.suture.elf.ElfFile;
import dev.suture.link.LinkedPatch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A program of one file and a rest that stays, a patch of the file, and what is found out about payloads. */
final class SmallPatch {
    static final String REST = """
            int outer(int x) { return x * 3; }
            void say(const char *text) { }
            int keep(int);
            int entry(int x) { return keep(x) + 1; }
            """;
    private static final SpecialSections TABLES = SpecialSections.xenX86(17);

    private final String original;
    private final String patched;
    private final Path program;

    private SmallPatch(String original, String patched) {
        this.original = original;
        this.patched = patched;
        program = Tools.directory().resolve("program");
        List<String> command = new ArrayList<>(List.of(
                "ld",
                "-o",
                program.toString(),
                "-e",
                "0",
                "--build-id=sha1",
                "-z",
                "noexecstack",
                "-Ttext=0xffff82d040200000"));
        objects(original).forEach(object -> command.add(object.toString()));
        Tools.run(Tools.directory(), command);
    }

    static SmallPatch of(String original, String patched) {
        return new SmallPatch(original, patched);
    }

    private static List<Path> objects(String unit) {
        return List.of(Tools.gcc("unit.c", unit), Tools.gcc("rest.c", REST));
    }

    /** {@return the payload that Suture makes of a patch to {@code patchedUnit}} */
    byte[] payloadOf(String patchedUnit) {
        return LinkedPatch.of(Change.of(original, patchedUnit), REST).payload();
    }

    byte[] payload() {
        return payloadOf(patched);
    }

    ElfFile image() {
        return ElfFile.read(program);
    }

    private static Program program(String unit) {
        List<Path> files = objects(unit);
        return new Program(List.of(
                SplitObject.split("unit.o", ElfFile.read(files.get(0)), TABLES),
                SplitObject.split("rest.o", ElfFile.read(files.get(1)), TABLES)));
    }

    /** {@return whether the objects of another source are in a program, and what is not} */
    Baseline baseline(String unit, ElfFile image) {
        RunningSystem system = new RunningSystem(image, Optional.empty(), TABLES);
        return ProveBaseline.prove(program(unit), system, new CauseOfDifference(image, List.of()));
    }

    Baseline baseline(ElfFile image) {
        return baseline(original, image);
    }

    /** {@return what is found out about a payload, a line each} */
    List<String> judge(byte[] payload) {
        return judge(payload, LineNumbers.UNMOVED);
    }

    List<String> judge(byte[] payload, LineNumbers lines) {
        ElfFile elf = ElfFile.read("payload", payload);
        PayloadContents contents = PayloadContents.read(elf);
        Program program = program(patched);
        RunningSystem system = new RunningSystem(image(), Optional.of(elf), TABLES);
        JudgeProgram.Result result =
                JudgeProgram.judge(program, system, contents, new Tolerance(lines, lines, Map.of()));
        List<String> found = new ArrayList<>();
        add(found, "replaced", result.judgement().replaced());
        add(found, "brought", result.judgement().brought());
        add(found, "missing", result.judgement().missing());
        add(found, "extra", result.judgement().extra());
        add(found, "lines", result.judgement().lineNumbersOnly());
        add(found, "not reached", result.judgement().notReached());
        FindUnaccounted.find(elf, program, result.prove(), contents).forEach(what -> found.add("extra " + what));
        return found;
    }

    private static void add(List<String> found, String title, List<Finding> findings) {
        findings.forEach(finding -> found.add(title + " " + finding.name()));
    }
}
