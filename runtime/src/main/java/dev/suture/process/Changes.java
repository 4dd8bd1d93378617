package dev.suture.process;

import dev.suture.Refusal;
import dev.suture.elf.Relocation;
import dev.suture.process.CheckThreads.Range;
import dev.suture.process.Ledger.Entry;
import dev.suture.process.Ledger.Function;
import dev.suture.process.Ledger.Site;
import dev.suture.process.Ledger.Span;
import dev.suture.target.Policy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Works out what a change of what is applied means for the code: which bytes change, from what to what, and where no
 * thread may be meanwhile.
 *
 * @param sites the bytes
 * @param ranges where no thread may be
 * @param after what the ledger says afterwards
 * @param refusals functions that do not start with what their payload expects
 */
record Changes(List<Site> sites, List<Range> ranges, Ledger after, List<Refusal> refusals) {
    private static final int LARGEST_RELOCATED = 8;

    /**
     * {@return what it means to revert some payloads and then to apply others}
     *
     * @param reverted names, the uppermost first
     * @param applied names, the lowest first
     */
    static Changes of(Session session, Ledger ledger, List<String> reverted, List<String> applied, Policy policy) {
        CodeBytes code = new CodeBytes(session);
        List<Range> ranges = new ArrayList<>();
        List<Refusal> refusals = new ArrayList<>();
        Ledger after = ledger.withoutPending();
        for (String name : reverted) {
            Entry entry = ledger.entry(name).orElseThrow();
            List<Function> functions = new ArrayList<>();
            for (Function function : entry.functions()) {
                code.change(
                        function.site(),
                        function.replacementBytes(),
                        HexFormat.of().parseHex(function.original()));
                addRange(ranges, policy, function.newAddress(), function.newBytes(), function);
                addParts(ranges, policy, function.newParts(), function);
                if (function.staysInPlace()) {
                    addRange(ranges, policy, function.oldAddress(), function.oldBytes(), function);
                    addParts(ranges, policy, function.oldParts(), function);
                }
                functions.add(function.withOriginal(""));
            }
            List<String> left = after.applied().stream()
                    .filter(other -> !other.equals(name))
                    .toList();
            after = replace(after, entry.with(functions), left);
        }
        for (String name : applied) {
            Entry entry = ledger.entry(name).orElseThrow();
            entry.functions().forEach(function -> expect(code, name, function, refusals));
            List<Function> functions = new ArrayList<>();
            for (Function function : entry.functions()) {
                byte[] replacement = function.replacementBytes();
                byte[] live = code.at(function.site(), replacement.length);
                code.change(function.site(), live, replacement);
                if (policy == Policy.BYTES && !function.returnsToSite().isEmpty()) {
                    refusals.add(unsafeWithBytes(name, function));
                }
                addRange(ranges, policy, function.oldAddress(), function.oldBytes(), function);
                addParts(ranges, policy, function.oldParts(), function);
                addCurrent(ranges, policy, ledger, function);
                functions.add(function.withOriginal(HexFormat.of().formatHex(live)));
            }
            List<String> more = new ArrayList<>(after.applied());
            more.add(name);
            after = replace(after, entry.with(functions), more);
        }
        return new Changes(code.sites(), ranges, after, refusals);
    }

    private static void expect(CodeBytes code, String name, Function function, List<Refusal> refusals) {
        String found = HexFormat.of()
                .formatHex(code.at(function.oldAddress(), function.expected().length() / 2));
        if (!found.equals(function.expected())) {
            refusals.add(new Refusal(
                    name,
                    function.name(),
                    "its code at 0x%x starts with %s, and the payload expects %s"
                            .formatted(function.oldAddress(), found, function.expected()),
                    "Another payload or tool may have changed it, or the payload is for another build."));
        }
    }

    private static Ledger replace(Ledger ledger, Entry changed, List<String> applied) {
        List<Entry> entries = ledger.entries().stream()
                .map(entry -> entry.name().equals(changed.name()) ? changed : entry)
                .toList();
        return new Ledger(entries, applied, Optional.empty());
    }

    private static void addRange(List<Range> ranges, Policy policy, long start, long sizeBytes, Function function) {
        switch (policy) {
            case STACK, CALLS -> {
                if (start != 0 && sizeBytes > 0) {
                    ranges.add(new Range(start, start + sizeBytes, function.name(), true));
                }
            }
            case BYTES -> {
                int changed = function.replacement().length() / 2;
                ranges.add(new Range(function.site(), function.site() + changed, function.name(), false));
            }
        }
    }

    // What is written over a whole function must not be jumped back into, whatever the policy.
    private static void addParts(List<Range> ranges, Policy policy, List<Span> parts, Function function) {
        if (policy.isWholeFunction() || function.isInPlace()) {
            parts.forEach(part -> ranges.add(new Range(part.start() - 1, part.end(), function.name(), true)));
        }
    }

