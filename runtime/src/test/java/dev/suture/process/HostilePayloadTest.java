package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.LivePatchException;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Outcome;
import dev.suture.target.State;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Payloads that lie: of damaged files, and of authors who know what Suture writes down. */
@Tag("harm")
class HostilePayloadTest {
    private static final int SECTION_TYPE_AT = 4;
    private static final int SECTION_TABLE_AT = 0x28;
    private static final int SECTION_HEADER_BYTES = 64;

    private static final String GOOD =
            "#include <stdio.h>\nint more; int added(int x) { more += x; puts(\"x\"); return x + more; } REPLACES(added, \"answer\");";

    @TempDir
    static Path folder;

    private static Path server;

    @BeforeAll
    static void compile() {
        server = Program.compile(folder, "server.c", "server");
        Program.payloadOf(folder, "whole.c", GOOD, server, "");
    }

    private record Nowhere() implements LinkPayload.Resolved {
        @Override
        public long address(Symbol symbol) {
            return 0x1000;
        }

        @Override
        public boolean isFunction(Symbol symbol) {
            return true;
        }

        @Override
        public long threadOffset(Symbol symbol) {
            return -8;
        }

        @Override
        public long moduleId(Symbol symbol) {
            return 1;
        }
    }

    private static void read(byte[] bytes) {
        try {
            Payload payload = Payload.read(ElfFile.read("payload", bytes));
            if (CheckPayload.refusals("payload", payload).isEmpty()) {
                new LinkPayload(payload.elf(), new Nowhere()).link(0x10000);
            }
        } catch (LivePatchException e) {
            assertThat(e.getMessage()).doesNotContain("Exception");
        }
    }

    @Test
    void whateverBytesAPayloadHasItIsReadOrTurnedDown() throws IOException {
        byte[] whole = Files.readAllBytes(Program.payload(folder, "whole.c", server, ""));
        Random random = new Random(29);
        for (int i = 0; i < 4000; i++) {
            byte[] bytes = whole.clone();
            for (int left = 1 + random.nextInt(8); left > 0; left--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            read(bytes);
        }
    }

    @Test
    void aTableOfFunctionsWithoutContentsIsTurnedDown() throws IOException {
        byte[] bytes = Files.readAllBytes(Program.payload(folder, "whole.c", server, ""));
        ElfFile elf = ElfFile.read("payload", bytes);
        Section functions = elf.section(".livepatch.funcs").orElseThrow();
        MemorySegment file = MemorySegment.ofArray(bytes);
        long header = LittleEndian.u64(file, SECTION_TABLE_AT) + (long) functions.index() * SECTION_HEADER_BYTES;
        LittleEndian.putU32(file, header + SECTION_TYPE_AT, Elf.SHT_NULL);
        assertThatThrownBy(() -> Payload.read(ElfFile.read("payload", bytes)))
                .isInstanceOf(LivePatchException.class)
                .hasMessage("payload: .livepatch.funcs has type 0 and no contents");
    }

    @Test
    void whatAnAuthorWritesIsNeverTakenForSuturesOwnNotes() {
        String liar = """
                __asm__(".section .modinfo,\\"a\\"; .asciz \\"signal-return=zzz\\"; .asciz \\"refers-to=good\\"; .text");
                int other(int x) { return x + 7; } REPLACES(other, "tail");
                """;
        try (Program program = Program.start(server)) {
            ProcessTarget target = program.target();
            assertThat(target.upload("good", Program.payloadOf(folder, "good.c", GOOD, server, "")))
                    .isInstanceOf(Outcome.Done.class);
            assertThat(target.upload("liar", Program.payloadOf(folder, "liar.c", liar, server, "")))
                    .isInstanceOf(Outcome.Done.class);
            assertThat(target.payloads().getLast().metadata()).containsExactly("signal-return=zzz", "refers-to=good");
            assertThat(target.unload("good", ApplyOptions.DEFAULT)).isInstanceOf(Outcome.Done.class);
            assertThat(target.apply("liar", ApplyOptions.DEFAULT)).isInstanceOf(Outcome.Done.class);
            assertThat(target.payloads()).extracting(payload -> payload.state()).containsExactly(State.APPLIED);
        }
    }
}
