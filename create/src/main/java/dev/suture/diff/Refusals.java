package dev.suture.diff;

import dev.suture.Refusal;
import java.util.Set;
import java.util.stream.Collectors;

/** The reasons why a change of an object cannot go live, each with what its author can do. */
final class Refusals {
    private static final String USE_A_HOOK =
            "Leave its contents as they were in the source, and change them at run time from a load hook "
                    + "(LIVEPATCH_LOAD_HOOK) that an unload hook takes back.";

    private Refusals() {}

    static Refusal changedData(String object, Piece original, Piece piece, Difference difference) {
        if (difference.kind() == Difference.Kind.SIZE) {
            return new Refusal(
                    object,
                    piece.name(),
                    "data `%s` was resized (%s): %s; the running system holds it in its old size"
                            .formatted(piece.name(), piece.section().name(), difference.what()),
                    piece.sizeBytes() > original.sizeBytes()
                            ? "Keep its size, and put what is new into a new variable which the changed functions use."
                            : "Keep its size, and leave what is no longer used where it is.");
        }
        return new Refusal(
                object,
                piece.name(),
                "data `%s` changed (%s+0x%x): %s; the running system already uses the old contents"
                        .formatted(
                                piece.name(),
                                piece.section().name(),
                                piece.sectionOffset() + difference.originalOffset(),
                                difference.what()),
                USE_A_HOOK);
    }

    static Refusal sharedConstant(String object, Piece piece, String user) {
        return new Refusal(
                object,
                piece.name(),
                "constant `%s` changed, and %s: the old contents would stay in use there".formatted(piece.name(), user),
                "Give the new contents another name and use that in the functions that need it, or change the running "
                        + "system's copy from a load hook.");
    }

    static Refusal handedOn(String object, Piece constant, String code, String how) {
        return new Refusal(
                object,
                constant.name(),
                "constant `%s` changed, and `%s` %s: who got it there before keeps the old contents if it keeps the address"
                        .formatted(constant.name(), code, how),
                "If nobody keeps it for longer than a call, pass --accept-new-state '%s'; else change the running system's copy from a load hook."
                        .formatted(constant.name()));
    }

    static Refusal labelsInData(String object, Piece data, Piece function) {
        return new Refusal(
                object,
                data.name(),
                "data `%s` holds addresses inside of `%s`, which is replaced: they would lead into the old code"
                        .formatted(data.name(), function.name()),
                "Make `%s` const, so that the payload can bring its own copy.".formatted(data.name()));
    }

    static Refusal movedAndChanged(String object, Piece data, String from) {
        return new Refusal(
                object,
                data.name(),
                "data `%s` moved here from %s and changed; the running system already uses the old contents"
                        .formatted(data.name(), from),
                USE_A_HOOK);
    }

    static Refusal uncertainState(String object, Piece data, Piece user) {
        return new Refusal(
                object,
                data.name(),
                "`%s` uses the static variable `%s`, and nothing tells for certain which one of the running system that is"
                        .formatted(user.name(), data.name()),
                "Leave the line that declares it as it was, give a variable that is new another name, and build with debug "
                        + "information (-g, CONFIG_DEBUG_INFO=y), which does not change the code.");
    }

    static Refusal startsAnew(String object, Piece variable, Piece old, Set<String> users) {
        String name = Names.stem(variable.name());
        String before = Names.stem(old.name());
        return new Refusal(
                object,
                variable.name(),
                "variable `%s` (%d bytes) is new, and %s with it what `%s` (%d bytes) was for, which nothing uses any more: `%s` would start anew, and what the running system has in `%s` would be lost"
                        .formatted(
                                variable.name(),
                                variable.sizeBytes(),
                                users.stream().map("`%s`"::formatted).collect(Collectors.joining(", "))
                                        + (users.size() > 1 ? " do" : " does"),
                                old.name(),
                                old.sizeBytes(),
                                name,
                                before),
                copyingHook(variable, old) + "If it may start anew, pass --accept-new-state '%s'.".formatted(name));
    }

    static Refusal builtIn(String object, Piece variable, Set<String> users) {
        return new Refusal(
                object,
                variable.name(),
                "nothing writes the variable `%s` (%d bytes) any more, so that the compiler leaves it out and builds its first value into the code that reads it (%s did): what the running system has in it would be ignored"
                        .formatted(
                                variable.name(),
                                variable.sizeBytes(),
                                users.stream().map("`%s`"::formatted).collect(Collectors.joining(", "))),
                "Declare `%s` with __attribute__((used)), which keeps it; or if its first value is meant, pass --accept-new-state '%s'."
                        .formatted(variable.name(), variable.name()));
    }

