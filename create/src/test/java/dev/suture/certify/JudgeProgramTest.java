package dev.suture.certify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.LivePatchException;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Relocation;
import dev.suture.elf.Section;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class JudgeProgramTest {
    private static final String ORIGINAL = """
            int outer(int);
            void say(const char *);
            static int count;
            static const char names[2][8] = { "one", "two" };
            static int __attribute__((noinline)) helper(int x) { static int last; return last += x * 7; }
            static int __attribute__((noinline)) other(int x) { static int last; return last -= x * 5; }
            int __attribute__((noinline)) f(int x) { say("before"); return helper(x) + count++; }
            int __attribute__((noinline)) g(int x) { say(names[x & 1]); return outer(x) + other(x); }
            int keep(int x) { return x ? f(x) : g(x); }
            """;

    private static final String F = ORIGINAL.replace("say(\"before\")", "say(\"after\")");
    private static final String F_AND_G = F.replace("return outer(x)", "return outer(x) * 9");
    private static final String WITH_NEW = F.replace(
            "int __attribute__((noinline)) f(int x) { ",
            "static int fresh = 5; static int __attribute__((noinline)) added(int x) { say(\"new\"); return fresh += x; }\n"
                    + "int __attribute__((noinline)) f(int x) { x = added(x); ");

    @Test
    void aPayloadThatIsThePatchReplacesWhatThePatchChanges() {
        SmallPatch patch = SmallPatch.of(ORIGINAL, F_AND_G);

        assertThat(patch.judge(patch.payload())).containsExactly("replaced f", "replaced g");
    }

    @Test
    void newFunctionsAndVariablesAreFoundInThePayload() {
        SmallPatch patch = SmallPatch.of(ORIGINAL, WITH_NEW);

        assertThat(patch.judge(patch.payload())).containsExactly("replaced f", "brought added", "brought fresh");
    }

    @Test
    void whatThePayloadLeavesOutIsMissing() {
        SmallPatch patch = SmallPatch.of(ORIGINAL, F_AND_G);

        assertThat(patch.judge(patch.payloadOf(F))).containsExactly("replaced f", "missing g");
    }

    @Test
    void whatThePatchDoesNotChangeIsExtra() {
        SmallPatch patch = SmallPatch.of(ORIGINAL, F);

        assertThat(patch.judge(patch.payloadOf(F_AND_G)))
                .contains("replaced f", "extra g")
                .noneMatch(line -> line.startsWith("missing"));
    }

    @Test
    void codeThatHasToBeElsewhereInACacheLineIsReplaced() {
        String aligned = ORIGINAL.replace("(noinline)) f(", "(noinline, aligned(64))) f(")
                .replace("(noinline)) g(", "(noinline, aligned(64))) g(");
        SmallPatch patch = SmallPatch.of(ORIGINAL, aligned);

        assertThat(patch.judge(patch.payload())).containsExactly("replaced f", "replaced g");
        assertThat(patch.judge(patch.payloadOf(ORIGINAL.replace("keep(int x) {", "keep(int x) { outer(x);"))))
                .as("both are not at a multiple of 64 by chance")
                .containsAnyOf("missing f", "missing g");
    }

    @Test
    void codeAtAnotherPlaceOfACacheLineIsMissing() {
        String aligned = ORIGINAL.replace("(noinline)) f(", "(noinline, aligned(64))) f(");
        SmallPatch patch = SmallPatch.of(ORIGINAL, aligned);
        byte[] payload = patch.payload();
        Section text = ElfFile.read("payload", payload).section(".text").orElseThrow();
        assertThat(text.alignment()).isEqualTo(64);
        int header = (int) LittleEndian.u64(MemorySegment.ofArray(payload), 40) + text.index() * 64;
        payload[header + 48] = 32;

        assertThat(patch.judge(payload)).anyMatch(line -> line.equals("missing f") || line.equals("extra f"));
    }

    @Test
    void anotherReplacementThanThePatchedFunctionIsMissing() {
        SmallPatch patch = SmallPatch.of(ORIGINAL, F);

        assertThat(patch.judge(patch.payloadOf(ORIGINAL.replace("before", "AFTER"))))
                .contains("missing f")
                .noneMatch(line -> line.startsWith("replaced"));
    }

    @Test
    void aVariableWithAnotherInitialValueIsMissing() {
        String changed = F.replace("static int count;", "static int count = 3;");
        SmallPatch patch = SmallPatch.of(ORIGINAL, changed);

        assertThat(patch.judge(patch.payloadOf(F))).contains("missing count", "replaced f");
    }

    @Test
    void staticLocalsThatTheCompilerNumbersAnewAreTheSame() {
        String swapped = F.replace("f(int x) { ", "f(int x) { static int last; last ^= x; ");
        SmallPatch patch = SmallPatch.of(ORIGINAL, swapped);

        assertThat(patch.judge(patch.payload()))
                .contains("replaced f")
                .anyMatch(line -> line.startsWith("brought last."))
                .noneMatch(line -> line.startsWith("missing") || line.startsWith("extra"));
    }

    @Test
    void aCopyOfAVariableThatThereIsIsMissing() {
        String patched = ORIGINAL.replace("x * 7", "x * 9");
        SmallPatch patch = SmallPatch.of(ORIGINAL, patched);
        String withOwn = patched.replace("static int last; return last += x", "static int lost; return lost += x");

        assertThat(patch.judge(patch.payloadOf(withOwn))).anyMatch(line -> line.startsWith("missing last."));
    }

    @Test
    void functionsThatDifferInMovedLinesAloneAreTold() {
        String reports = ORIGINAL.replace("g(int x) {", "g(int x) { outer(__LINE__);");
        String patched = "\n\n\n" + reports.replace("before", "after");
        SmallPatch patch = SmallPatch.of(reports, patched);

        assertThat(patch.judge(patch.payloadOf(reports.replace("before", "after")), (was, is) -> is == was + 3))
                .containsExactly("replaced f", "lines g");
        assertThat(patch.judge(patch.payloadOf(reports.replace("before", "after"))))
                .contains("missing g");
    }

    @Test
    void noByteOfThePayloadCanBeAnotherOne() {
        SmallPatch patch = SmallPatch.of(ORIGINAL, WITH_NEW);
        byte[] payload = patch.payload();
        ElfFile elf = ElfFile.read("payload", payload);
        for (Section section : certified(elf)) {
            Set<Long> relocated = new HashSet<>();
            for (Relocation relocation : elf.relocations(section)) {
                for (long i = 0; i < (relocation.type() == 1 ? 8 : 4); i++) {
                    relocated.add(relocation.sectionOffset() + i);
                }
            }
            for (long at = 0; at < section.sizeBytes(); at++) {
                if (!relocated.contains(at)) {
                    byte[] changed = payload.clone();
                    changed[(int) (section.fileOffset() + at)] ^= 0x20;
                    assertThat(patch.judge(changed))
                            .as("%s+0x%x", section.name(), at)
                            .anyMatch(line -> line.startsWith("missing") || line.startsWith("extra"));
                }
            }
        }
    }

    @Test
    void noReferenceOfThePayloadCanLeadElsewhere() {
        SmallPatch patch = SmallPatch.of(ORIGINAL, WITH_NEW);
        byte[] payload = patch.payload();
        ElfFile elf = ElfFile.read("payload", payload);
        for (Section section : certified(elf)) {
            Section table = elf.section(".rela" + section.name()).orElse(null);
            int count = elf.relocations(section).size();
            for (int i = 0; i < count; i++) {
                byte[] changed = payload.clone();
                changed[(int) table.fileOffset() + i * 24 + 16] += 1;
                assertThat(patch.judge(changed))
                        .as("relocation %d of %s", i, section.name())
                        .anyMatch(line -> line.startsWith("missing") || line.startsWith("extra"));
            }
        }
    }

    @Test
    void anEntryOfTheTableOfFunctionsForAnotherPlaceIsExtra() {
        SmallPatch patch = SmallPatch.of(ORIGINAL, F);
        byte[] payload = patch.payload();
        Section table =
                ElfFile.read("payload", payload).section(".livepatch.funcs").orElseThrow();
        byte[] address = payload.clone();
        address[(int) table.fileOffset() + 16] = 0x40;
        byte[] size = payload.clone();
        size[(int) table.fileOffset() + 28] += 1;

        assertThat(patch.judge(address)).contains("extra f");
        assertThat(patch.judge(size)).contains("extra f");
        assertThat(patch.judge(payload)).containsExactly("replaced f");
    }

    @Test
    void aCorruptPayloadIsJudgedOrTurnedDown() {
        SmallPatch patch = SmallPatch.of(ORIGINAL, WITH_NEW);
        byte[] payload = patch.payload();
        for (int at = 0; at < payload.length; at += 5) {
            byte[] changed = payload.clone();
            changed[at] ^= (byte) 0x81;
            try {
                patch.judge(changed);
            } catch (LivePatchException e) {
                assertThat(e.getMessage()).isNotEmpty();
            }
        }
    }

    private static List<Section> certified(ElfFile payload) {
        return payload.sections().stream()
                .filter(section -> section.isAllocated()
                        && section.type() == Elf.SHT_PROGBITS
                        && !section.name().startsWith(".livepatch.")
                        && !section.name().equals(".modinfo"))
                .toList();
    }
}
