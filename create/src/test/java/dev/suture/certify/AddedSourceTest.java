package dev.suture.certify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.LivePatchException;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Payloads with code of a source that is no patch: it is one more object, with hooks. */
class AddedSourceTest {
    private static final String UNIT = """
            int outer(int);
            void say(const char *);
            int limit = 12;
            int __attribute__((noinline)) f(int x) { return outer(x) + limit; }
            int keep(int x) { say("keep"); return f(x); }
            """;
    private static final String PATCHED = UNIT.replace("+ limit", "- limit");
    private static final String ADDED = """
            extern int limit;
            void say(const char *);
            static int saved;
            static void set(void) { saved = limit; limit = 30; say("set"); }
            static void restore(void) { limit = saved; say("restored"); }
            void (*const on_load)(void) __attribute__((section(".livepatch.hooks.load"), used)) = set;
            void (*const on_unload)(void) __attribute__((section(".livepatch.hooks.unload"), used)) = restore;
            """;
    private static final SmallPatch PATCH = SmallPatch.of(UNIT, PATCHED).adding(ADDED);

    @Test
    void codeOfAnAddedSourceAndItsHooksAreThePatch() {
        assertThat(PATCH.judge(PATCH.payload()))
                .containsExactly(
                        "replaced f", "brought restore", "brought saved", "brought set", "hook restore", "hook set");
    }

    @Test
    void withoutTheSourceTheSamePayloadHasTooMuch() {
        assertThat(SmallPatch.of(UNIT, PATCHED).judge(PATCH.payload()))
                .contains("extra .livepatch.hooks.load", "extra .livepatch.hooks.unload")
                .anyMatch(line -> line.startsWith("extra `fix#added.c#set`"))
                .anyMatch(line -> line.startsWith("extra `fix#added.c#saved`"));
    }

    @Test
    void aPayloadWithoutTheHooksIsMissingThem() {
        assertThat(PATCH.judge(PATCH.payloadOf(PATCHED, ""))).contains("missing on_load", "missing on_unload");
    }

    @Test
    void anotherFunctionInAHookIsMissing() {
        assertThat(PATCH.judge(PATCH.payloadOf(PATCHED, ADDED.replace("limit = 30", "limit = 31"))))
                .contains("missing on_load", "hook restore");
    }

    @Test
    void aHookThatPointsToTheOtherFunctionIsMissing() {
        byte[] payload = PATCH.payload();
        byte[] load = relocation(payload, ".livepatch.hooks.load");
        byte[] unload = relocation(payload, ".livepatch.hooks.unload");
        byte[] swapped = withRelocation(payload, ".livepatch.hooks.load", unload);
        swapped = withRelocation(swapped, ".livepatch.hooks.unload", load);

        assertThat(PATCH.judge(swapped)).contains("missing on_load", "missing on_unload");
    }

    @Test
    void aHookThatPointsIntoItsFunctionIsMissing() {
        byte[] payload = PATCH.payload();
        byte[] relocation = relocation(payload, ".livepatch.hooks.load");
        relocation[16] += 1;

        assertThat(PATCH.judge(withRelocation(payload, ".livepatch.hooks.load", relocation)))
                .contains("missing on_load");
    }

    @Test
    void aHookThatIsNoPointerIsTurnedDown() {
        byte[] payload = PATCH.payload();
        byte[] relocation = relocation(payload, ".livepatch.hooks.load");
        int pc32 = 2;
        relocation[8] = (byte) pc32;
        byte[] changed = withRelocation(payload, ".livepatch.hooks.load", relocation);

        assertThatThrownBy(() -> PATCH.judge(changed))
                .isInstanceOf(LivePatchException.class)
                .hasMessageContaining(".livepatch.hooks.load holds something else than a pointer to a function");
    }

    private static long place(byte[] payload, String section) {
        Section table =
                ElfFile.read("payload", payload).section(".rela" + section).orElseThrow();
        return table.fileOffset();
    }

    private static byte[] relocation(byte[] payload, String section) {
        int at = (int) place(payload, section);
        return Arrays.copyOfRange(payload, at, at + 24);
    }

    private static byte[] withRelocation(byte[] payload, String section, byte[] relocation) {
        byte[] changed = payload.clone();
        System.arraycopy(relocation, 0, changed, (int) place(payload, section), relocation.length);
        return changed;
    }
}
