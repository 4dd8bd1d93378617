package dev.suture.target;

import dev.suture.Refusal;
import dev.suture.payload.Payload;
import java.util.List;
import java.util.Optional;

/** A target that runs. */
public interface LiveTarget extends Target {
    /** Brings a payload in: to {@link State#CHECKED}. */
    Outcome upload(String name, Payload payload, ApplyOptions options);

    /** Makes ready to tell what becomes of it when it is changed. */
    Watched watch();

    /** {@return what it is at this moment; empty if it is gone} */
    Optional<Incarnation> incarnation();

    /**
     * {@return whether it has the code with that build id}
     *
     * @param buildId in lower-case hexadecimal digits
     */
    boolean has(String buildId);

    /** {@return what others of its program do that have not what it has, as far as that is seen at this moment} */
    List<Refusal> startedAnew();

    /** {@return whether it is gone} */
    boolean hasEnded();

    /** Brings a payload in with {@link ApplyOptions#DEFAULT}. */
    default Outcome upload(String name, Payload payload) {
        return upload(name, payload, ApplyOptions.DEFAULT);
    }

    /** From {@link State#CHECKED} to {@link State#APPLIED}. */
    Outcome apply(String name, ApplyOptions options);

    /** From {@link State#APPLIED} to {@link State#CHECKED}. */
    Outcome revert(String name, ApplyOptions options);

    /** Reverts all that are applied and applies one, in one stop. */
    Outcome replace(String name, ApplyOptions options);

    /** From {@link State#CHECKED} to {@link State#ABSENT}. */
    Outcome unload(String name, ApplyOptions options);
}
