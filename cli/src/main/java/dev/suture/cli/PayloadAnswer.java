package dev.suture.cli;

import dev.suture.target.LoadedPayload;
import dev.suture.target.State;
import java.util.List;
import java.util.Map;

/** A payload in a target, as {@link LoadedPayload}, with its metadata by key. */
record PayloadAnswer(
        String name,
        State state,
        String buildId,
        String depends,
        List<String> functions,
        List<String> inPlace,
        Map<String, List<String>> metadata) {
    static List<PayloadAnswer> all(List<LoadedPayload> payloads) {
        return payloads.stream()
                .map(payload -> new PayloadAnswer(
                        payload.name(),
                        payload.state(),
                        payload.buildId(),
                        payload.depends(),
                        payload.functions(),
                        payload.inPlace(),
                        Metadata.of(payload.metadata())))
                .toList();
    }
}
