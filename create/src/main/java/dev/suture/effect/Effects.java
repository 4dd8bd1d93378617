package dev.suture.effect;

import dev.suture.Refusal;
import java.util.List;
import java.util.Optional;

/**
 * When a payload takes effect.
 *
 * @param functions for each function that is replaced
 * @param refusals why old and new would stay side by side
 * @param never why the new would never run; to be said if nothing else is wrong
 * @param warnings what the author should know
 */
public record Effects(
        List<FunctionEffect> functions, List<Refusal> refusals, Optional<Refusal> never, List<String> warnings) {
    /** Those of no payload. */
    public static final Effects NONE = new Effects(List.of(), List.of(), Optional.empty(), List.of());

    public Effects {
        functions = List.copyOf(functions);
        refusals = List.copyOf(refusals);
        warnings = List.copyOf(warnings);
    }

    /** {@return a sentence for each function, for a reader} */
    public List<String> sentences() {
        return functions.stream()
                .map(effect -> "%s (%s): %s".formatted(effect.function(), effect.object(), effect.text()))
                .toList();
    }

    /** {@return a line for the payload's own description of each function that is not simply new at its next call} */
    public List<String> metadata() {
        return functions.stream()
                .filter(effect ->
                        effect.moment() != Moment.NEXT_CALL || !effect.how().isEmpty())
                .map(effect -> "effect=%s: %s".formatted(effect.function(), effect.text()))
                .toList();
    }
}
