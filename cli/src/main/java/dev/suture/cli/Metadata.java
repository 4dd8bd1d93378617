package dev.suture.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A payload's metadata in answers: each key once, with all that is said of it. */
final class Metadata {
    private Metadata() {}

    /**
     * {@return the values by key, both in the order in which they first come}
     *
     * @param entries {@code key=value}; one without a sign of equality is a key with the value ""
     */
    static Map<String, List<String>> of(List<String> entries) {
        Map<String, List<String>> values = new LinkedHashMap<>();
        for (String entry : entries) {
            int equals = entry.indexOf('=');
            String key = equals < 0 ? entry : entry.substring(0, equals);
            values.computeIfAbsent(key, _ -> new ArrayList<>()).add(equals < 0 ? "" : entry.substring(equals + 1));
        }
        return values;
    }

    /** {@return one line for each value} */
    static List<String> lines(Map<String, List<String>> metadata) {
        return metadata.entrySet().stream()
                .flatMap(entry -> entry.getValue().stream().map(value -> entry.getKey() + "=" + value))
                .toList();
    }
}
