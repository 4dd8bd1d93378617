package dev.suture.certify;

import dev.suture.build.AskCompiler;
import dev.suture.build.xen.AskWholeXenBuild.Sources;
import dev.suture.diff.Change;
import dev.suture.diff.LineNumbers;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.SplitObject;
import dev.suture.diff.Tools;
import dev.suture.elf.ElfFile;
import dev.suture.link.LinkedPatch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

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
    private final String added;
    private final Path program;

    private SmallPatch(String original, String patched, String added, String... options) {
        this.original = original;
        this.patched = patched;
        this.added = added;
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
        objects(original, "", options).forEach(object -> command.add(object.toString()));
        Tools.run(Tools.directory(), command);
    }

    /**
     * {@return a patch of a program}
     *
     * @param options that the program alone is compiled with, besides those of Xen
     */
    static SmallPatch of(String original, String patched, String... options) {
        return new SmallPatch(original, patched, "", options);
    }

    /** {@return this patch and a source that becomes an object of its own} */
    SmallPatch adding(String source) {
        return new SmallPatch(original, patched, source);
    }

    /** {@return the objects of a program, {@code unit.o}, {@code rest.o} and, if there is a source for it, {@code added.o}} */
    private static List<Path> objects(String unit, String added, String... options) {
        List<Path> objects =
                new ArrayList<>(List.of(Tools.gcc("unit.c", unit, options), Tools.gcc("rest.c", REST, options)));
        if (!added.isEmpty()) {
            objects.add(Tools.gcc("added.c", added));
        }
        return objects;
    }

    /** {@return the payload that Suture makes of a patch to {@code patchedUnit}} */
    byte[] payloadOf(String patchedUnit) {
        return payloadOf(patchedUnit, added);
    }

    /** {@return the payload that Suture makes of a patch to {@code patchedUnit} that adds an object} */
    byte[] payloadOf(String patchedUnit, String addedSource) {
        return linked(patchedUnit, addedSource).payload();
    }

    private LinkedPatch linked(String patchedUnit, String addedSource) {
        // What proves a payload is to find a variable that the author let start anew.
        Change change = Change.of(original, patchedUnit, "-g").accepting("lost");
        return LinkedPatch.of(addedSource.isEmpty() ? change : change.and("added.c", "", addedSource), REST);
    }

    /** {@return the payload called "second" that goes on top of that for {@code lower}, and makes {@code upper} of it} */
    byte[] payloadOnTop(String lower, String upper) {
        return payloads(lower, upper)[1];
    }

    /** {@return a payload for each of these states of the source, on top of the one before; "fix" is the lowest} */
    byte[][] payloads(String... states) {
        List<String> names = List.of("second", "third");
        byte[][] payloads = new byte[states.length][];
        LinkedPatch patch = linked(states[0], "");
        payloads[0] = patch.payload();
        for (int i = 1; i < states.length; i++) {
            patch = patch.below(Change.of(states[i - 1], states[i], "-g"), names.get(i - 1));
            payloads[i] = patch.payload();
        }
        return payloads;
    }

    byte[] payload() {
        return payloadOf(patched);
    }

    ElfFile image() {
        return ElfFile.read(program);
    }

    private static Program program(String unit, String added) {
        return program(objects(unit, added));
    }

    private static Program program(List<Path> files) {
        List<String> names = List.of("unit.o", "rest.o", "added.o");
        List<ObjectPieces> objects = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            objects.add(SplitObject.split(names.get(i), ElfFile.read(files.get(i)), TABLES));
        }
        return new Program(objects);
    }

    /** {@return whether the objects of another source are in a program, and what is not} */
    Baseline baseline(String unit, ElfFile image) {
        return baseline(objects(unit, ""), image, List.of());
    }

    /** {@return whether another object, and the rest, are in the program, and what is not} */
    Baseline baseline(Path unit, List<String> configDifferences) {
        return baseline(List.of(unit, Tools.gcc("rest.c", REST)), image(), configDifferences);
    }

    private static Baseline baseline(List<Path> objects, ElfFile image, List<String> configDifferences) {
        RunningSystem system = new RunningSystem(image, List.of(), TABLES);
        return ProveBaseline.prove(program(objects), system, new CauseOfDifference(image, configDifferences));
    }

    Baseline baseline(ElfFile image) {
        return baseline(original, image);
    }

    /** {@return what is found out about a payload, a line each} */
    List<String> judge(byte[] payload) {
        return judge(payload, LineNumbers.UNMOVED);
    }

    List<String> judge(byte[] payload, LineNumbers lines) {
        return judge(List.of(payload), lines);
    }

    /** {@return what is found out about the last one of some payloads, the lowest of which is the first, a line each} */
    List<String> judgeStack(byte[]... payloads) {
        return judge(List.of(payloads), LineNumbers.UNMOVED);
    }

    private List<String> judge(List<byte[]> payloads, LineNumbers lines) {
        Program program = program(patched, added);
        List<PayloadContents> contents = contents(payloads);
        JudgeProgram.Result result = judge(program, contents, lines);
        List<String> found = found(result.judgement());
        FindUnaccounted.find(contents.getLast(), program, result.prove()).forEach(what -> found.add("extra " + what));
        return found;
    }

    private static List<PayloadContents> contents(List<byte[]> payloads) {
        List<PayloadContents> contents = new ArrayList<>();
        for (byte[] payload : payloads) {
            int file = contents.size() + 1;
            contents.add(PayloadContents.read(ElfFile.read("payload " + file, payload), file));
        }
        return contents;
    }

    private JudgeProgram.Result judge(Program program, List<PayloadContents> contents, LineNumbers lines) {
        RunningSystem system = new RunningSystem(image(), contents, TABLES);
        List<LineNumbers> everywhere = Collections.nCopies(contents.size() + 1, lines);
        return JudgeProgram.judge(program, system, Replacements.of(system), new Tolerance(everywhere, Map.of()));
    }

    /**
     * {@return what is found out about a payload with the help of the sources, a line each}
     *
     * @param source what the source of the unpatched object is said to be
     * @param options what the patched program is said to be compiled with, behind the options it really is
     */
    List<String> judgeWithSources(byte[] payload, String source, String... options) {
        return judgeStackWithSources(List.of(payload), source, options);
    }

    /** {@return the same about the last one of some payloads, the lowest of which is the first} */
    List<String> judgeStackWithSources(List<byte[]> payloads, String source, String... options) {
        List<PayloadContents> contents = contents(payloads);
        Program program = program(patched, added);
        JudgeProgram.Result result = judge(program, contents, LineNumbers.UNMOVED);
        AskCompiler compiler = new AskWithOptions(List.of(options));
        Path patchedSource = Tools.gcc("unit.c", source.equals(original) ? patched : source, "-E");
        Sources sources = new Sources(Tools.gcc("unit.c", source, "-E"), patchedSource, patchedSource);
        ProveUnchanged proof = new ProveUnchanged(program, this::originalObject, compiler, TABLES);
        return found(proof.apply(result, contents, names -> Map.of("unit.o", sources)));
    }

    private Optional<ObjectPieces> originalObject(String name) {
        return program(original, "").objects().stream()
                .filter(object -> object.name().equals(name))
                .findFirst();
    }

    /** Compiles what it is given as the objects here are compiled, with some more options. */
    private record AskWithOptions(List<String> options) implements AskCompiler {
        @Override
        public Map<String, Preprocessed> preprocess(List<String> objects, Set<String> alsoOnOneLine) {
            return Map.of();
        }

        @Override
        public Optional<Path> compile(String object, Path preprocessed, List<String> more) {
            List<String> all = new ArrayList<>(Tools.LIKE_XEN);
            all.addAll(options);
            all.addAll(more);
            try {
                return Optional.of(Tools.compile("gcc", "unit.i", Files.readString(preprocessed), all));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void close() {}
    }

    private static List<String> found(Judgement judgement) {
        List<String> found = new ArrayList<>();
        add(found, "replaced", judgement.replaced());
        add(found, "brought", judgement.brought());
        add(found, "hook", judgement.hooks());
        add(found, "missing", judgement.missing());
        add(found, "extra", judgement.extra());
        add(found, "lines", judgement.lineNumbersOnly());
        add(found, "unchanged", judgement.unchangedInSource());
        add(found, "not reached", judgement.notReached());
        return found;
    }

    private static void add(List<String> found, String title, List<Finding> findings) {
        findings.forEach(finding -> found.add(title + " " + finding.name()));
    }
}
