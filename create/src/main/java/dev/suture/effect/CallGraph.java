package dev.suture.effect;

import dev.suture.effect.ProgramCode.Part;
import dev.suture.elf.Elf;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.image.LinkedCode;
import dev.suture.isa.Instruction;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Who leads to the beginning of each function of a linked program.
 *
 * <p>All bytes are looked at once: whatever could be a distance or address that leads to a function's first byte is noted,
 * in code and in data. What is in code is decoded when somebody asks, and dropped if it is no operand there. So nobody who
 * calls a function or holds its address in the file is missed, but who calculates it.
 */
final class CallGraph {
    private static final int SHT_INIT_ARRAY = 14;
    private static final int SHT_FINI_ARRAY = 15;
    private static final int SHT_PREINIT_ARRAY = 16;
    private static final int SHT_DYNAMIC = 6;
    private static final long DT_INIT = 12;
    private static final long DT_FINI = 13;
    private static final long DT_FLAGS_1 = 0x6fff_fffbL;
    private static final long DF_1_PIE = 0x0800_0000;
    private static final int PT_INTERP = 3;
    private static final int R_X86_64_IRELATIVE = 37;

    private final ProgramCode code;
    private final LinkedCode linked;
    private final FindSites sites;
    private final Map<Long, Body> bodies = new HashMap<>();
    private final Map<Long, List<Use>> uses = new HashMap<>();
    private final Map<Long, Boolean> neverReturns = new HashMap<>();
    private final Map<Long, Boolean> lasts = new HashMap<>();
    private final Set<Long> exported = new HashSet<>();
    private final Set<Long> called = new HashSet<>();
    private final Set<Long> calledAtExit = new HashSet<>();
    private final long entry;
    private boolean isProgram;

    /** How somebody uses the beginning of a function. */
    sealed interface Use {
        /**
         * An instruction calls it or jumps to it.
         *
         * @param caller the code that the instruction is in
         * @param target the function, or where its address is read
         * @param isAbsolute whether it does so by the address, in a register, and not by the distance: as code has to
         *     that runs elsewhere than it was linked for
         */
        record Call(Part caller, long site, long target, boolean isAbsolute) implements Use {}

        /** An instruction has its address as an operand. */
        record Taken(Part taker, long site) implements Use {}

        /** Data holds its address. */
        record Held(long address, Section section) implements Use {}
    }

    private CallGraph(Image image) {
        linked = new LinkedCode(image.elf());
        code = new ProgramCode(image, linked);
        entry = image.elf().header().entryAddress();
        sites = new FindSites(code, linked);
        for (Symbol symbol : image.elf().dynamicSymbols()) {
            if (symbol.isInSection()) {
                exported.add(symbol.value());
            }
        }
        isProgram = image.elf().header().type() == Elf.ET_EXEC
                || image.elf().segments().stream().anyMatch(segment -> segment.type() == PT_INTERP);
        readDynamic(image);
    }

    static CallGraph of(Image image) {
        return new CallGraph(image);
    }

    private void readDynamic(Image image) {
        for (Section section : image.elf().sections()) {
            if (section.type() == Elf.SHT_RELA && section.isAllocated()) {
                MemorySegment bytes = section.contents();
                for (long at = 0; at + 24 <= bytes.byteSize(); at += 24) {
                    if (LittleEndian.u32(bytes, at + 8) == R_X86_64_IRELATIVE) {
                        called.add(LittleEndian.u64(bytes, at + 16));
                    }
                }
            }
            if (section.type() == SHT_DYNAMIC && !section.isNobits()) {
                MemorySegment bytes = section.contents();
                for (long at = 0; at + 16 <= bytes.byteSize(); at += 16) {
                    long tag = LittleEndian.u64(bytes, at);
                    if (tag == DT_INIT) {
                        called.add(LittleEndian.u64(bytes, at + 8));
                    } else if (tag == DT_FLAGS_1) {
                        isProgram |= (LittleEndian.u64(bytes, at + 8) & DF_1_PIE) != 0;
                    } else if (tag == DT_FINI) {
                        calledAtExit.add(LittleEndian.u64(bytes, at + 8));
                    }
                }
            }
        }
    }

    ProgramCode code() {
        return code;
    }

    LinkedCode linked() {
        return linked;
    }

    /** {@return whether it is a program, and not a library, so that its entry is one} */
    boolean isProgram() {
        return isProgram;
    }

    /** {@return where the program is entered} */
    long entry() {
        return entry;
    }

    /** {@return whether other files find it by its name} */
    boolean isExported(long function) {
        return exported.contains(function);
    }

    /** {@return whether the dynamic linker calls it when it loads the file} */
    boolean isInitialiser(long function) {
        return called.contains(function);
    }