    private static Refusal unsafeWithBytes(String name, Function function) {
        return new Refusal(
                name,
                function.name(),
                "with --policy bytes a call that has begun goes on in the old function, and that may jump into the bytes"
                        + " that are overwritten: " + function.returnsToSite(),
                "Use the default policy, which waits until nobody is in the function.");
    }

    // What other payloads made of the function is what runs now.
    private static void addCurrent(List<Range> ranges, Policy policy, Ledger ledger, Function function) {
        for (String name : ledger.applied()) {
            for (Function other : ledger.entry(name).orElseThrow().functions()) {
                if (other.oldAddress() == function.oldAddress() && policy.isWholeFunction()) {
                    addRange(ranges, policy, other.newAddress(), other.newBytes(), other);
                    addParts(ranges, policy, other.newParts(), other);
                }
            }
        }
    }

    /**
     * {@return the functions whose code is not what the file says, though no payload changed it}
     *
     * @param name of the payload that is to be applied
     */
    static List<Refusal> unexpected(Session session, LoadedFiles files, Ledger ledger, String name) {
        List<Refusal> refusals = new ArrayList<>();
        Entry entry = ledger.entry(name).orElseThrow();
        Optional<LoadedFile> file = files.withBuildId(entry.targetBuildId());
        for (Function function : entry.functions()) {
            boolean isChanged = ledger.applied().stream()
                    .flatMap(other -> ledger.entry(other).orElseThrow().functions().stream())
                    .anyMatch(other -> overlap(other, function));
            byte[] live = session.code(function.site(), function.replacement().length() / 2);
            Optional<byte[]> expected = isChanged ? Optional.empty() : file.flatMap(it -> inFile(it, function, live));
            if (expected.isPresent() && !Arrays.equals(expected.get(), live)) {
                refusals.add(new Refusal(
                        name,
                        function.name(),
                        "its code at 0x%x is %s, and %s in the file"
                                .formatted(
                                        function.site(),
                                        HexFormat.of().formatHex(live),
                                        HexFormat.of().formatHex(expected.get())),
                        "A debugger or another tool changed it: take its breakpoint or patch away first."));
            }
        }
        return refusals;
    }

    private static boolean overlap(Function a, Function b) {
        return a.site() < b.site() + b.replacement().length() / 2
                && b.site() < a.site() + a.replacement().length() / 2;
    }

    /**
     * {@return the payloads that are said to be applied and are not any more, because the library they changed was
     * closed: it is gone, or was loaded again as it is in its file}
     */
    static List<String> lost(Session session, LoadedFiles files, Ledger ledger) {
        return ledger.applied().stream()
                .map(name -> ledger.entry(name).orElseThrow())
                .filter(entry -> !entry.functions().isEmpty())
                .filter(entry -> isGone(files, entry)
                        || entry.functions().stream().allMatch(function -> isAsInFile(session, files, entry, function)))
                .map(Entry::name)
                .toList();
    }

    /**
     * {@return whether the file that a payload changes is no longer where it was when the payload was brought in}
     *
     * @throws dev.suture.LivePatchException if a file is there, and cannot be read
     */
    static boolean isGone(LoadedFiles files, Entry entry) {
        Optional<LoadedFile> file = files.withBuildId(entry.targetBuildId());
        if (file.isEmpty()) {
            entry.functions().forEach(function -> files.requireKnown(function.site()));
            return true;
        }
        return entry.functions().stream().anyMatch(function -> !file.get().contains(function.site()));
    }

    private static boolean isAsInFile(Session session, LoadedFiles files, Entry entry, Function function) {
        byte[] live = session.code(function.site(), function.replacement().length() / 2);
        return !Arrays.equals(live, function.replacementBytes())
                && files.withBuildId(entry.targetBuildId())
                        .flatMap(file -> inFile(file, function, live))
                        .filter(bytes -> Arrays.equals(bytes, live))
                        .isPresent();
    }

    // Where the dynamic linker itself changes code, what it made of it is taken for right.
    private static Optional<byte[]> inFile(LoadedFile file, Function function, byte[] live) {
        long address = function.site() - file.bias();
        int size = function.replacement().length() / 2;
        Optional<byte[]> found = file.elf().sections().stream()
                .filter(section -> section.isCode()
                        && address >= section.address()
                        && address + size <= section.address() + section.sizeBytes())
                .map(section -> section.contents()
                        .asSlice(address - section.address(), size)
                        .toArray(java.lang.foreign.ValueLayout.JAVA_BYTE))
                .findFirst();
        if (found.isPresent() && !Arrays.equals(found.get(), live)) {
            for (Relocation relocation : ResolveSymbols.dynamicRelocations(file)) {
                long start = Math.max(0, relocation.sectionOffset() - address);
                long end = Math.min(size, relocation.sectionOffset() + LARGEST_RELOCATED - address);
                for (long at = start; at < end; at++) {
                    found.get()[(int) at] = live[(int) at];
                }
            }
        }
        return found;
    }
}
