package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever is killed between telling the program's unwinder and the ledger leaves no frames without memory. */
@Tag("threads")
class UnwinderKilledTest {
    private static final String PASSES = """
            extern "C" void fails(int);
            extern "C" void new_passes(int x) { __asm__ volatile("" ::: "memory"); fails(x); __asm__ volatile(""); }
            REPLACES(new_passes, "passes");
            """;

    @TempDir
    private static Path folder;

    private static void throwsAnException(Program program) throws Exception {
        program.say("a long line");
        String first = program.read();
        assertThat(first.equals("cleaned") ? program.read() : first).isEqualTo("caught too much");
    }

    // All that an upload does but its last word in the ledger.
    private static void uploadAndBeKilled(Program program, Payload payload) {
        Tracer.run(() -> {
            try (Work work = Work.change(program.pid(), Duration.ofSeconds(5))) {
                Upload upload = new Upload(work.session(), work.files(), work.ledger(), "killed", payload, false);
                assertThat(upload.prepare()).isEmpty();
                Ledger.Entry entry = upload.load(
                        work.borrow(),
                        (address, sizeBytes) -> work.write(
                                work.ledger().withPending(Ledger.Pending.memory(work.ledger(), address, sizeBytes))));
                assertThat(entry.isUnwinderTold()).isTrue();
                return null;
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    @Test
    void afterAKillTheNextCommandGoesOnAndExceptionsAreCaught() throws Exception {
        Path binary = Program.compile(folder, "throws.cc", "unwound");
        Payload payload = Program.payloadOf(folder, "unwound.cc", PASSES, binary, "");
        try (Program program = Program.start(binary)) {
            ProcessTarget target = program.target();
            throwsAnException(program);
            ScenariosTest.load(target, "first", payload);
            throwsAnException(program);
            ProcessTargetTest.done(target.revert("first", ApplyOptions.DEFAULT));
            ProcessTargetTest.done(target.unload("first", ApplyOptions.DEFAULT));
            for (int i = 0; i < 3; i++) {
                uploadAndBeKilled(program, payload);
                throwsAnException(program);
                assertThat(target.payloads()).isEmpty();
                ScenariosTest.load(target, "next", payload);
                throwsAnException(program);
                ProcessTargetTest.done(target.revert("next", ApplyOptions.DEFAULT));
                ProcessTargetTest.done(target.unload("next", ApplyOptions.DEFAULT));
                throwsAnException(program);
            }
        }
    }
}