    /** {@return whether the dynamic linker calls it when the program ends} */
    boolean isFinaliser(long function) {
        return calledAtExit.contains(function);
    }

    /** {@return whether the file asks for it to be called when it is loaded: constructors and the like} */
    boolean isRunAtStart(long function) {
        return called.contains(function)
                || sites.inData(function).stream()
                        .anyMatch(place -> sectionWith(place)
                                .filter(CallGraph::isStartArray)
                                .isPresent());
    }

    private Optional<Section> sectionWith(long place) {
        return code.elf().sections().stream()
                .filter(section -> section.isAllocated()
                        && !section.has(Elf.SHF_TLS)
                        && place >= section.address()
                        && place < section.address() + section.sizeBytes())
                .findFirst();
    }

    static boolean isStartArray(Section section) {
        String name = section.name();
        return section.type() == SHT_INIT_ARRAY
                || section.type() == SHT_PREINIT_ARRAY
                || name.equals(".ctors")
                || name.startsWith(".ctors.");
    }

    static boolean isEndArray(Section section) {
        return section.type() == SHT_FINI_ARRAY || section.name().equals(".dtors");
    }

    /** {@return the function at an address with its halves} */
    Body body(Part part) {
        Body known = bodies.get(part.start());
        if (known == null) {
            known = new Body(code, linked, part, this::neverReturns);
            bodies.put(part.start(), known);
        }
        return known;
    }

    /** {@return whether the function that begins with a part may come back to its caller, or nobody can tell} */
    boolean mayReturn(Part part) {
        // Of most the first part tells: a body that is not followed has nothing else to go by.
        PartInstructions first = code.decoded(part);
        return !first.isComplete() || first.returns() || body(part).mayReturn();
    }

    /** {@return whether a call of the code at an address never comes back; false if nobody can tell} */
    boolean neverReturns(long target) {
        Boolean known = neverReturns.get(target);
        if (known != null) {
            return known;
        }
        Optional<String> imported = linked.importOfStub(target);
        if (imported.isPresent()) {
            return code.imports().neverReturns(imported.get());
        }
        Optional<Part> part = code.with(target).filter(found -> found.start() == target);
        if (part.isEmpty()) {
            return false;
        }
        // A function that calls itself is taken to come back while that is being found out.
        neverReturns.put(target, false);
        boolean never = !mayReturn(part.get());
        neverReturns.put(target, never);
        return never;
    }

    /** {@return whether code or data refers to an address, which need not be that of code} */
    boolean refersTo(long address) {
        for (Section section : code.elf().sections()) {
            if (!section.isAllocated() || section.isNobits()) {
                continue;
            }
            MemorySegment bytes = section.contents();
            for (long at = 0; at + 4 <= bytes.byteSize(); at++) {
                long distance = address - (section.address() + at + LittleEndian.s32(bytes, at));
                boolean relative = section.isCode() && distance >= 4 && distance <= 8;
                boolean absolute = at + 8 <= bytes.byteSize() && LittleEndian.u64(bytes, at) == address;
                if (relative || absolute) {
                    return true;
                }
            }
        }
        return false;
    }

    /** {@return whether the code at an address, or what it calls, has a loop} */
    boolean lasts(long target) {
        Boolean known = lasts.get(target);
        if (known != null) {
            return known;
        }
        Optional<Part> part = code.with(target).filter(found -> found.start() == target);
        boolean isStub = linked.importOfStub(target).isPresent();
        lasts.put(target, false);
        boolean found = part.isPresent()
                && !isStub
                && (body(part.get()).loops()
                        || body(part.get()).calls().stream().anyMatch(call -> lasts(call.target())));
        lasts.put(target, found);
        return found;
    }

    /** {@return who uses the beginning of a function} */
    List<Use> uses(long function) {
        List<Use> known = uses.get(function);
        if (known == null) {
            known = List.copyOf(findUses(function));
            uses.put(function, known);
        }
        return known;
    }

    private List<Use> findUses(long function) {
        List<Use> uses = new ArrayList<>();
        for (long site : sites.inCode(function)) {
            code.with(site).flatMap(part -> use(function, part, site)).ifPresent(uses::add);
        }
        for (long place : sites.inData(function)) {
            sectionWith(place).ifPresent(section -> uses.add(new Use.Held(place, section)));
        }
        return uses;
    }

