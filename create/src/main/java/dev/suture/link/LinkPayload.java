package dev.suture.link;

import dev.suture.Refusal;
import dev.suture.diff.Comparison;
import dev.suture.diff.Destinations;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.diff.Select;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.Destination;
import dev.suture.diff.Selection.Empty;
import dev.suture.diff.Selection.Fixed;
import dev.suture.diff.Selection.InPayload;
import dev.suture.diff.Selection.InTarget;
import dev.suture.diff.Selection.Named;
import dev.suture.diff.Selection.PieceId;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfBuilder;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.image.Image.ImageSymbol;
import dev.suture.isa.Isa;
import dev.suture.link.PlacePieces.Output;
import dev.suture.link.PlacePieces.Place;
import dev.suture.payload.Explanation;
import dev.suture.payload.PayloadSections;
import dev.suture.payload.Stack;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** Links one payload, for whichever target its format says. */
final class LinkPayload {
    private static final int R_X86_64_64 = 1;
    private static final long POINTER_BYTES = 8;
    /** {@code STV_HIDDEN}: nobody else's of that name counts. */
    private static final int HIDDEN = 2;

    private static final String NAMES = ".livepatch.strings";
    private static final String EH_FRAME = ".eh_frame";

    private final Selection selection;
    private final Image image;
    private final PayloadFormat format;
    private final String name;
    private final String depends;
    private final List<String> metadata;
    private final List<Stack.Patch> patches;
    private final Set<String> boundDirectly;
    private final Destinations destinations;
    private final PlacePieces placed;
    private final NameSymbols names;
    private final Isa isa;
    private final ElfBuilder builder;
    private final PointersToImports pointers;
    private final Map<String, Integer> sectionIndexes = new HashMap<>();
    private final Map<String, Integer> sectionSymbols = new HashMap<>();
    private final Map<String, Integer> undefinedSymbols = new HashMap<>();
    private final Set<Refusal> refusals = new LinkedHashSet<>();
    private final List<LinkResult.Function> functions = new ArrayList<>();

    LinkPayload(
            Selection selection,
            Image image,
            NameSymbols names,
            PayloadFormat format,
            String name,
            String depends,
            List<String> metadata,
            List<Stack.Patch> patches,
            Set<String> boundDirectly) {
        this.selection = selection;
        this.image = image;
        this.names = names;
        this.format = format;
        this.name = name;
        this.depends = depends;
        this.metadata = List.copyOf(metadata);
        this.patches = List.copyOf(patches);
        this.boundDirectly = Set.copyOf(boundDirectly);
        destinations = Select.destinations(selection, format.traits());
        placed = PlacePieces.place(selection);
        int machine = selection.objects().getFirst().patched().elf().header().machine();
        isa = Isa.of(machine);
        builder = new ElfBuilder(machine);
        pointers = new PointersToImports(builder, image, target -> undefined(target, Elf.STB_GLOBAL, Elf.STT_NOTYPE));
    }

    /** {@return the payload, or why there is none} */
    LinkResult link() {
        placed.outputs().forEach(this::checkOutput);
        placed.outputs().forEach(this::addOutput);
        addFunctions();
        selection.chosen().forEach(this::addRelocations);
        addUnwindEntries();
        addNamesOfOwnSymbols();
        addNotes();
        addMetadata();
        addExplanation();
        addStack();
        // From here on no section and no symbol is added.
        refusals.addAll(names.refusals());
        if (!refusals.isEmpty()) {
            return new LinkResult(new byte[0], "", functions, added(), List.copyOf(refusals));
        }
        byte[] payload = builder.toBytes();
        String buildId = BuildId.stamp(payload);
        if (payload.length > format.maxBytes()) {
            Refusal tooLarge = new Refusal(
                    "",
                    name,
                    String.format(
                            Locale.ROOT,
                            "the payload has %,d bytes, and %s takes at most %,d",
                            payload.length,
                            format.applier(),
                            format.maxBytes()),
                    "Split the patch into several payloads, stacked with --depends.");
            return new LinkResult(new byte[0], "", functions, added(), List.of(tooLarge));
        }
        return new LinkResult(payload, buildId, functions, added(), List.of());
    }

