package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.payload.Payload;
import dev.suture.process.Ledger.Pending;
import dev.suture.target.ApplyOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Notes of memory in the ledger that are not true any more: memory of the program is never given back for one. */
@Tag("harm")
class OwnMemoryTest {
    private static final int PAGES = 5;

    @TempDir
    private static Path folder;

    private static Path calls;
    private static Payload payload;

    @BeforeAll
    static void compile() {
        calls = Program.compile(folder, "calls.c", "owns", "-ldl");
        payload = Program.payloadOf(
                folder, "owned.c", "int new_says(int x) { return x + 7; } REPLACES(new_says, \"says\");", calls, "");
    }

    private static <T> T inside(Program program, Function<Work, T> what) {
        return Tracer.run(() -> {
            try (Work work = Work.change(program.pid(), Duration.ofSeconds(5))) {
                return what.apply(work);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private static void loadAndUnload(Program program, String name) {
        ScenariosTest.load(program.target(), name, payload);
        ProcessTargetTest.done(program.target().revert(name, ApplyOptions.DEFAULT));
        ProcessTargetTest.done(program.target().unload(name, ApplyOptions.DEFAULT));
    }

    private static Ledger.Span mapped(Program program, int protection) {
        List<Mapping> before = Mappings.read(program.pid()).all();
        assertThat(program.ask("call maps " + protection)).isEqualTo("1");
        Mapping found = Mappings.read(program.pid()).all().stream()
                .filter(mapping -> !before.contains(mapping))
                .findFirst()
                .orElseThrow();
        return new Ledger.Span(found.end() - PAGES * 4096L, found.end());
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 5, 7})
    void whatTheProgramHasWhereAPayloadWasToBeIsLeftAlone(int protection) {
        try (Program program = Program.start(calls)) {
            loadAndUnload(program, "first");
            Ledger.Span own = mapped(program, protection);
            inside(program, work -> {
                work.write(
                        work.ledger().withPending(Pending.memory(work.ledger(), own.start(), own.end() - own.start())));
                return null;
            });
            loadAndUnload(program, "next");
            assertThat(program.ask("call reads_mapped 3")).isEqualTo("3");
        }
    }

    @Test
    void whatTheProgramHasWhereCopiedCodeWasToBeIsLeftAlone() {
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            ScenariosTest.load(target, "first", payload);
            Ledger.Span own = mapped(program, 5);
            inside(program, work -> {
                long site = work.ledger()
                        .entries()
                        .getFirst()
                        .functions()
                        .getFirst()
                        .site();
                String code = java.util.HexFormat.of().formatHex(work.session().code(site, 5));
                work.write(work.ledger()
                        .withPending(new Pending(
                                List.of(new Ledger.Site(site, code, code)),
                                work.ledger().entries(),
                                work.ledger().applied(),
                                own.start(),
                                own.end() - own.start())));
                return null;
            });
            ProcessTargetTest.done(target.revert("first", ApplyOptions.DEFAULT));
            assertThat(program.ask("call reads_mapped 3")).isEqualTo("3");
        }
    }

    @Test
    void memoryOfAnUploadThatWasKilledIsGivenBack() {
        try (Program program = Program.start(calls)) {
            loadAndUnload(program, "first");
            List<Mapping> before = Mappings.read(program.pid()).all();
            inside(program, work -> {
                Upload upload = new Upload(work.session(), work.files(), work.ledger(), "killed", payload, false);
                assertThat(upload.prepare()).isEmpty();
                return upload.load(
                        work.borrow(),
                        (address, sizeBytes) -> work.write(
                                work.ledger().withPending(Pending.memory(work.ledger(), address, sizeBytes))));
            });
            assertThat(Mappings.read(program.pid()).all()).isNotEqualTo(before);
            assertThat(inside(program, Work::ledger).pending()).isEmpty();
            assertThat(Mappings.read(program.pid()).all()).isEqualTo(before);
        }
    }

    @Test
    void ifThereIsNoMemoryNoNoteOfItIsLeft() {
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            loadAndUnload(program, "first");
            Program.run(folder, List.of("prlimit", "--pid", "" + program.pid(), "--as=1000000"));
            assertThatThrownBy(() -> target.upload("next", payload)).hasMessageContaining("it cannot have");
            Optional<Pending> pending = Tracer.run(() -> {
                try (Session session = Session.open(program.pid())) {
                    return LedgerMemory.find(session, Mappings.read(program.pid()))
                            .read()
                            .pending();
                }
            });
            assertThat(pending).isEmpty();
        }
    }
}