    private Optional<Use> use(long function, Part part, long site) {
        MemorySegment bytes = ProgramCode.bytes(part);
        long base = part.section().address();
        Optional<Instruction> found = code.instructionWith(part, site);
        if (found.isEmpty()) {
            return Optional.of(new Use.Taken(part, site));
        }
        Instruction instruction = found.get();
        long start = base + instruction.offset();
        long in = site - start;
        if (instruction.branchTarget(bytes).isPresent()) {
            boolean leadsThere = in == instruction.immediateAt()
                    && base + instruction.branchTarget(bytes).getAsLong() == function;
            boolean isOwnLoop = part.start() == function && instruction.flow() != Instruction.Flow.CALL;
            return leadsThere && !isOwnLoop
                    ? Optional.of(new Use.Call(part, start, function, false))
                    : Optional.empty();
        }
        boolean isDisplacement = in == instruction.displacementAt() && instruction.displacementBytes() >= 4;
        boolean isImmediate = in == instruction.immediateAt() && instruction.immediateBytes() >= 4;
        if (!isDisplacement && !isImmediate) {
            return Optional.empty();
        }
        int size = isDisplacement ? instruction.displacementBytes() : instruction.immediateBytes();
        long behind = isDisplacement && instruction.ripRelative() ? start + instruction.sizeBytes() : 0;
        if (!isOperand(function, part, site, size, behind) || code.isa().isPadding(instruction, bytes)) {
            return Optional.empty();
        }
        return Optional.of(
                isJumpedTo(bytes, instruction)
                        ? new Use.Call(part, start, function, true)
                        : new Use.Taken(part, start));
    }

    private static boolean isOperand(long function, Part part, long site, int sizeBytes, long behind) {
        MemorySegment bytes = ProgramCode.bytes(part);
        long at = site - part.section().address();
        return sizeBytes == 8
                ? LittleEndian.u64(bytes, at) == function
                : behind + LittleEndian.s32(bytes, at) == function
                        || behind == 0 && LittleEndian.u32(bytes, at) == function;
    }

    /** {@return whether an address is put into a register for a call or jump that follows at once} */
    private boolean isJumpedTo(MemorySegment bytes, Instruction taking) {
        Optional<Instruction> next = code.isa().decode(bytes, taking.endOffset());
        if (next.isEmpty()) {
            return false;
        }
        long at = next.get().offset();
        boolean high = LittleEndian.u8(bytes, at) == 0x41;
        at += high ? 1 : 0;
        if (at + 2 > next.get().endOffset() || LittleEndian.u8(bytes, at) != 0xff) {
            return false;
        }
        int modrm = LittleEndian.u8(bytes, at + 1);
        boolean throughRegister = (modrm & 0xf8) == 0xe0 || (modrm & 0xf8) == 0xd0;
        return throughRegister && code.isa().operation(taking, bytes).writes() == 1 << ((modrm & 7) | (high ? 8 : 0));
    }

    /** {@return what the operands of a piece of code are the addresses of, and where in memory they are read} */
    Set<Long> operandsIn(Part part) {
        Set<Long> operands = new HashSet<>();
        MemorySegment bytes = ProgramCode.bytes(part);
        long base = part.section().address();
        long at = part.start() - base;
        while (at < part.end() - base) {
            Optional<Instruction> decoded = code.isa().decode(bytes, at);
            if (decoded.isEmpty()) {
                break;
            }
            Instruction instruction = decoded.get();
            if (instruction.displacementBytes() == 4) {
                long value = LittleEndian.s32(bytes, at + instruction.displacementAt());
                operands.add(instruction.ripRelative() ? base + instruction.endOffset() + value : value);
            }
            boolean branches = instruction.branchTarget(bytes).isPresent();
            if (instruction.immediateBytes() == 4 && !branches) {
                operands.add((long) LittleEndian.s32(bytes, at + instruction.immediateAt()));
            }
            at = instruction.endOffset();
        }
        return operands;
    }

    /**
     * {@return the calls and jumps through memory at fixed addresses, by the address that they read theirs from}
     *
     * @param places the addresses that matter
     */
    Map<Long, List<Use.Call>> callsThrough(Set<Long> places) {
        Map<Long, List<Use.Call>> found = new HashMap<>();
        for (Section section : code.sections()) {
            MemorySegment bytes = section.contents();
            for (long at = 2; at + 4 <= bytes.byteSize(); at++) {
                long place = section.address() + at + 4 + LittleEndian.s32(bytes, at);
                int modrm = LittleEndian.u8(bytes, at - 1);
                boolean isBranch = LittleEndian.u8(bytes, at - 2) == 0xff && (modrm == 0x15 || modrm == 0x25);
                long site = section.address() + at - 2;
                if (isBranch && places.contains(place)) {
                    code.with(site)
                            .ifPresent(part -> found.computeIfAbsent(place, _ -> new ArrayList<>())
                                    .add(new Use.Call(part, site, place, false)));
                }
            }
        }
        return found;
    }
}