    /** What Xen turns down without saying why. */
    private void checkOutput(String section, Output output) {
        if (output.type == Elf.SHT_NOBITS && output.sizeBytes > format.maxBytes()) {
            refusals.add(new Refusal(
                    "",
                    name,
                    String.format(
                            Locale.ROOT,
                            "the payload's variables without initial values take %,d bytes, and %s takes at most %,d",
                            output.sizeBytes,
                            format.applier(),
                            format.maxBytes()),
                    "Allocate what is large at run time, from a load hook."));
        }
        long hooks = output.sizeBytes / POINTER_BYTES;
        if (PayloadSections.isSingleHook(section) && hooks > 1) {
            refusals.add(new Refusal(
                    "",
                    name,
                    "the patch has %d hooks in %s, and %s takes one".formatted(hooks, section, format.applier()),
                    "Call what has to be done from a single hook."));
        }
    }

    private void addOutput(String name, Output output) {
        int index = output.type == Elf.SHT_NOBITS
                ? builder.addNobits(name, output.flags, output.alignment, output.sizeBytes)
                : builder.addSection(
                        name,
                        output.type,
                        output.flags,
                        output.alignment,
                        output.entryBytes,
                        output.bytes.toByteArray());
        register(name, index);
    }

    private void register(String name, int index) {
        sectionIndexes.put(name, index);
        sectionSymbols.put(
                name, builder.addSymbol("", 0, 0, Elf.STB_LOCAL, Elf.STT_SECTION, 0, Symbol.Place.SECTION, index));
    }

    /** {@code .livepatch.funcs}: what is replaced by what. */
    private void addFunctions() {
        List<Chosen> replaced = selection.replaced();
        if (replaced.isEmpty()) {
            return;
        }
        int entryBytes = format.functionBytes();
        byte[] table = new byte[replaced.size() * entryBytes];
        MemorySegment entries = MemorySegment.ofArray(table);
        ByteArrayOutputStream strings = new ByteArrayOutputStream();
        List<Long> stringOffsets = new ArrayList<>();
        for (int i = 0; i < replaced.size(); i++) {
            Chosen chosen = replaced.get(i);
            Comparison comparison = selection.objects().get(chosen.id().object());
            Piece original = chosen.original().orElseThrow();
            String target = names.ofOriginal(
                            comparison.original(), original, chosen.piece().name())
                    .orElse(original.name());
            checkSize(comparison, original, target);
            stringOffsets.add((long) strings.size());
            strings.writeBytes((target + "\0").getBytes(StandardCharsets.ISO_8859_1));
            long at = (long) i * entryBytes;
            LittleEndian.putU32(entries, at + 24, (int) chosen.piece().statedSizeBytes());
            long oldSize = oldSize(original, target);
            LittleEndian.putU32(entries, at + 28, (int) oldSize);
            table[(int) at + 32] = (byte) format.payloadVersion();
            functions.add(new LinkResult.Function(
                    target, comparison.name(), oldSize, chosen.piece().statedSizeBytes(), chosen.reason()));
        }
        register(NAMES, builder.addSection(NAMES, Elf.SHT_PROGBITS, Elf.SHF_ALLOC, 1, 0, strings.toByteArray()));
        long flags = Elf.SHF_ALLOC | (format.writesIntoFunctions() ? Elf.SHF_WRITE : 0);
        int section = builder.addSection(PayloadSections.FUNCTIONS, Elf.SHT_PROGBITS, flags, 8, entryBytes, table);
        for (int i = 0; i < replaced.size(); i++) {
            long at = (long) i * entryBytes;
            Place place = placed.of(replaced.get(i).id());
            builder.addRelocation(section, at, R_X86_64_64, sectionSymbols.get(NAMES), stringOffsets.get(i));
            builder.addRelocation(section, at + 8, R_X86_64_64, sectionSymbols.get(place.section()), place.offset());
        }
    }

    /** A function may be shorter in a program than it was compiled for the comparison, where others are further away. */
    private long oldSize(Piece original, String target) {
        return checksSizes()
                ? original.statedSizeBytes()
                : image.find(target).map(ImageSymbol::sizeBytes).orElse(original.statedSizeBytes());
    }

    /** What a payload below has replaced has another size by now than in the image. */
    private boolean checksSizes() {
        return format.checksSizes() && names.below().patches().isEmpty();
    }

    /** An original whose size is not that in the image was not linked into it. */
    private void checkSize(Comparison comparison, Piece original, String target) {
        Optional<ImageSymbol> symbol = image.find(target);
        if (checksSizes() && symbol.isPresent() && symbol.get().sizeBytes() != original.statedSizeBytes()) {
            refusals.add(new Refusal(
                    comparison.name(),
                    target,
                    "`%s` has %d bytes in the tree's object but %d in %s: the object is not the one that was linked"
                            .formatted(
                                    target,
                                    original.statedSizeBytes(),
                                    symbol.get().sizeBytes(),
                                    image.name()),
                    "Use the tree exactly as it was when the running hypervisor was built."));
        }
    }

