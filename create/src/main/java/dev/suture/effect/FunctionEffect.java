package dev.suture.effect;

/**
 * When the change of one function takes effect.
 *
 * @param function by the name that the target has for it
 * @param object the object file it is from
 * @param moment when
 * @param how who starts it, in words; empty if there is nothing to say
 */
public record FunctionEffect(String function, String object, Moment moment, String how) {
    /** {@return what a reader is told of it} */
    public String text() {
        return how.isEmpty() ? moment.words() : "%s (%s)".formatted(moment.words(), how);
    }
}
