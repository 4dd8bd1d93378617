package dev.suture.rehearse;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What the lines Xen prints mean: which of them say why a payload was not taken, and what can be done about it. */
final class XenWords {
    /**
     * The size of the biggest payload file Xen takes, in bytes.
     *
     * @see "Xen xen/common/livepatch.c, livepatch_upload: LIVEPATCH_MAX_SIZE"
     */
    static final int MOST_BYTES = 2 << 20;

    // A debug build of Xen prints much more, but puts a file and a line number in front of it.
    private static final Pattern ABOUT_LIVEPATCH =
            Pattern.compile("^(livepatch: |build-id mismatch:|xen: [0-9a-f]{8})");

    private static final Pattern NO_PROBLEM = Pattern.compile("^livepatch: (\\S+:? )?("
            + "Verifying enabled expectations|Applying \\d+ functions|Reverting$|Calling \\S+ |finished \\S+ with rc="
            + "|module metadata:| )");

    /**
     * A row of what can be done.
     *
     * @param words a regular expression for part of a reason: the step, a colon, and what Xen or its client prints
     * @param remedy what to do then
     * @param source where in Xen 4.17 the words are printed
     */
    private record Remedy(String words, String remedy, String source) {}

    private static final List<Remedy> REMEDIES = List.of(
            new Remedy(
                    "and Xen takes at most",
                    "Most of a payload is often debug information: remove it with strip --strip-debug.",
                    "common/livepatch.c livepatch_upload"),
            new Remedy(
                    "upload: .*(check against hypervisor build-id failed|build-id mismatch)",
                    "The payload was made for another build of Xen. Make it from the tree of this very build.",
                    "common/livepatch.c check_xen_buildid"),
            // xen_depends was found right at upload, so it is the other note that does not fit.
            new Remedy(
                    "apply: .*check against \\S+ build-id failed",
                    "The payload was made to lie right on top of something else than what is on top of this Xen. If that is another payload, rehearse both, in order, with --stack; if it was made for the hypervisor alone, rehearse it without --stack, or build it on top of the others (--depends).",
                    "common/livepatch.c build_id_dep"),
            new Remedy(
                    "Unknown symbol",
                    "The payload needs a symbol that neither this Xen nor a loaded payload has. Check that it was made for this build.",
                    "common/livepatch_elf.c livepatch_elf_resolve_symbols"),
            new Remedy(
                    "Could not resolve old address",
                    "A function the payload replaces is not in this Xen. Check that it was made for this build.",
                    "common/livepatch.c resolve_old_address"),
            new Remedy(
                    "duplicate new symbol",
                    "Another loaded payload already brings a symbol of that name. Unload it first, or rename the symbol.",
                    "common/livepatch.c build_symbol_table"),
            new Remedy(
                    "Unhandled relocation",
                    "Xen knows only R_X86_64_NONE, 64, PC32 and PLT32 in payloads. Compile with -fPIC and hidden visibility.",
                    "arch/x86/livepatch.c arch_livepatch_perform_rela"),
            new Remedy(
                    "Overflow in relocation",
                    "Something is further than 2 GiB from what refers to it.",
                    "arch/x86/livepatch.c arch_livepatch_perform_rela"),
            new Remedy(
                    "Too many .* sections",
                    "Xen takes fewer than 1024 sections. Merge sections, or strip those that are not loaded.",
                    "common/livepatch_elf.c livepatch_header_check"),
            new Remedy(
                    "Wrong version",
                    "The payload was made for a Xen with another layout of struct livepatch_func.",
                    "common/livepatch.c prepare_payload"),
            new Remedy(
                    "Nothing to patch",
                    "The payload replaces no function and has no hook: it is not a finished payload.",
                    "common/livepatch.c check_special_sections"),
            new Remedy(
                    "is missing",
                    "A section that every payload has is not there: it is not a finished payload.",
                    "common/livepatch.c check_special_sections"),
            new Remedy(
                    "No symbol table found",
                    "The file is not a whole relocatable object. Was it cut short or stripped?",
                    "common/livepatch_elf.c elf_resolve_sections"),
            new Remedy(
                    "is past end",
                    "The file is shorter than its headers say. Was it cut short?",
                    "common/livepatch_elf.c elf_resolve_sections"),
            new Remedy(
                    "Bogus e_shoff",
                    "The file is shorter than its headers say. Was it cut short?",
                    "common/livepatch_elf.c livepatch_header_check"),
            new Remedy(
                    "Section header size is corrupted",
                    "The file is shorter than its headers say. Was it cut short?",
                    "common/livepatch_elf.c livepatch_header_check"),
            new Remedy(
                    "Invalid ELF payload",
                    "A payload is a relocatable ELF file (ET_REL), not a program or a library.",
                    "common/livepatch_elf.c livepatch_header_check"),
            new Remedy(
                    "Timed out on semaphore",
                    "Xen could not halt all CPUs within 30 ms. Rehearse on a machine with less other work, or with more time.",
                    "common/livepatch.c livepatch_spin"),
            new Remedy(
                    "can't revert as payload has \\.data",
                    "A payload with writable data is applied once. Unload and upload it again.",
                    "common/livepatch.c livepatch_action"),
            new Remedy(
                    "expectation failed",
                    "The code to be replaced is not what the payload expects: another payload changed it, or the payload was made for another build.",
                    "common/livepatch.c livepatch_check_expectations"),
            new Remedy(
                    "hook failed",
                    "A hook of the payload vetoed this. See what the hook checks.",
                    "common/livepatch.c livepatch_action"),
            new Remedy(
                    "can't unload\\. Top is",
                    "A payload can be reverted only when no other was applied after it. Revert that one first.",
                    "common/livepatch.c livepatch_action"),
            new Remedy(
                    "active waitqueue",
                    "A domain waits inside the hypervisor. Try again when it does not.",
                    "arch/x86/livepatch.c arch_livepatch_safety_check"),
            new Remedy(
                    "File exists",
                    "A payload of that name or build id is loaded already. Unload it first.",
                    "common/livepatch.c livepatch_upload, prepare_payload"));