    private void addRelocations(Chosen chosen) {
        Comparison comparison = selection.objects().get(chosen.id().object());
        ObjectPieces object = comparison.patched();
        Place place = placed.of(chosen.id());
        int section = sectionIndexes.get(place.section());
        for (Reference reference : object.references(chosen.piece())) {
            int type = reference.relocation().type();
            if (!format.applicable().contains(type)) {
                refusals.add(new Refusal(
                        comparison.name(),
                        chosen.piece().name(),
                        "`%s` needs a relocation %s, which %s does not apply to payloads"
                                .formatted(chosen.piece().name(), isa.relocationName(type), format.applier()),
                        format.relocationRemedy()));
                continue;
            }
            long at = place.offset() + reference.pieceOffset();
            Destination destination = destinations.of(chosen.id().object(), chosen.piece(), reference);
            addRelocation(section, at, destination, chosen.piece().name(), reference, comparison);
        }
    }

    private void addRelocation(
            int section, long at, Destination to, String user, Reference reference, Comparison comparison) {
        int type = reference.relocation().type();
        Symbol like =
                comparison.patched().elf().symbols().get(reference.relocation().symbolIndex());
        switch (to) {
            case InPayload destination -> addOwn(section, at, placed.of(destination.id()), reference);
            case InTarget destination -> {
                ObjectPieces owner =
                        selection.objects().get(destination.object()).original();
                OptionalInt own = pointers.symbol(owner, destination.original());
                if (own.isPresent()) {
                    builder.addRelocation(section, at, type, own.getAsInt(), reference.addend());
                    return;
                }
                names.ofOriginal(owner, destination.original(), user)
                        .ifPresent(target ->
                                builder.addRelocation(section, at, type, undefined(target, like), reference.addend()));
            }
            case Named destination -> {
                names.ofGlobal(comparison.name(), destination.symbol(), user)
                        .ifPresent(target ->
                                builder.addRelocation(section, at, type, undefined(target, like), reference.addend()));
            }
            case Empty destination -> addEmpty(section, at, type, destination.section(), comparison, user);
            case Fixed() -> {
                long value = ((Reference.Constant) reference.target()).value();
                int symbol = builder.addSymbol(
                        ".absolute", value, 0, Elf.STB_LOCAL, Elf.STT_NOTYPE, 0, Symbol.Place.ABSOLUTE, 0);
                builder.addRelocation(section, at, type, symbol, 0);
            }
        }
    }

    /** A reference through a table of addresses is to a symbol: what is added counts from the table's slot. */
    private void addOwn(int section, long at, Place place, Reference reference) {
        int type = reference.relocation().type();
        long inSection = place.offset() + reference.addend();
        if (isa.relocation(type).throughGot()) {
            long fromSlot = reference.relocation().addend();
            int symbol = builder.addSymbol(
                    "",
                    inSection - fromSlot,
                    0,
                    Elf.STB_LOCAL,
                    Elf.STT_NOTYPE,
                    0,
                    Symbol.Place.SECTION,
                    sectionIndexes.get(place.section()));
            builder.addRelocation(section, at, type, symbol, fromSlot);
        } else {
            builder.addRelocation(section, at, type, sectionSymbols.get(place.section()), inSection);
        }
    }

    /** Xen unwinds without tables; a program may throw exceptions through replaced functions. */
    private void addUnwindEntries() {
        CopyUnwindEntries unwind = CopyUnwindEntries.of(selection);
        if (!format.traits().unwinds() || unwind.references().isEmpty()) {
            return;
        }
        int section = builder.addSection(EH_FRAME, Elf.SHT_PROGBITS, Elf.SHF_ALLOC, 8, 0, unwind.bytes());
        register(EH_FRAME, section);
        Map<PieceId, Chosen> chosen = selection.byId();
        for (CopyUnwindEntries.Copied copied : unwind.references()) {
            Comparison comparison = selection.objects().get(copied.object());
            Optional<PieceId> own = CopyUnwindEntries.inPayload(copied, selection, chosen);
            Destination to = own.isPresent()
                    ? new InPayload(own.get())
                    : destinations.of(
                            copied.object(), selection.chosen().getFirst().piece(), copied.reference());
            addRelocation(section, copied.offset(), to, EH_FRAME, copied.reference(), comparison);
        }
    }

