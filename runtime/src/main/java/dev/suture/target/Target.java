package dev.suture.target;

import dev.suture.Refusal;
import dev.suture.payload.Payload;
import java.util.List;

/**
 * Something that payloads are for. What cannot be changed, such as an image in a file, implements only this.
 *
 * <p>A bad file, tool or machine, or a target that is gone, leaves any of the methods as a
 * {@link dev.suture.LivePatchException}.
 */
public interface Target extends AutoCloseable {
    /** {@return the target as the user knows it, such as {@code pid:4711}} */
    String name();

    /** {@return which target it is} */
    Identity identity();

    /** {@return what it is and what it has} */
    Seen see();

    /** {@return the payloads that are applied, lowest first, and behind them those that are not} */
    List<LoadedPayload> payloads();

    /** {@return why the payload would not go onto the target; empty if it would} Never changes the target. */
    List<Refusal> preflight(String name, Payload payload, ApplyOptions options);

    @Override
    void close();
}
