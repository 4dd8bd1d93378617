package dev.suture.process;

import dev.suture.Refusal;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.payload.Payload;
import dev.suture.payload.PayloadSections;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Tells whether a file is a payload for processes that can be loaded at all, whatever the process. */
final class CheckPayload {
    static final int ENTRY_BYTES = 104;
    private static final String CONSTRUCTORS = "\\.(preinit_array|init_array|fini_array|ctors|dtors)(\\..*)?";
    private static final int VERSION = 2;
    private static final int VERSION_AT = 32;
    private static final int OLD_SIZE_AT = 28;
    static final int EXPECT_AT = 72;

    private CheckPayload() {}

    /** {@return all reasons why it cannot be} */
    static List<Refusal> refusals(String name, Payload payload) {
        List<Refusal> refusals = new ArrayList<>();
        ElfFile elf = payload.elf();
        if (!PayloadSections.isName(name)) {
            refusals.add(new Refusal(
                    name,
                    "",
                    "a payload cannot be called that",
                    "Choose 1 to 127 letters, digits, dots, dashes and underscores (--name)."));
        }
        if (elf.header().machine() != Elf.EM_X86_64) {
            refusals.add(new Refusal(
                    name, "", "it is for machine %d".formatted(elf.header().machine()), "Build it for x86-64."));
        }
        if (payload.changedFile().isEmpty()) {
            refusals.add(new Refusal(
                    name,
                    PayloadSections.TARGET,
                    "it does not say which program or library it is for",
                    "It may be a payload for Xen; one for processes has the build id of the changed file in "
                            + PayloadSections.TARGET + "."));
        }
        if (payload.buildId().isEmpty()) {
            refusals.add(new Refusal(
                    name, PayloadSections.BUILD_ID, "it has no build id", "Link it with ld -r --build-id."));
        }
        if (payload.depends().isEmpty()) {
            refusals.add(new Refusal(
                    name,
                    PayloadSections.DEPENDS,
                    "it does not say what it is to be stacked on",
                    "Put the build id of the changed file, or of the payload below, into that section."));
        }
        if (payload.functions().isEmpty() && payload.hooks().isEmpty()) {
            refusals.add(new Refusal(name, "", "it replaces nothing and has no hooks", "Give it something to do."));
        }
        checkFunctions(name, elf, refusals);
        for (Section section : elf.sections()) {
            if (section.isAllocated() && section.has(Elf.SHF_TLS) && section.sizeBytes() > 0) {
                refusals.add(new Refusal(
                        name,
                        section.name(),
                        "it has %d bytes of new thread-local variables; threads that run have no room for them"
                                .formatted(section.sizeBytes()),
                        "Keep the values in an array or a map by thread id, or use pthread_getspecific."));
            }
        }
        for (Section section : elf.sections()) {
            if (section.isAllocated()
                    && section.sizeBytes() > 0
                    && section.name().matches(CONSTRUCTORS)) {
                refusals.add(new Refusal(
                        name,
                        section.name(),
                        "it has functions that run when a program starts or ends, and this one runs already",
                        "Call what is needed from a load hook (or an unload hook)."));
            }
        }
        for (Symbol symbol : elf.symbols()) {
            if (symbol.place() == Symbol.Place.COMMON) {
                refusals.add(
                        new Refusal(name, symbol.name(), "a variable without a place", "Compile with -fno-common."));
            }
        }
        return refusals;
    }

    private static void checkFunctions(String name, ElfFile elf, List<Refusal> refusals) {
        elf.section(PayloadSections.FUNCTIONS).ifPresent(section -> {
            MemorySegment bytes = section.contents();
            for (long at = 0; at + ENTRY_BYTES <= bytes.byteSize(); at += ENTRY_BYTES) {
                int version = LittleEndian.u8(bytes, at + VERSION_AT);
                if (version != VERSION) {
                    refusals.add(new Refusal(
                            name,
                            PayloadSections.FUNCTIONS,
                            "version %d of the format, expected %d".formatted(version, VERSION),
                            "Build it with a version of suture that fits this one."));
                }
                long oldSize = LittleEndian.u32(bytes, at + OLD_SIZE_AT);
                int expect = LittleEndian.u8(bytes, at + EXPECT_AT);
                int expectedBytes = (expect & 1) == 0 ? 0 : expect >> 1 & 0x1f;
                if (expectedBytes > oldSize || expect >> 6 != 0) {
                    refusals.add(new Refusal(
                            name,
                            PayloadSections.FUNCTIONS,
                            "entry %d expects %d bytes (0x%02x) of a function that has %d"
                                    .formatted(at / ENTRY_BYTES, expectedBytes, expect, oldSize),
                            "Expect at most 31 bytes, and no more than the function has."));
                }
                if (oldSize == 0) {
                    refusals.add(new Refusal(
                            name,
                            PayloadSections.FUNCTIONS,
                            "entry %d says that the old function has no bytes".formatted(at / ENTRY_BYTES),
                            "Fill in old_size."));
                }
            }
        });
    }
}
