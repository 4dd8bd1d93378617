package dev.suture.effect;

import dev.suture.Refusal;
import dev.suture.effect.FindMoments.Found;
import java.util.List;
import java.util.stream.Collectors;

/** The reasons why a payload would have no effect, or only half of one. */
final class EffectRefusals {
    private static final int NAMES_SHOWN = 5;

    private EffectRefusals() {}

    static String names(List<String> functions) {
        String shown = functions.stream()
                .distinct()
                .limit(NAMES_SHOWN)
                .map("`%s`"::formatted)
                .collect(Collectors.joining(", "));
        long all = functions.stream().distinct().count();
        return all > NAMES_SHOWN ? "%s and %d more".formatted(shown, all - NAMES_SHOWN) : shown;
    }

    static Refusal first(String object, String function, String reason) {
        return new Refusal(
                object,
                function,
                "`%s` changed (%s), and the program is inside of it from its start to its end: the running one goes on in its old code, whatever is replaced around it"
                        .formatted(function, reason),
                "Move the change into a function that `%s` calls again and again. If what it changes matters only when the program starts, pass --accept-effect %s: then `%s` is left out."
                        .formatted(function, AcceptedEffects.RESTART, function));
    }

    static Refusal firstAndAgain(String object, String function, String reason) {
        return new Refusal(
                object,
                function,
                "`%s` changed (%s), and the program is inside of it from its start to its end; that it is called once more elsewhere does not change the call under way"
                        .formatted(function, reason),
                "Move the change into a function that `%s` calls. If the next call of `%s` is what matters, pass --accept-effect %s%s, and load with --policy bytes."
                        .formatted(function, function, AcceptedEffects.NEXT_START_OF, function));
    }

    static Refusal endless(String object, String function, long loopOffset) {
        return new Refusal(
                object,
                function,
                "`%s` never returns (its loop at +0x%x has no way out): a thread that is in it runs the old code for ever, and load would wait for it until the time is over"
                        .formatted(function, loopOffset),
                "Move the change into a function that the loop calls. If it is enough that those who start `%s` from now on get the new one, pass --accept-effect %s%s, and load with --policy bytes."
                        .formatted(function, AcceptedEffects.NEXT_START_OF, function));
    }

    static Refusal onlyAtStart(String object, List<String> functions, Found found, boolean isProgram) {
        return new Refusal(
                object,
                functions.getFirst(),
                "the patch changes only what runs once, when the %s starts (%s; started by %s alone, and in no loop of it): the new code would never run"
                        .formatted(isProgram ? "program" : "hypervisor", names(functions), found.names()),
                "Install the patched %s for the next start, and do from a load hook what must change now. If it is called once more in this run, pass --accept-effect %s."
                        .formatted(isProgram ? "program" : "hypervisor", AcceptedEffects.RESTART));
    }

    static Refusal onlyForProcessors(String object, List<String> functions, Found found) {
        return new Refusal(
                object,
                functions.getFirst(),
                "the patch changes only what runs when a processor starts (%s; reached from %s): on those that run, nothing changes"
                        .formatted(names(functions), found.names()),
                "Do on each processor from a load hook what the new code does (on_each_cpu()). If you will take the processors offline and online again after load, pass --accept-effect %s."
                        .formatted(AcceptedEffects.CPU_ONLINE));
    }

    static Refusal runsOn(String object, String function, String callee) {
        return new Refusal(
                object,
                function,
                "`%s` is left out as accepted and still runs, and it calls `%s`, which is replaced: that the running one fits the new `%s` cannot be shown"
                        .formatted(function, callee, callee),
                "Leave `%s` as it is in this patch, or leave the change of `%s` out of it."
                        .formatted(callee, function));
    }

    static Refusal madeAtStart(String object, String constant, String startFunction, List<String> written) {
        String what = written.isEmpty()
                ? "what it made of it stays"
                : "what it made of it is in %s".formatted(names(written));
        return new Refusal(
                object,
                constant,
                "constant `%s` changed, and `%s` read the old one when everything started: %s, and does not change with it"
                        .formatted(constant, startFunction, what),
                "Set that anew from a load hook, and leave `%s` as it was, with the new contents under another name. If nothing that runs depends on it, pass --accept-effect %s."
                        .formatted(constant, AcceptedEffects.RESTART));
    }

    static Refusal setAtStart(String object, String startFunction, String variable, String user) {
        return new Refusal(
                object,
                startFunction,
                "`%s` changed and runs only at the start, and it sets `%s`, which `%s` uses and is replaced: the new `%s` finds what the old `%s` left"
                        .formatted(startFunction, variable, user, user, startFunction),
                "Set `%s` from a load hook. If the new `%s` is right with what is in it now, pass --accept-effect %s."
                        .formatted(variable, user, AcceptedEffects.RESTART));
    }

    static Refusal lost(String object, String function, String taker, List<String> instead) {
        String now = instead.isEmpty()
                ? "which no longer does so"
                : "which now hands out %s instead".formatted(names(instead));
        return new Refusal(
                object,
                function,
                "`%s` was handed out by its address in `%s`, %s: whoever got it before keeps calling the old `%s`"
                        .formatted(function, taker, now, function),
                "Keep the name: if the new function is called `%s`, it takes the old one's place and all who have its address follow. Or hand out the new one from a load hook once more. If only what is registered from now on matters, pass --accept-effect %s."
                        .formatted(function, AcceptedEffects.NEW_OBJECTS));
    }
}