    /** A replacement of no bytes is anywhere among the replacements: Xen only wants it to be in that section. */
    private void addEmpty(int section, long at, int type, String emptyIn, Comparison comparison, String user) {
        if (emptyIn.equals(PlacePieces.REPLACEMENTS) && sectionIndexes.containsKey(emptyIn)) {
            builder.addRelocation(section, at, type, sectionSymbols.get(emptyIn), 0);
        } else {
            refusals.add(new Refusal(
                    comparison.name(),
                    user,
                    "`%s` refers to a variable without a size, or to the section %s, of which nothing is in the program"
                            .formatted(user, emptyIn),
                    "Give the variable a size, or let the patch avoid the reference."));
        }
    }

    /** {@return an undefined symbol, weak or thread-local if the one it is like is} */
    private int undefined(String target, Symbol like) {
        int binding = like.isUndefined() && like.binding() == Elf.STB_WEAK ? Elf.STB_WEAK : Elf.STB_GLOBAL;
        int type = like.type() == Elf.STT_TLS ? Elf.STT_TLS : Elf.STT_NOTYPE;
        return undefined(target, binding, type);
    }

    private int undefined(String target, int binding, int type) {
        int other = boundDirectly.contains(target) ? HIDDEN : 0;
        return undefinedSymbols.computeIfAbsent(
                target, key -> builder.addSymbol(key, 0, 0, binding, type, other, Symbol.Place.UNDEFINED, 0));
    }

    /**
     * Names what is in the payload, so that a stack trace of the target can tell where it is. A replacement has the name
     * of what it replaces. What is new is marked with the payload's name: two payloads, or two generations of one, must
     * not both define a symbol, or Xen refuses the second.
     */
    private void addNamesOfOwnSymbols() {
        for (Chosen chosen : selection.chosen()) {
            Piece piece = chosen.piece();
            if (!piece.isNamed() || chosen.why() == Selection.Why.HOOK) {
                continue;
            }
            ObjectPieces object = selection.objects().get(chosen.id().object()).patched();
            Symbol symbol = piece.symbols().getFirst();
            String target = chosen.why() == Selection.Why.REPLACED
                    ? NameSymbols.targetName(object, symbol)
                    : NamesForNext.inPayload(name, object, symbol);
            Place place = placed.of(chosen.id());
            builder.addSymbol(
                    target,
                    place.offset(),
                    symbol.sizeBytes(),
                    Elf.STB_LOCAL,
                    symbol.type(),
                    0,
                    Symbol.Place.SECTION,
                    sectionIndexes.get(place.section()));
        }
    }

    /** {@return the section index of the payload's own build id, still all zero} */
    private int addNotes() {
        addNote(PayloadSections.DEPENDS, depends);
        format.targetNote().ifPresent(section -> addNote(section, image.buildId()));
        return addNote(PayloadSections.BUILD_ID, "00".repeat(BuildId.BYTES));
    }

    private int addNote(String section, String id) {
        return builder.addSection(section, Elf.SHT_NOTE, Elf.SHF_ALLOC, 4, 0, BuildId.note(id));
    }

    private void addMetadata() {
        if (metadata.isEmpty() || !format.hasMetadata()) {
            return;
        }
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (String entry : metadata) {
            text.writeBytes((entry + "\0").getBytes(StandardCharsets.UTF_8));
        }
        builder.addSection(PayloadSections.METADATA, Elf.SHT_PROGBITS, Elf.SHF_ALLOC, 1, 0, text.toByteArray());
    }

    private void addExplanation() {
        List<Explanation.Function> reasons = functions.stream()
                .map(function -> new Explanation.Function(function.name(), function.object(), function.reason()))
                .toList();
        byte[] explanation = ExplainSelection.of(selection, reasons, added()).toBytes();
        builder.addSection(PayloadSections.EXPLANATION, Elf.SHT_PROGBITS, 0, 1, 0, explanation);
    }

    private void addStack() {
        Stack stack = NamesForNext.after(selection, names, name, patches);
        builder.addSection(PayloadSections.STACK, Elf.SHT_PROGBITS, 0, 1, 0, stack.toBytes());
    }

    private List<Explanation.Added> added() {
        return selection.chosen().stream()
                .filter(chosen -> chosen.why() != Selection.Why.REPLACED)
                .map(chosen -> new Explanation.Added(
                        chosen.piece().name(),
                        selection.objects().get(chosen.id().object()).name(),
                        chosen.piece().kind().name(),
                        chosen.piece().sizeBytes(),
                        placed.of(chosen.id()).section(),
                        chosen.reason()))
                .toList();
    }
}
