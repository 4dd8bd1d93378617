package dev.suture.certify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.LivePatchException;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import org.junit.jupiter.api.Test;

/** Payloads on top of others: what runs is the program with the payloads below, and the patched one has all patches. */
class StackedPayloadsTest {
    private static final String ORIGINAL = """
            int outer(int);
            void say(const char *);
            static int count;
            static int __attribute__((noinline)) helper(int x) { static int last; return last += x * 7; }
            int __attribute__((noinline)) f(int x) { say("before"); return helper(x) + count++; }
            int __attribute__((noinline)) g(int x) { say("g"); return outer(x) * 3; }
            int __attribute__((noinline)) h(int x) { say("h"); return outer(x) + 5; }
            int keep(int x) { return x ? f(x) : g(x) + h(x); }
            """;
    /** Replaces f, and brings a function and a variable with a static local of it. */
    private static final String FIRST = ORIGINAL.replace(
                    "int __attribute__((noinline)) f(int x) { ",
                    "static int fresh = 5; static int __attribute__((noinline)) added(int x)"
                            + " { static int last; last -= x; say(\"new\"); return fresh += last; }\n"
                            + "int __attribute__((noinline)) f(int x) { x = added(x); ")
            .replace("\"before\"", "\"after\"");
    /** Replaces g. */
    private static final String G = FIRST.replace("outer(x) * 3", "outer(x) * 9");
    /** Replaces f once more, and what the first brought. */
    private static final String AGAIN = FIRST.replace("\"after\"", "\"again\"").replace("\"new\"", "\"newer\"");

    private static SmallPatch stack(String patched) {
        return SmallPatch.of(ORIGINAL, patched);
    }

    @Test
    void onlyWhatTheUpperPatchChangesIsInTheUpperPayload() {
        SmallPatch stack = stack(G);

        assertThat(stack.judgeStack(stack.payloadOf(FIRST), stack.payloadOnTop(FIRST, G)))
                .containsExactly("replaced g");
    }

    @Test
    void withoutThePayloadBelowItsPatchIsMissing() {
        SmallPatch stack = stack(G);

        assertThat(stack.judge(stack.payloadOnTop(FIRST, G))).contains("replaced g", "missing f");
    }

    @Test
    void whatALowerPayloadReplacedOrBroughtIsReplacedOnceMore() {
        SmallPatch stack = stack(AGAIN);

        assertThat(stack.judgeStack(stack.payloadOf(FIRST), stack.payloadOnTop(FIRST, AGAIN)))
                .containsExactly("replaced f", "replaced fix#unit.c#added");
    }

    @Test
    void aPayloadThatTakesBackWhatThePayloadBelowDidIsExact() {
        String back = FIRST.replace("\"after\"", "\"before\"");
        SmallPatch stack = stack(back);

        assertThat(stack.judgeStack(stack.payloadOf(FIRST), stack.payloadOnTop(FIRST, back)))
                .containsExactly("replaced f");
    }

    @Test
    void whatThePayloadBelowReplacesByTheSameIsExtra() {
        SmallPatch stack = stack(FIRST);

        assertThat(stack.judgeStack(stack.payloadOf(FIRST), stack.payloadOnTop(FIRST, AGAIN)))
                .contains("extra f")
                .noneMatch(line -> line.startsWith("replaced"));
    }

    @Test
    void whatAPayloadBelowDoesOtherwiseThanItsPatchIsMissing() {
        SmallPatch stack = stack(G);
        byte[] other = stack.payloadOf(FIRST.replace("\"after\"", "\"AFTER\""));

        assertThat(stack.judgeStack(other, stack.payloadOnTop(FIRST, G))).containsExactly("replaced g", "missing f");
    }

    @Test
    void aVariableThatAPayloadBelowBroughtMustNotBeBegunAnew() {
        String next = FIRST.replace("\"new\"", "\"newer\"");
        SmallPatch stack = stack(next);
        byte[] lower = stack.payloadOf(FIRST);

        assertThat(stack.judgeStack(lower, stack.payloadOnTop(FIRST, next)))
                .containsExactly("replaced fix#unit.c#added");
        assertThat(stack.judgeStack(lower, stack.payloadOnTop(ORIGINAL, next)))
                .anyMatch(line -> line.startsWith("missing"))
                .as("with variables of its own")
                .noneMatch(line -> line.startsWith("brought fresh"));
    }

    @Test
    void anotherStaticLocalOfTheSameNameIsBroughtBesideThatOfThePayloadBelow() {
        String next = FIRST.replace("g(int x) { ", "g(int x) { static int last; last ^= x; ");
        SmallPatch stack = stack(next);

        assertThat(stack.judgeStack(stack.payloadOf(FIRST), stack.payloadOnTop(FIRST, next)))
                .contains("replaced g")
                .anyMatch(line -> line.startsWith("brought last."))
                .noneMatch(line -> line.startsWith("missing") || line.startsWith("extra"));
    }