    /** What is declared in a block has no name outside of it, and what all can see may have another type now. */
    private static String copyingHook(Piece variable, Piece old) {
        String from = Names.stem(old.name());
        String to = Names.stem(variable.name());
        boolean canBeNamed = !BlockVariables.isOne(variable) && !BlockVariables.isOne(old);
        if (!canBeNamed || from.equals(to) || old.sizeBytes() != variable.sizeBytes()) {
            return "Keep the variable `%s` where it is, under its name, and use that. ".formatted(from);
        }
        return ("Keep the name `%s`, or copy it once: add to the end of the source, behind #include <suture/hooks.h> (in Xen"
                        + " <xen/livepatch_payload.h>): %s__typeof__(%s) %s __attribute__((used)); static void copy_%s(void) {"
                        + " __builtin_memcpy(&%s, &%s, sizeof(%s)); } LIVEPATCH_LOAD_HOOK(copy_%s); ")
                .formatted(from, old.isGlobal() ? "" : "static ", to, from, from, to, from, to, from);
    }

    static Refusal moved(String object, Piece before, Piece after) {
        return new Refusal(
                object,
                after.name(),
                "`%s` moved from %s (%s) to %s (%s); the running system %s"
                        .formatted(
                                after.name(),
                                before.section().name(),
                                inWords(before.role()),
                                after.section().name(),
                                inWords(after.role()),
                                before.role() == SectionRole.INIT ? "has it no more" : "keeps it where it was"),
                "Leave its section, const and init attributes as they were, or introduce a new variable under another "
                        + "name.");
    }

    static Refusal perCpu(String object, Piece piece) {
        return new Refusal(
                object,
                piece.name(),
                "per-CPU variable `%s` is new; the per-CPU area of the running system has no room for it"
                        .formatted(piece.name()),
                "Use an array indexed by the CPU number (of NR_CPUS entries), or keep the value in an existing "
                        + "per-CPU structure.");
    }

    static Refusal threadLocal(String object, Piece piece) {
        return new Refusal(
                object,
                piece.name(),
                "thread-local variable `%s` is new; the threads that run have no room for it".formatted(piece.name()),
                "Use pthread_getspecific() with a key made in a load hook, or a table indexed by the thread's id, or keep "
                        + "the value in an existing thread-local structure.");
    }

    static Refusal setAtBoot(String object, Piece variable, Piece bootFunction) {
        return new Refusal(
                object,
                variable.name(),
                "variable `%s` is new, and `%s` refers to it, which runs only while the system boots: what it sets there is not set in the payload"
                        .formatted(variable.name(), bootFunction.name()),
                "Set it from a load hook (LIVEPATCH_LOAD_HOOK) of the patch, or give it the right first value and leave "
                        + "the boot code as it was.");
    }

    static Refusal tooSmall(String object, Piece original, int needed) {
        return new Refusal(
                object,
                original.name(),
                "function `%s` is %d bytes long, too small for the jump to its replacement, which needs %d"
                        .formatted(original.name(), original.statedSizeBytes(), needed),
                "Change its callers instead, for example by giving the new version another name and calling that.");
    }

    static Refusal assembly(String object, Piece piece) {
        return new Refusal(
                object,
                piece.name(),
                "assembly in %s changed near `%s`, and no symbol says where its functions begin and end"
                        .formatted(piece.section().name(), piece.name()),
                "Hand-written code without symbol sizes cannot be cut out. Move the change into a C function, or give "
                        + "the code a type and size in the running build first.");
    }

    static Refusal leavesItself(String object, Piece piece, String how) {
        return new Refusal(
                object,
                piece.name(),
                "assembly function `%s` changed, and it %s, so it cannot be moved on its own"
                        .formatted(piece.name(), how),
                "Move the change into a C function, or end the function with a jump to a global symbol.");
    }

    static Refusal namelessData(String object, Piece piece) {
        return new Refusal(
                object,
                piece.name(),
                "data without a name in %s changed, and nothing tells which code uses it"
                        .formatted(piece.section().name()),
                "Give the data a symbol with a type and size, or change it from a load hook.");
    }

    static Refusal entryCode(String object, Piece piece) {
        return new Refusal(
                object,
                piece.name(),
                "`%s` changed, and it is entry code (%s): it may run while a guest's page tables are loaded, in which no payload is mapped"
                        .formatted(piece.name(), piece.section().name()),
                "Move the change into code that runs after the switch to the hypervisor's own page tables, or install "
                        + "the patched hypervisor for the next boot.");
    }

    static Refusal gathered(String object, Piece piece, String whatHappens) {
        return new Refusal(
                object,
                piece.name(),
                "data `%s` %s, and no code of its object uses it: it is an entry of a table (%s) that is put together when the program is linked"
                        .formatted(piece.name(), whatHappens, piece.section().name()),
                "The running system's table stays as it is. Do from a load hook what the entry is for, and undo it from "
                        + "an unload hook.");
    }

    static Refusal earlyTable(String object, Piece function, String section) {
        return new Refusal(
                object,
                function.name(),
                "function `%s` has an entry in %s, which a payload cannot extend".formatted(function.name(), section),
                "Move the change out of the code that the entry covers.");
    }

    private static String inWords(SectionRole role) {
        return switch (role) {
            case CODE -> "code";
            case DATA -> "writable data";
            case READ_ONLY -> "read-only data";
            case PER_CPU -> "per-CPU data";
            case THREAD_LOCAL -> "thread-local data";
            case INIT -> "given back after boot";
            case SPECIAL -> "special";
            case HOOKS -> "hooks";
            case DISCARDED -> "not in the program";
        };
    }
}
