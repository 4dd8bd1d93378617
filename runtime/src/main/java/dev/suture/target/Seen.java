package dev.suture.target;

import java.util.List;

/**
 * What was seen of a target in one look.
 *
 * @param payloads those that are applied, lowest first, and behind them those that are not
 * @param lost names of those that were applied and are no more, because the target closed the file that they change
 */
public record Seen(Identity identity, List<LoadedPayload> payloads, List<String> lost) {
    public Seen {
        payloads = List.copyOf(payloads);
        lost = List.copyOf(lost);
    }
}