    @Test
    void noReferenceOfTheUpperPayloadCanLeadElsewhere() {
        SmallPatch stack = stack(AGAIN);
        byte[] lower = stack.payloadOf(FIRST);
        byte[] upper = stack.payloadOnTop(FIRST, AGAIN);
        ElfFile elf = ElfFile.read("payload", upper);
        Section text = elf.section(".text").orElseThrow();
        Section table = elf.section(".rela.text").orElseThrow();
        int count = elf.relocations(text).size();
        assertThat(count).isGreaterThan(5);
        for (int i = 0; i < count; i++) {
            byte[] changed = upper.clone();
            changed[(int) table.fileOffset() + i * 24 + 16] += 1;
            assertThat(stack.judgeStack(lower, changed))
                    .as("relocation %d", i)
                    .anyMatch(line -> line.startsWith("missing") || line.startsWith("extra"));
        }
    }

    @Test
    void noByteOfThePayloadBelowCanBeAnotherOne() {
        SmallPatch stack = stack(G);
        byte[] lower = stack.payloadOf(FIRST);
        byte[] upper = stack.payloadOnTop(FIRST, G);
        ElfFile elf = ElfFile.read("payload", lower);
        Section text = elf.section(".text").orElseThrow();
        for (long at = 0; at < text.sizeBytes(); at++) {
            byte[] changed = lower.clone();
            changed[(int) (text.fileOffset() + at)] ^= 0x20;
            boolean same = stack.judgeStack(changed, upper).equals(stack.judgeStack(lower, upper));
            assertThat(same).as(".text+0x%x", at).isEqualTo(isRelocatedOrFiller(elf, text, at));
        }
    }

    /** What is between functions of a payload below is not this certificate's affair. */
    private static boolean isRelocatedOrFiller(ElfFile elf, Section text, long at) {
        boolean relocated = elf.relocations(text).stream()
                .anyMatch(relocation -> relocation.sectionOffset() <= at && at < relocation.sectionOffset() + 4);
        boolean inFunction = elf.symbols().stream()
                .anyMatch(symbol -> symbol.isFunction()
                        && symbol.sectionIndex() == text.index()
                        && symbol.value() <= at
                        && at < symbol.value() + symbol.sizeBytes());
        return relocated || !inFunction;
    }

    @Test
    void aPayloadBelowThatReplacesSomethingUnknownTellsNothingOfWhatRuns() {
        SmallPatch stack = stack(G);
        byte[] lower = stack.payloadOf(FIRST);
        byte[] upper = stack.payloadOnTop(FIRST, G);
        Section table =
                ElfFile.read("payload", lower).section(".livepatch.funcs").orElseThrow();
        lower[(int) table.fileOffset() + 28] += 1;

        assertThatThrownBy(() -> stack.judgeStack(lower, upper))
                .isInstanceOf(LivePatchException.class)
                .hasMessageContaining("payload 1: `f`: its entry says that the function has")
                .hasMessageEndingWith("with that payload below, what runs cannot be told");
    }

    @Test
    void aCorruptPayloadBelowIsJudgedOrTurnedDown() {
        SmallPatch stack = stack(G);
        byte[] lower = stack.payloadOf(FIRST);
        byte[] upper = stack.payloadOnTop(FIRST, G);
        for (int at = 0; at < lower.length; at += 7) {
            byte[] changed = lower.clone();
            changed[at] ^= (byte) 0x81;
            try {
                stack.judgeStack(changed, upper);
            } catch (LivePatchException e) {
                assertThat(e.getMessage()).isNotEmpty();
            }
        }
    }

    /** Made for the action replace: the payloads below are gone by then, so they are not named. */
    @Test
    void aPayloadInPlaceOfTheStackHasAllOfIt() {
        SmallPatch stack = stack(G);

        assertThat(stack.judge(stack.payload()))
                .contains("replaced f", "replaced g", "brought added", "brought fresh")
                .noneMatch(line -> line.startsWith("missing") || line.startsWith("extra"));
    }

    @Test
    void threePayloadsAreOneStack() {
        String third = AGAIN.replace("outer(x) + 5", "added(x) + 6");
        SmallPatch stack = stack(third);
        byte[][] payloads = stack.payloads(FIRST, AGAIN, third);

        assertThat(stack.judgeStack(payloads)).containsExactly("replaced h");
        assertThat(stack.judgeStack(payloads[0], payloads[2])).contains("replaced h", "missing f");
    }
}