    private static final List<Pattern> DEATHS = List.of(
            Pattern.compile("Panic on CPU \\d+:"),
            Pattern.compile("FATAL (PAGE FAULT|TRAP).*"),
            Pattern.compile("DOUBLE FAULT.*"),
            Pattern.compile("Hardware Dom0 (crashed|shutdown).*"),
            Pattern.compile("Domain 0 \\(vcpu#\\d+\\) crashed.*"),
            Pattern.compile("Kernel panic - not syncing.*"));

    private static final Pattern VERSION = Pattern.compile("Xen version (\\S+)");
    private static final Pattern BUILD_ID = Pattern.compile("build-id: ([0-9a-f]{8,})");

    private XenWords() {}

    /** {@return whether the line says that the hypervisor or dom0 has died} */
    static boolean tellsOfDeath(String line) {
        return DEATHS.stream().anyMatch(death -> death.matcher(line).find());
    }

    /** {@return the version in the hypervisor's first lines, if this is the one with it} */
    static Optional<String> version(String line) {
        return firstGroup(VERSION, line);
    }

    /** {@return the running hypervisor's build id, if this is the line with it} */
    static Optional<String> buildId(String line) {
        return firstGroup(BUILD_ID, line);
    }

    /**
     * {@return why a step failed, in Xen's own words, else in its client's}
     *
     * @param xenLog what Xen printed during the step
     * @param output what the client printed
     */
    static String reason(List<String> xenLog, String output) {
        List<String> reasons = xenLog.stream()
                .filter(line -> ABOUT_LIVEPATCH.matcher(line).find())
                .filter(line -> !NO_PROBLEM.matcher(line).find())
                .distinct()
                .toList();
        if (!reasons.isEmpty()) {
            return String.join("; ", reasons);
        }
        return output.lines().filter(line -> !line.isBlank()).collect(Collectors.joining(" "));
    }

    /**
     * {@return what to do about a reason, if that is known}
     *
     * @param reason the step that failed, a colon, and the reason
     */
    static Optional<String> remedy(String reason) {
        return REMEDIES.stream()
                .filter(row -> Pattern.compile(row.words()).matcher(reason).find())
                .map(Remedy::remedy)
                .findFirst();
    }

    /**
     * {@return what the dying hypervisor or kernel gave as the cause}
     *
     * @param lastLines the lines from the first sign of death on, at least one
     */
    static String causeOfDeath(List<String> lastLines) {
        String first = lastLines.getFirst();
        if (first.contains("Kernel panic")) {
            return "dom0: " + first.substring(first.indexOf("Kernel panic"));
        }
        return lastLines.stream()
                .dropWhile(line -> !line.startsWith("Panic on CPU"))
                .takeWhile(line -> !line.startsWith("****") && !line.contains("Reboot in"))
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .reduce((all, line) -> all + " " + line)
                .orElse(first);
    }

    private static Optional<String> firstGroup(Pattern pattern, String line) {
        Matcher matcher = pattern.matcher(line);
        return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    }
}
